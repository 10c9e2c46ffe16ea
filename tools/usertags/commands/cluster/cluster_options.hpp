// ClusterOptions: which cluster is meant, and how its etcd is reached. Every command of clusters takes them.
//
// MemberOptions: besides, how a node takes part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <usertags/cluster/node.hpp>

#include "input/arguments.hpp"

namespace usertags::command {

class ClusterOptions {
 public:
  void declare(Arguments& arguments);

  // Throws UsageError; std::system_error where the password's file cannot be read.
  cluster::NodeOptions get() const;

 private:
  std::optional<cluster::EtcdTls> tls() const;

  std::optional<std::string> etcd_;
  std::optional<std::string> cluster_;
  std::optional<std::uint64_t> shard_;
  std::optional<std::string> user_;
  std::optional<std::string> password_file_;
  std::optional<std::string> ca_;
  std::optional<std::string> certificate_;
  std::optional<std::string> key_;
};

class MemberOptions {
 public:
  void declare(Arguments& arguments);

  // Throws as ClusterOptions::get().
  cluster::NodeOptions get() const;

 private:
  ClusterOptions cluster_;
  std::optional<std::string> address_;
  std::optional<std::string> lease_;
  std::optional<std::uint64_t> max_log_bytes_;
  std::optional<std::uint64_t> etcd_quota_bytes_;
};

// The option's text. Throws UsageError where it was not given.
const std::string& required(const std::optional<std::string>& text, const std::string& option);

}   // namespace usertags::command
