// What hosts ask of a cluster, over etcd: joining, founding, restoring, looking at it, and finding users.
#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/cluster/directory.hpp>
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

using std::chrono::steady_clock;

// A cluster that was founded, as far as its map, and one shard of it.
struct Opened {
  Map map;
  std::unique_ptr<Log> log;
};

std::shared_ptr<etcd::Client> client_of(const NodeOptions& options) {
  return or_throw(etcd::Client::make(options.etcd));
}

std::unique_ptr<Log> log_of(const std::shared_ptr<etcd::Client>& client, const std::string& cluster,
                            const Map& map, std::uint64_t shard) {
  return etcd::make_log(client, etcd::shard_prefix(cluster, map, shard));
}

void expect_shard(std::uint64_t shard, std::uint64_t shards) {
  if (shard >= shards)
    model::fail(ErrorCode::invalid_argument,
                "there is no shard " + std::to_string(shard) + ": the cluster has " + std::to_string(shards),
                "count from 0");
}

[[noreturn]] void fail_unfounded(const NodeOptions& options) {
  model::fail(ErrorCode::not_a_store, "etcd has no cluster of the name " + model::quoted(options.cluster),
              "found it, or see whether this is the etcd, and the name, that it was founded with");
}

Map read_map(etcd::Client& client, const NodeOptions& options) {
  const auto map = or_throw(etcd::read_map(client, options.cluster, kWithin));
  if (!map) fail_unfounded(options);
  return *map;
}

Opened open_cluster(const NodeOptions& options) {
  expect_possible(options);
  const auto client = client_of(options);
  const Map map = read_map(*client, options);
  expect_shard(options.shard, map.shards);
  return {map, log_of(client, options.cluster, map, options.shard)};
}

SeenHead head_of(const Opened& cluster, const NodeOptions& options) {
  const auto head = or_throw(cluster.log->read_head(kWithin));
  if (!head)
    model::fail(ErrorCode::not_a_store,
                "shard " + std::to_string(options.shard) + " of the cluster " +
                    model::quoted(options.cluster) + " is not founded yet, or its founding was interrupted",
                "found it, from the same file: that goes on");
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

void expect_store_of(const SeenHead& head, const sqlite::State& state, const NodeOptions& options) {
  if (head.head.store_id == state.store_id) return;
  model::fail(ErrorCode::cluster_member,
              "the file is of another shard of the cluster " + model::quoted(options.cluster) + " than " +
                  std::to_string(options.shard),
              "set NodeOptions::shard to that of the file");
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
    expect_store_of(head_of(cluster, options), state, options);
    expect_budget(cluster, bound, options);
    return NodeAccess::join(path, options, std::move(cluster.log), {options.shard, cluster.map.shards});
  });
}

// --- Founding. ---

namespace {

struct Founded {   // as it is in etcd
  std::optional<Map> map;
  std::optional<Head> head;   // none: its founding was interrupted
};

Founded read_founded(const std::shared_ptr<etcd::Client>& client, const NodeOptions& options) {
  Founded founded{.map = or_throw(etcd::read_map(*client, options.cluster, kWithin)), .head = {}};
  if (!founded.map) return founded;
  const auto log = log_of(client, options.cluster, *founded.map, options.shard);
  if (const auto head = or_throw(log->read_head(kWithin))) founded.head = head->head;
  return founded;
}

void expect_possible(const Founding& founding, const NodeOptions& options) {
  if (founding.shards == 0 || founding.shards > Founding::kMaxShards)
    model::fail(ErrorCode::invalid_argument, "Founding::shards is " + std::to_string(founding.shards),
                "give 1 to " + std::to_string(Founding::kMaxShards));
  expect_shard(options.shard, founding.shards);
}

void expect_shards(const Map& map, const Founding& founding, const NodeOptions& options) {
  if (map.shards != founding.shards)
    model::fail(ErrorCode::invalid_argument,
                "the cluster " + model::quoted(options.cluster) + " has " + std::to_string(map.shards) +
                    " shards, not " + std::to_string(founding.shards),
                "give that number, which is the same for all; to have another one, found it again, by an "
                "operator's word: that gives up all shards");
}

[[noreturn]] void fail_founded(std::string what) {
  model::fail(
      ErrorCode::cluster_member, std::move(what),
      "join it; or, if etcd was lost or put back, found it again, by an operator's word, from the most "
      "advanced file that there is");
}

// The map that the file founds, or goes on founding.
Map map_to_found(const Founded& there, const sqlite::State& state, const NodeOptions& options,
                 const Founding& founding) {
  const bool is_bound = state.binding != sqlite::Binding{};
  const Binding bound = binding_of(state);
  const bool is_ours = there.map && is_of(bound, binding_to(*there.map));
  const bool is_done = is_ours && there.head == first_head(state);   // and nobody has led yet
  const bool is_begun = there.map && !there.head && (!founding.again || there.map->shards == founding.shards);
  if (is_done || (is_ours && is_begun)) return *there.map;
  if (there.head && !founding.again)
    fail_founded("the cluster " + model::quoted(options.cluster) + " was founded already");
  if (is_bound && !founding.again) fail_founded("the file belongs to a cluster already");
  if (is_begun) return *there.map;
  Map map{.incarnation = random_id(), .shards = founding.shards};
  map.cluster = there.map ? there.map->cluster : is_bound ? bound.cluster : random_id();
  return map;
}

}   // namespace

// The map comes first, so that whoever repeats it finds which incarnation to go on with; the head is last.
Result<void> found(const std::filesystem::path& file, const NodeOptions& options,
                   const Founding& founding) noexcept {
  return store::guarded([&]() -> Result<void> {
    expect_possible(options);
    expect_possible(founding, options);
    const auto path = existing(file, options, "found a cluster from the file of a store");
    const auto client = client_of(options);
    const Founded there = read_founded(client, options);
    const Map map = map_to_found(there, read_state(path, options.store.busy_timeout), options, founding);
    expect_shards(map, founding, options);
    if (there.map != map && !or_throw(etcd::put_map(*client, options.cluster, there.map, map, kWithin)))
      fail_founded("somebody else founded the cluster " + model::quoted(options.cluster) + " meanwhile");
    const auto log = log_of(client, options.cluster, map, options.shard);
    or_throw(found(path, of_member(options.store), binding_to(map, random_id()), *log, kWithin,
                   {options.shard, map.shards}));
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

namespace {

std::optional<std::string> leader_of(Log& log) {
  const auto leader = or_throw(log.read_leader(kWithin));
  return leader ? std::optional(leader->address) : std::nullopt;
}

std::vector<ClusterMember> members_of(Log& log) {
  std::vector<ClusterMember> members;
  for (const Member& member : or_throw(log.read_members(kWithin)))
    members.push_back({hex(member.node), member.address, member.synced});
  return members;
}

}   // namespace

Result<ClusterStatus> cluster_status(const NodeOptions& options) noexcept {
  return store::guarded([&]() -> Result<ClusterStatus> {
    const Opened cluster = open_cluster(options);
    const Head head = head_of(cluster, options).head;
    ClusterStatus status{
        .shards = cluster.map.shards, .term = head.term, .entry = head.entry, .revision = head.revision};
    status.leader = leader_of(*cluster.log);
    status.members = members_of(*cluster.log);
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

// --- Finding users. ---

std::uint64_t shard_of(const UserRef& user, std::uint64_t shards) noexcept {
  return store::shard_of(user, shards);
}

class Directory::Impl {
 public:
  explicit Impl(const NodeOptions& options)
      : options_(options),
        client_(client_of(options)),
        map_(read_map(*client_, options)),
        known_(map_.shards) {}

  std::uint64_t shards() const noexcept { return map_.shards; }

  // Who asks etcd does so under no lock: what was answered last is kept.
  Route route(std::uint64_t shard, Milliseconds max_age) {
    expect_shard(shard, map_.shards);
    const steady_clock::time_point asked_at = steady_clock::now();
    {
      const std::lock_guard lock(mutex_);
      if (known_[shard] && asked_at - known_[shard]->asked_at < max_age) return known_[shard]->route;
    }
    Route route = ask(shard);
    const std::lock_guard lock(mutex_);
    if (!known_[shard] || known_[shard]->asked_at < asked_at) known_[shard] = Known{asked_at, route};
    return route;
  }

 private:
  struct Known {
    steady_clock::time_point asked_at;
    Route route;
  };

  Route ask(std::uint64_t shard) const {
    if (read_map(*client_, options_) != map_)
      model::fail(ErrorCode::cluster_member,
                  "the cluster " + model::quoted(options_.cluster) + " was founded again",
                  "open the directory anew");
    const auto log = log_of(client_, options_.cluster, map_, shard);
    return {.shard = shard, .leader = leader_of(*log), .members = members_of(*log)};
  }

  const NodeOptions options_;
  const std::shared_ptr<etcd::Client> client_;
  const Map map_;
  std::mutex mutex_;
  std::vector<std::optional<Known>> known_;   // by shard
};

Directory::Directory(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Directory::Directory(Directory&& other) noexcept = default;
Directory& Directory::operator=(Directory&& other) noexcept = default;
Directory::~Directory() = default;

Result<Directory> Directory::open(const NodeOptions& options) noexcept {
  return store::guarded([&]() -> Result<Directory> {
    expect_possible(options);
    return Directory(std::make_unique<Impl>(options));
  });
}

std::uint64_t Directory::shards() const noexcept {
  return impl_->shards();
}

Result<Route> Directory::route(const UserRef& user, std::chrono::milliseconds max_age) noexcept {
  return route_of_shard(shard_of(user, shards()), max_age);
}

Result<Route> Directory::route_of_shard(std::uint64_t shard, std::chrono::milliseconds max_age) noexcept {
  return store::guarded([&]() -> Result<Route> { return impl_->route(shard, max_age); });
}

}   // namespace usertags::cluster
