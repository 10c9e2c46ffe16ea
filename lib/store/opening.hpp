// How a store comes up: the file, locked, identified and recovered; memory, loaded from it; and what goes on
// from there: a Writer, or a Follower.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include <usertags/options.hpp>

#include "store/memory/memory.hpp"
#include "store/read/follower.hpp"
#include "store/watch/telemetry.hpp"
#include "store/write/writer.hpp"

namespace usertags::store {

// All throw Failure and std::bad_alloc. Memory is empty before; options were checked.

// The file that a host's path names, with links resolved; refused where it is none that a store can be in.
std::filesystem::path resolve(const std::filesystem::path& path, const Options& options);

// A resolved path; none: a store in memory. With an outer log, the file is one that is bound to a cluster, else
// it is not.
std::unique_ptr<Writer> open_for_writing(const std::optional<std::filesystem::path>& file,
                                         const Options& options, Memory& memory, Telemetry& telemetry,
                                         OuterLog* outer_log = nullptr);
std::unique_ptr<Follower> open_read_only(const std::filesystem::path& file, const Options& options,
                                         Memory& memory, Metrics& metrics);

}   // namespace usertags::store
