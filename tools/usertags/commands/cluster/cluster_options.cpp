#include "commands/cluster/cluster_options.hpp"

#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

#include "input/input.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kMaxPassword = 4096;

// The first line of the file: what an editor puts behind it is no part of the password.
std::string read_password(const std::string& path) {
  const std::string text = read_all(path, kMaxPassword);
  return text.substr(0, text.find_first_of("\r\n"));
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = list.find(',');
    if (comma != 0 && !list.empty()) parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

}   // namespace

const std::string& required(const std::optional<std::string>& text, const std::string& option) {
  if (!text) throw UsageError(option + " is required");
  return *text;
}

void ClusterOptions::declare(Arguments& arguments) {
  arguments.option("--cluster", "NAME", cluster_, "The cluster's name in etcd");
  arguments.option("--shard", "I", shard_, "Which shard of the cluster, from 0 (0)");
  arguments.option("--etcd", "HOST:PORT,..", etcd_, "The nodes of etcd; one that answers is enough");
  arguments.option("--etcd-user", "NAME", user_, "Who asks etcd, where its auth is on");
  arguments.option("--etcd-password-file", "FILE", password_file_, "The file with that user's password");
  arguments.option("--etcd-ca", "FILE", ca_, "Speak TLS; who signed etcd's certificates (PEM)");
  arguments.option("--etcd-cert", "FILE", certificate_,
                   "Speak TLS; our certificate, where etcd asks for one (PEM)");
  arguments.option("--etcd-key", "FILE", key_, "Its key (PEM)");
}

cluster::NodeOptions ClusterOptions::get() const {
  cluster::NodeOptions options;
  options.cluster = required(cluster_, "--cluster");
  options.shard = shard_.value_or(0);
  options.etcd.endpoints = split(required(etcd_, "--etcd"));
  options.etcd.user = user_.value_or("");
  if (user_) options.etcd.password = read_password(required(password_file_, "--etcd-password-file"));
  if (!user_ && password_file_) throw UsageError("--etcd-password-file goes with --etcd-user");
  options.etcd.tls = tls();
  return options;
}

std::optional<cluster::EtcdTls> ClusterOptions::tls() const {
  if (certificate_.has_value() != key_.has_value())
    throw UsageError("--etcd-cert and --etcd-key go together");
  if (!ca_ && !certificate_) return {};
  return cluster::EtcdTls{
      .authorities = ca_.value_or(""), .certificate = certificate_.value_or(""), .key = key_.value_or("")};
}

void MemberOptions::declare(Arguments& arguments) {
  cluster_.declare(arguments);
  arguments.option("--address", "TEXT", address_, "Where this node is asked: what others are told of it");
  arguments.option("--lease", "TIME", lease_, "How long a leader may be silent before it is succeeded (2s)");
  arguments.option("--max-log", "BYTES", max_log_bytes_, "How much of etcd the log may take (1 GiB)");
  arguments.option("--etcd-quota", "BYTES", etcd_quota_bytes_, "etcd's own --quota-backend-bytes (2 GiB)");
}

cluster::NodeOptions MemberOptions::get() const {
  cluster::NodeOptions options = cluster_.get();
  options.address = address_.value_or("");
  if (lease_) options.lease = std::chrono::seconds(parse_seconds("--lease", *lease_));
  if (max_log_bytes_) options.max_log_bytes = *max_log_bytes_;
  if (etcd_quota_bytes_) options.etcd_quota_bytes = *etcd_quota_bytes_;
  return options;
}

}   // namespace usertags::command
