// Shard: one shard on three machines, all of which are this one: files, and nodes over the etcd that runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <usertags/cluster/node.hpp>
#include <usertags/user_tag_store.hpp>

#include "../compare/must.hpp"
#include "cluster/etcd/client.hpp"
#include "cluster/log.hpp"

namespace usertags::bench {

class Shard {
 public:
  static constexpr std::size_t kNodes = 3;

  // Loads so many users, founds a cluster of that name, and makes a file for each node. The folder is made.
  Shard(std::filesystem::path folder, std::string name, std::uint32_t users);

  std::filesystem::path file(std::size_t node) const {
    return folder_ / ("node" + std::to_string(node) + ".db");
  }
  std::uint32_t users() const { return users_; }

  // Answers when it shows the head: as followers do, and leaders.
  cluster::Node join(std::size_t node) const { return join(file(node), name_); }
  static cluster::Node join(const std::filesystem::path& file, const std::string& name);

  // What the newest entry comes to in the log.
  std::size_t newest_entry_bytes() const;

 private:
  std::unique_ptr<cluster::Log> log() const;

  const std::filesystem::path folder_;
  const std::string name_;
  const std::uint32_t users_;
};

// The endpoints in USERTAGS_ETCD, where `tools/cluster etcd` has put them.
cluster::EtcdOptions etcd_options();

// Groups of patches, each another one's.
class Patches {
 public:
  explicit Patches(std::uint32_t users) : users_(users) {}
  std::vector<Write> next(std::size_t count);

 private:
  const std::uint32_t users_;
  std::uint64_t number_ = 0;
};

// All of them are applied.
void write(UserTagStore& store, const std::vector<Write>& writes);

// The users of the workload, as they are before any patch.
void load(UserTagStore& store, std::uint32_t users);

void await_lead(const cluster::Node& node);

}   // namespace usertags::bench
