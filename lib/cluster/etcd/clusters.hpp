// What etcd keeps of a cluster beyond its shards: the map (cluster/map.hpp), and which incarnations have keys.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cluster/etcd/client.hpp"
#include "cluster/map.hpp"

namespace usertags::cluster::etcd {

// The keys of a shard stand under this.
std::string shard_prefix(const std::string& cluster, const Map& map, std::uint64_t shard);

// Errors: as Client's; corrupt_store, where the map is somebody else's.
Result<std::optional<Map>> read_map(Client& client, const std::string& cluster, Milliseconds within) noexcept;

// {the map is `before`, or absent} → map; and all keys of `before` go, so that nobody appends there any more. Done again,
// it is done already. False where another map is there.
Result<bool> put_map(Client& client, const std::string& cluster, const std::optional<Map>& before,
                     const Map& map, Milliseconds within) noexcept;

// Removes what is left of other incarnations than the map's.
Result<void> erase_others(Client& client, const std::string& cluster, const Map& map,
                          Milliseconds within) noexcept;

}   // namespace usertags::cluster::etcd
