// What hosts ask of a cluster, over etcd: joining, founding, restoring, and looking at it.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <usertags/cluster/node.hpp>

#include "cluster/etcd/clusters.hpp"
#include "cluster/etcd/etcd_log.hpp"
#include "cluster/membership.hpp"
#include "cluster/node_access.hpp"
#include "cluster/or_throw.hpp"
#include "cluster/snapshotting.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/boundary.hpp"
#include "store/file/store_path.hpp"

namespace usertags::cluster {
namespace {

constexpr Milliseconds kWithin{10'000};   // for each question

// A cluster that was founded, as far as its map.
struct Opened {
  Map map;
  std::unique_ptr<Log> log;
};

std::unique_ptr<etcd::Client> client_of(const NodeOptions& options) {
  return or_throw(etcd::Client::make(options.etcd));
}

[[noreturn]] void fail_unfounded(const NodeOptions& options) {
  model::fail(ErrorCode::not_a_store, "etcd has no cluster of the name " + model::quoted(options.cluster),
              "found it, or see whether this is the etcd, and the name, that it was founded with");
}

Opened open_cluster(const NodeOptions& options) {
  expect_possible(options);
  auto client = client_of(options);
  const auto map = or_throw(etcd::read_map(*client, options.cluster, kWithin));
  if (!map) fail_unfounded(options);
  return {*map, etcd::make_log(std::move(client), etcd::shard_prefix(options.cluster, *map))};
}

SeenHead head_of(const Opened& cluster, const NodeOptions& options) {
  const auto head = or_throw(cluster.log->read_head(kWithin));
  if (!head)
    model::fail(ErrorCode::not_a_store,
                "the founding of the cluster " + model::quoted(options.cluster) + " was interrupted",
                "found it again, from the same file: that goes on");
  return *head;
}

std::filesystem::path resolved(const std::filesystem::path& file, const NodeOptions& options) {
  return store::resolve_store_path(file, options.store.allow_network_file_system).path;
}

std::filesystem::path existing(const std::filesystem::path& file, const NodeOptions& options,
                               const char* remedy) {
  const auto place = store::resolve_store_path(file, options.store.allow_network_file_system);
  store::require_store(place, remedy);
  return place.path;
}

Binding binding_to(const Map& map, const Id& node = {}) noexcept {
  return {.cluster = map.cluster, .incarnation = map.incarnation, .node = node};
}

// --- Joining. ---

void expect_member(const Binding& bound, const Map& map, const NodeOptions& options) {
  if (is_of(bound, binding_to(map))) return;
  const bool is_older = bound.cluster == map.cluster;
  model::fail(ErrorCode::cluster_member,
              std::string("the file is of ") +
                  (is_older ? "an earlier founding of the cluster " : "another cluster than ") +
                  model::quoted(options.cluster),
              is_older ? "restore a file from a snapshot, and join with that; this one may have writes that "
                         "were lost: see what it shows before it goes"
                       : "see whether this is the etcd, and the name, of the file's cluster");
}

// 0 is no bound, and so the largest.
void expect_budget(const Opened& cluster, const Binding& bound, const NodeOptions& options) {
  const auto room = [](std::uint64_t budget) { return budget - 1; };
  const std::uint64_t own = options.store.memory_budget;
  for (const Member& member : or_throw(cluster.log->read_members(kWithin))) {
    if (member.node == bound.node || room(member.memory_budget) <= room(own)) continue;
    const std::string other =
        member.memory_budget == 0 ? "no bound" : std::to_string(member.memory_budget) + " bytes";
    model::fail(ErrorCode::memory_budget_exceeded,
                "Options::memory_budget is " + std::to_string(own) + " bytes, and the node at " +
                    model::quoted(member.address) + " has " + other,
                "give all nodes of a cluster the same: whoever leads judges by its own");
  }
}

}   // namespace

Result<Node> Node::join(const std::filesystem::path& file, const NodeOptions& options) noexcept {
  return store::guarded([&]() -> Result<Node> {
    expect_possible(options);
    const auto path = existing(file, options, "restore it from a snapshot");
    const sqlite::State state = read_state(path, options.store.busy_timeout);
    sqlite::expect_bound(state);
    Opened cluster = open_cluster(options);
    const Binding bound = binding_of(state);
    expect_member(bound, cluster.map, options);
    std::ignore = head_of(cluster, options);
    expect_budget(cluster, bound, options);
    return NodeAccess::join(path, options, std::move(cluster.log));
  });
}

// --- Founding. ---

namespace {

struct Founded {   // as it is in etcd
  std::optional<Map> map;
  std::optional<Head> head;   // none: its founding was interrupted
};

Founded read_founded(etcd::Client& client, const NodeOptions& options) {
  Founded founded{.map = or_throw(etcd::read_map(client, options.cluster, kWithin)), .head = {}};
  if (!founded.map) return founded;
  const auto log = etcd::make_log(client_of(options), etcd::shard_prefix(options.cluster, *founded.map));
  if (const auto head = or_throw(log->read_head(kWithin))) founded.head = head->head;
  return founded;
}

[[noreturn]] void fail_founded(std::string what) {
  model::fail(
      ErrorCode::cluster_member, std::move(what),
      "join it; or, if etcd was lost or put back, found it again, by an operator's word, from the most "
      "advanced file that there is");
}

// The map that the file founds, or goes on founding.
Map map_to_found(const Founded& there, const sqlite::State& state, const NodeOptions& options, bool again) {
  const bool is_bound = state.binding != sqlite::Binding{};
  const Binding bound = binding_of(state);
  const bool is_ours = there.map && is_of(bound, binding_to(*there.map));
  const bool is_done = is_ours && there.head == first_head(state);   // and nobody has led yet
  if (is_done || (is_ours && !there.head)) return *there.map;
  if (there.head && !again)
    fail_founded("the cluster " + model::quoted(options.cluster) + " was founded already");
  if (is_bound && !again) fail_founded("the file belongs to a cluster already");
  if (there.map && !there.head) return *there.map;
  Map map{.incarnation = random_id()};
  map.cluster = there.map ? there.map->cluster : is_bound ? bound.cluster : random_id();
  return map;
}

}   // namespace

// The map comes first, so that whoever repeats it finds which incarnation to go on with; the head is last.
Result<void> found(const std::filesystem::path& file, const NodeOptions& options, bool again) noexcept {
  return store::guarded([&]() -> Result<void> {
    expect_possible(options);
    const auto path = existing(file, options, "found a cluster from the file of a store");
    const auto client = client_of(options);
    const Founded there = read_founded(*client, options);
    const Map map = map_to_found(there, read_state(path, options.store.busy_timeout), options, again);
    if (there.map != map && !or_throw(etcd::put_map(*client, options.cluster, there.map, map, kWithin)))
      fail_founded("somebody else founded the cluster " + model::quoted(options.cluster) + " meanwhile");
    const auto log = etcd::make_log(client_of(options), etcd::shard_prefix(options.cluster, map));
    or_throw(found(path, of_member(options.store), binding_to(map, random_id()), *log, kWithin));
    return etcd::erase_others(*client, options.cluster, map, kWithin);
  });
}

// --- Restoring. ---

Result<void> restore(const std::filesystem::path& file, const NodeOptions& options,
                     SnapshotTransport& transport) noexcept {
  return store::guarded([&]() -> Result<void> {
    const auto path = resolved(file, options);
    if (std::filesystem::exists(path))
      model::fail(ErrorCode::invalid_argument, "there is " + model::quoted_path(path.native()) + " already",
                  "choose another name, or remove that file first");
    const Opened cluster = open_cluster(options);
    return restore_snapshot({.file = path,
                             .binding = binding_to(cluster.map, random_id()),
                             .address = options.address,
                             .memory_budget = options.store.memory_budget,
                             .busy_timeout = options.store.busy_timeout,
                             .within = kWithin},
                            *cluster.log, transport);
  });
}

// --- Looking, and asking. ---

Result<ClusterStatus> cluster_status(const NodeOptions& options) noexcept {
  return store::guarded([&]() -> Result<ClusterStatus> {
    const Opened cluster = open_cluster(options);
    const Head head = head_of(cluster, options).head;
    ClusterStatus status{.term = head.term, .entry = head.entry, .revision = head.revision};
    if (const auto leader = or_throw(cluster.log->read_leader(kWithin))) status.leader = leader->address;
    for (const Member& member : or_throw(cluster.log->read_members(kWithin)))
      status.members.push_back({hex(member.node), member.address, member.synced});
    if (const auto snapshot = or_throw(cluster.log->read_snapshot(kWithin))) {
      status.snapshot_entry = snapshot->entry;
      status.snapshot_place = snapshot->place;
    }
    status.etcd_bytes = or_throw(cluster.log->usage(kWithin)).bytes;
    return status;
  });
}

Result<void> request_resignation(const NodeOptions& options) noexcept {
  return store::guarded([&]() -> Result<void> {
    const Opened cluster = open_cluster(options);
    const auto leader = or_throw(cluster.log->read_leader(kWithin));
    if (leader) std::ignore = or_throw(cluster.log->remove_leader(*leader, kWithin));
    return {};
  });
}

}   // namespace usertags::cluster
