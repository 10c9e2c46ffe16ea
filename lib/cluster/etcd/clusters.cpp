#include "cluster/etcd/clusters.hpp"

#include "cluster/etcd/errors.hpp"

namespace usertags::cluster::etcd {
namespace {

std::string prefix_of(const std::string& cluster) {
  return "/usertags/" + cluster + "/";
}

// Behind all incarnations, whose names are hexadecimal.
std::string map_key(const std::string& cluster) {
  return prefix_of(cluster) + "map";
}

std::string incarnation_prefix(const std::string& cluster, const Map& map) {
  return prefix_of(cluster) + hex(map.incarnation) + "/";
}

}   // namespace

std::string shard_prefix(const std::string& cluster, const Map& map, std::uint64_t shard) {
  return incarnation_prefix(cluster, map) + std::to_string(shard) + "/";
}

Result<std::optional<Map>> read_map(Client& client, const std::string& cluster,
                                    Milliseconds within) noexcept {
  return guarded([&]() -> Result<std::optional<Map>> {
    const Result<Found> found = client.range({.key = map_key(cluster)}, within);
    if (!found) return std::unexpected(found.error());
    if (found->keys.empty()) return std::nullopt;
    const Result<Map> map = decode_map(found->keys.front().value);
    if (!map) return std::unexpected(map.error());
    return *map;
  });
}

Result<bool> put_map(Client& client, const std::string& cluster, const std::optional<Map>& before,
                     const Map& map, Milliseconds within) noexcept {
  return guarded([&]() -> Result<bool> {
    const std::string key = map_key(cluster);
    Txn txn{.when = {{key, std::int64_t{0}}}, .then = {Put{key, encode(map)}}};
    if (before) {
      txn.when.front().is = encode(*before);
      const std::string keys = incarnation_prefix(cluster, *before);
      txn.then.emplace_back(Erase{keys, end_of_prefix(keys)});
    }
    const Result<TxnAnswer> put = client.repeatable_txn(txn, within);
    if (!put) return std::unexpected(put.error());
    if (put->succeeded) return true;
    const Result<std::optional<Map>> there = read_map(client, cluster, within);
    if (!there) return std::unexpected(there.error());
    return *there == map;
  });
}

Result<void> erase_others(Client& client, const std::string& cluster, const Map& map,
                          Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    const std::string own = incarnation_prefix(cluster, map);
    for (const Erase& erase : {Erase{prefix_of(cluster), own}, Erase{end_of_prefix(own), map_key(cluster)}})
      if (const Result<void> erased = client.erase(erase, within); !erased) return erased;
    return {};
  });
}

}   // namespace usertags::cluster::etcd
