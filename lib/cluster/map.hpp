// Map: what a cluster is made of. It stands in etcd under /usertags/CLUSTER/map, and is fixed when the cluster is
// founded. The keys of its shards stand under /usertags/CLUSTER/INCARNATION/SHARD/ (log.hpp), SHARD a decimal number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/log.hpp"

namespace usertags::cluster {

struct Map {
  std::uint64_t format = kFormat;
  Id cluster{};               // random
  Id incarnation{};           // random: of its last founding
  std::uint64_t shards = 1;   // equal parts of the slots, in their order (store/memory/shard.hpp)
  bool operator==(const Map&) const = default;
};

// As encode() and decode_head() of a Head. More shards than Founding::kMaxShards: corrupt_store.
std::string encode(const Map& map);
Result<Map> decode_map(std::string_view text);

}   // namespace usertags::cluster
