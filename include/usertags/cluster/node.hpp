// Node: one shard of a cluster on one machine: a store that is one of many with the same content. etcd keeps the log;
// one node leads, and writes; the others follow, and are read (docs/cluster.md).
//
//   using namespace usertags;
//   cluster::NodeOptions options{.cluster = "accounts", .address = "10.0.0.1:4000"};
//   options.etcd.endpoints = {"10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"};
//   auto node = cluster::Node::join("users.db", options);
//   if (!node) return report(node.error());
//   auto applied = node->store().apply("user_ext_123", batch);   // elsewhere: not_leader
//   auto seen = node->read_latest(std::chrono::seconds(1));      // what was acknowledged anywhere is seen from here on
//
// A cluster is made once, of a file (found()); the file of each other node is a snapshot of the shard (restore()).
//
// A store that is too large for one machine, or has too many writes for one leader, is a cluster of several shards: each
// has the users of a part, a leader, and nodes of its own, and Directory (directory.hpp) knows where a user is.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <usertags/cluster/etcd_options.hpp>
#include <usertags/cluster/snapshots.hpp>
#include <usertags/user_tag_store.hpp>

namespace usertags::cluster {

// How a machine takes part. `store` is as for UserTagStore::open(), but that commits are relaxed, because the log is
// what survives power loss, and that neither a new file nor settings are made.
struct NodeOptions {
  EtcdOptions etcd{};
  std::string cluster{};     // its name in etcd: 1 to 64 of a-z, 0-9, '-' and '_'
  std::uint64_t shard = 0;   // of the cluster: whose users the file has. From 0
  std::string address{};     // for other hosts: where this one is asked. Up to 1,024 bytes of UTF-8
  std::chrono::milliseconds lease{2'000};            // how long a leader may be silent before it is succeeded
  std::chrono::milliseconds answer_within{10'000};   // what is not known by then is outcome_unknown
  // The log is trimmed behind snapshots. Where etcd has so many bytes in use, nodes that lag are not waited for any
  // more: they join anew. Where what goes would not be on two disks, writes are disk_full instead.
  std::uint64_t max_log_bytes = std::uint64_t{1} << 30;
  // etcd's --quota-backend-bytes. Above 60 % of it `store.log` is told; above 80 % writes are disk_full.
  std::uint64_t etcd_quota_bytes = std::uint64_t{2} << 30;
  Options store{};
};

// How old what a node shows may be: all that was acknowledged anywhere before `as_of` is there.
struct Freshness {
  std::optional<std::chrono::steady_clock::time_point> as_of{};   // none: it has not seen the log yet
};

enum class Role : std::uint8_t {
  following,
  leading,
  stopped,   // for good: NodeStatus::failure says why. Memory is read all the same
};

// What one node knows, without asking anybody.
struct NodeStatus {
  Role role = Role::following;
  std::string node{};                    // 32 hexadecimal digits: the file's place in the cluster
  std::uint64_t term = 0;                // the newest that was seen
  std::uint64_t entry = 0;               // of the log, that memory shows
  std::uint64_t synced_entry = 0;        // that the file has on its disk
  std::uint64_t revision = 0;            // the store's
  std::optional<std::string> leader{};   // the address of who leads; none: nobody does, as far as is known
  Freshness freshness{};
  std::uint64_t etcd_bytes = 0;     // what its quota is held against, as last seen by a leader
  std::optional<Error> failure{};   // of `stopped`
};

class Node {
 public:
  // Opens a file that is bound to the cluster, and takes part. Errors: those of opening a store for writing;
  // invalid_argument for options that cannot be, and for a file of no cluster; cluster_member for a file of another
  // cluster, of another shard, or of a founding before the last one; not_a_store where the shard was never founded;
  // memory_budget_exceeded where another member's bound is larger; and those of etcd: io_error, timeout,
  // permission_denied.
  [[nodiscard]] static Result<Node> join(const std::filesystem::path& file,
                                         const NodeOptions& options) noexcept;
  Node(Node&& other) noexcept;
  Node& operator=(Node&& other) noexcept;
  ~Node();   // without a hand-over: others wait for the end of its lease

  // --- From any thread; none throws. ---

  // The whole API. Writes elsewhere than on the leader are answered with not_leader, whose message has its address; what
  // names a user of another shard with wrong_shard. A transaction stays within a shard. It lives as long as the node.
  UserTagStore& store() noexcept;

  bool leading() const noexcept;
  std::uint64_t term() const noexcept;
  Freshness freshness() const noexcept;
  [[nodiscard]] Result<NodeStatus> status() const noexcept;   // error: out_of_memory
  // OpenMetrics text of status(), without an end: store().metrics_text() follows it.
  [[nodiscard]] Result<std::string> metrics_text() const noexcept;

  // What this node shows from here on holds all that was acknowledged, anywhere, before the call. Answers the
  // revision. Errors: timeout, io_error, store_closed.
  [[nodiscard]] Result<std::uint64_t> read_latest(std::chrono::milliseconds timeout) noexcept;

  // A planned hand-over: ends the group under way, and lets another lead. Nothing where it does not.
  [[nodiscard]] Result<void> resign() noexcept;

  // Copies the file to the transport, and has the cluster know of it: others join from it, and the log may be trimmed
  // up to it. Best on a follower. The copy before it is removed. Answers the entry. Errors: those of backup(), of the
  // transport, and of etcd.
  [[nodiscard]] Result<std::uint64_t> make_snapshot(SnapshotTransport& transport) noexcept;

  // Resigns, ends the thread, closes the store. Once; later calls do nothing.
  [[nodiscard]] Result<void> close() noexcept;

 private:
  friend struct NodeAccess;
  class Impl;
  explicit Node(std::unique_ptr<Impl> impl) noexcept;

  std::unique_ptr<Impl> impl_;   // null once moved from: then only destruction and assignment
};

// How a cluster is made.
struct Founding {
  static constexpr std::uint64_t kMaxShards = 1'024;

  // How many parts its users are in, by their slots (semantics.md, "Things"): 1 to kMaxShards. It is the same as long as
  // there is a cluster. Each is founded by itself, of a file with its users alone: NodeOptions::shard.
  std::uint64_t shards = 1;
  // An operator's word, after etcd was lost or put back: the file is the most advanced one that there is, and a cluster of
  // this name that is there, or a binding that the file has, is given up. Other files of it have to be restored from
  // snapshots, and its other shards to be founded again, too.
  bool again = false;
};

// Makes the file, of a store that nobody has open, the first of a shard, and the shard's log of what it holds, in an
// epoch of its own. Repeating it goes on where it was interrupted. Errors: cluster_member, where the shard, or the
// file's, was founded already, and `again` is not said; wrong_shard where the file has users of another one;
// invalid_argument for a number of shards that is not the cluster's; timeout: found it again; those of opening for
// writing, and of etcd.
[[nodiscard]] Result<void> found(const std::filesystem::path& file, const NodeOptions& options,
                                 const Founding& founding = {}) noexcept;

// Makes a file of the newest snapshot, for a new node, at a path where nothing is. For a minute the log is kept for
// it: join() it. Errors: not_a_store where there is no snapshot; invalid_argument where something is; corrupt_store
// where the transport has another file; those of the transport, and of etcd.
[[nodiscard]] Result<void> restore(const std::filesystem::path& file, const NodeOptions& options,
                                   SnapshotTransport& transport) noexcept;

// What etcd tells of a shard.
struct ClusterMember {
  std::string node{};   // 32 hexadecimal digits
  std::string address{};
  std::uint64_t synced_entry = 0;
};
struct ClusterStatus {
  std::uint64_t shards = 1;   // of the cluster
  std::uint64_t term = 0;
  std::uint64_t entry = 0;
  std::uint64_t revision = 0;
  std::optional<std::string> leader{};    // an address
  std::vector<ClusterMember> members{};   // who is there
  std::optional<std::uint64_t> snapshot_entry{};
  std::string snapshot_place{};
  std::uint64_t etcd_bytes = 0;   // what its quota is held against
};
[[nodiscard]] Result<ClusterStatus> cluster_status(const NodeOptions& options) noexcept;

// Asks whoever leads to hand over: it sees that `leader` is gone from etcd, and resigns. Errors: those of etcd.
[[nodiscard]] Result<void> request_resignation(const NodeOptions& options) noexcept;

}   // namespace usertags::cluster
