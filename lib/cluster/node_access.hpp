// NodeAccess: a node over any log, for what stands above: etcd's, and tests.
#pragma once

#include <filesystem>
#include <memory>

#include <usertags/cluster/node.hpp>

#include "cluster/log.hpp"
#include "store/memory/shard.hpp"

namespace usertags::cluster {

struct NodeAccess {
  // Errors: those of opening a store for writing; invalid_argument for options that cannot be, and for a file of no
  // cluster. What is wrong with the log is told by NodeStatus::failure.
  static Result<Node> join(const std::filesystem::path& file, const NodeOptions& options,
                           std::unique_ptr<Log> log, const store::Shard& shard = {}) noexcept;
};

// Throws Failure (invalid_argument).
void expect_possible(const NodeOptions& options);

// As a node opens its file: what the options of the store are in a cluster.
Options of_member(Options options);

Id random_id();   // throws Failure (io_error)

}   // namespace usertags::cluster
