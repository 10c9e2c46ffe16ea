#include "cluster/trimming.hpp"

#include <algorithm>

namespace usertags::cluster {

std::uint64_t trim_bound(std::span<const Member> members, const Snapshot& snapshot, bool over_cap) {
  std::uint64_t most = 0;     // synced by one member …
  std::uint64_t second = 0;   // … and by two
  std::uint64_t least = snapshot.entry;
  for (const Member& member : members) {
    second = std::max(second, std::min(most, member.synced));
    most = std::max(most, member.synced);
    least = std::min(least, member.synced);
  }
  const std::uint64_t on_two_disks = snapshot.remote ? std::max(most, second) : second;
  const std::uint64_t safe = std::min(snapshot.entry, on_two_disks);
  return over_cap ? safe : std::min(safe, least);
}

}   // namespace usertags::cluster
