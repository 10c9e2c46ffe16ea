// How a shard's file gets from one node to another:
//
//   a node's store ── backup ──▶ transport, under a name ──▶ the log names it      make_snapshot()
//   the log's name ── fetch ──▶ proved ──▶ a file of a node of its own              restore_snapshot()
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <usertags/cluster/snapshots.hpp>
#include <usertags/user_tag_store.hpp>

#include "cluster/log.hpp"
#include "cluster/membership.hpp"

namespace usertags::cluster {

struct SnapshotSource {
  std::filesystem::path file;   // of the store
  std::string cluster;          // its name
  Milliseconds within;          // for each question to the log
};
// As Node::make_snapshot(). One at a time of a node. Throws Failure, std::bad_alloc.
Result<std::uint64_t> make_snapshot(const UserTagStore& store, const SnapshotSource& source, Log& log,
                                    SnapshotTransport& transport);

struct SnapshotTarget {
  std::filesystem::path file;   // resolved; nothing is there
  Binding binding;              // of the node that it becomes
  std::string address;
  std::uint64_t memory_budget = 0;
  Milliseconds busy_timeout;
  Milliseconds within;   // for each question to the log
};
// Keeps a place for the node, and the log with it, for a minute; then fetches. Throws Failure, std::bad_alloc.
Result<void> restore_snapshot(const SnapshotTarget& target, Log& log, SnapshotTransport& transport);

}   // namespace usertags::cluster
