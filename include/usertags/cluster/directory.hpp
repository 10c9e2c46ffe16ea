// Directory: where a cluster's users are, for whoever has to ask the right node.
//
//   auto directory = cluster::Directory::open(options);   // of them, `etcd` and `cluster` count
//   if (!directory) return report(directory.error());
//   auto route = directory->route("user_ext_123");
//   if (!route) return report(route.error());
//   if (route->leader) write_at(*route->leader);          // by the host's own transport
//
// Users are in a shard by their slot (slot * shards / 16,384), which an external id gives and an id bears. So a shard
// is known without asking anybody, and does not change as long as there is the cluster. Who leads it does.
//
// Questions to all users are asked to a node of each shard. Counts, and counts of keys and values, add up. Pages are
// merged by id: ids of all shards are in one order, that of creation by the clocks of the leaders. Revisions, positions of
// the feed, cursors and tokens are each shard's own, and a transaction (apply_all) stays within one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <usertags/cluster/node.hpp>
#include <usertags/user_ref.hpp>

namespace usertags::cluster {

// In which of so many shards the user is, or would be. `shards`: 1 to 1,024.
std::uint64_t shard_of(const UserRef& user, std::uint64_t shards) noexcept;

// Who has a shard.
struct Route {
  std::uint64_t shard = 0;
  std::optional<std::string> leader{};    // an address; none: nobody leads now
  std::vector<ClusterMember> members{};   // who can be read, the leader among them
};

class Directory {
 public:
  // Reads the map. Errors: invalid_argument; not_a_store where the cluster was never founded; those of etcd.
  [[nodiscard]] static Result<Directory> open(const NodeOptions& options) noexcept;
  Directory(Directory&& other) noexcept;
  Directory& operator=(Directory&& other) noexcept;
  ~Directory();

  // --- From any thread; none throws. ---

  std::uint64_t shards() const noexcept;

  // Of what was read no longer than `max_age` ago, else etcd is asked. Whoever was answered not_leader, or nothing, asks
  // anew, with 0. Errors: invalid_argument (the shard); cluster_member where the cluster was founded again: open the
  // directory anew; those of etcd.
  [[nodiscard]] Result<Route> route(const UserRef& user,
                                    std::chrono::milliseconds max_age = std::chrono::seconds(1)) noexcept;
  [[nodiscard]] Result<Route> route_of_shard(
      std::uint64_t shard, std::chrono::milliseconds max_age = std::chrono::seconds(1)) noexcept;

 private:
  class Impl;
  explicit Directory(std::unique_ptr<Impl> impl) noexcept;

  std::unique_ptr<Impl> impl_;   // null once moved from: then only destruction and assignment
};

}   // namespace usertags::cluster
