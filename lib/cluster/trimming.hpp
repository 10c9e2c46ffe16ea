// How far the log may be trimmed.
#pragma once

#include <cstdint>
#include <span>

#include "cluster/log.hpp"

namespace usertags::cluster {

// The newest entry that may go; 0: none may. What goes is in the snapshot, from which others join; and it is on two
// disks: synced by two members, or by one, and in a snapshot that its transport calls remote. Nobody who is
// registered is left behind, unless `over_cap`: the log has then come to the host's bound, and who lags joins anew.
std::uint64_t trim_bound(std::span<const Member> members, const Snapshot& snapshot, bool over_cap);

}   // namespace usertags::cluster
