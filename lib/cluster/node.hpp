// Node: one shard on one machine: its store, its replica, and the thread that steps it.
//
//   auto node = Node::join("users.db", {.address = "10.0.0.1:4000"}, std::move(log));
//   if (!node) return report(node.error());
//   auto applied = node->store().apply("user_ext_123", batch);   // elsewhere: not_leader
//   auto seen = node->read_latest(std::chrono::seconds(1));      // what was acknowledged anywhere is seen from here on
//
// What hosts will have, over etcd; a log is given to it here. Every method but move and destruction may be called
// from any thread, and none throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <usertags/user_tag_store.hpp>

#include "cluster/log.hpp"

namespace usertags::cluster {

// How a machine takes part. `store` is as for UserTagStore::open(), but that commits are relaxed, because the log is
// what survives power loss, and that neither a new file nor settings are made.
struct NodeOptions {
  std::string address{};                    // for other hosts: where this one is asked
  std::chrono::milliseconds lease{2'000};   // how long a leader may be silent before it is succeeded
  std::chrono::milliseconds answer_within{
      10'000};   // a write whose outcome is not known by then is outcome_unknown
  Options store{};
};

// How old what a node shows may be: all that was acknowledged anywhere before `as_of` is there.
struct Freshness {
  std::optional<std::chrono::steady_clock::time_point> as_of{};   // none: it has not seen the log yet
};

class Node {
 public:
  // Opens a file that is bound to a cluster, and takes part. Errors: those of opening a store for writing;
  // invalid_argument for a file of no cluster. What is wrong with the log is told by failure().
  static Result<Node> join(const std::filesystem::path& file, const NodeOptions& options,
                           std::unique_ptr<Log> log) noexcept;
  Node(Node&& other) noexcept;
  Node& operator=(Node&& other) noexcept;
  ~Node();   // without a hand-over: others wait for the end of its lease

  // The whole API. Writes elsewhere than on the leader are answered with not_leader, whose message has its address. It
  // lives as long as the node.
  UserTagStore& store() noexcept;

  bool leading() const noexcept;
  std::uint64_t term() const noexcept;             // the newest that was seen
  std::optional<Leader> leader() const noexcept;   // who leads, as far as is known
  Freshness freshness() const noexcept;
  // Why it takes no part any more, if so: memory is read all the same. Join again, with what the error says.
  std::optional<Error> failure() const noexcept;

  // What this node shows from here on holds all that was acknowledged, anywhere, before the call. Answers the
  // revision. Errors: timeout, io_error, store_closed.
  [[nodiscard]] Result<std::uint64_t> read_latest(std::chrono::milliseconds timeout) noexcept;

  // A planned hand-over: ends the group under way, and lets another lead. Nothing where it does not.
  [[nodiscard]] Result<void> resign() noexcept;

  // Resigns, ends the thread, closes the store. Once; later calls do nothing.
  [[nodiscard]] Result<void> close() noexcept;

 private:
  class Impl;
  explicit Node(std::unique_ptr<Impl> impl) noexcept;

  std::unique_ptr<Impl> impl_;   // null once moved from: then only destruction and assignment
};

}   // namespace usertags::cluster
