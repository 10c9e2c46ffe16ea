#include "shard.hpp"

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "../workload.hpp"
#include "cluster/etcd/etcd_log.hpp"
#include "cluster/membership.hpp"
#include "cluster/node_access.hpp"

namespace usertags::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

cluster::Id id_of(std::uint8_t number) {
  cluster::Id id{};
  id.front() = number;
  return id;
}

std::string prefix_of(const std::string& name) {
  return "/usertags/" + name + "/0/0/";
}

template <class Condition>
void await(const char* what, Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error(std::string("cluster: ") + what);
    std::this_thread::sleep_for(1ms);
  }
}

}   // namespace

Shard::Shard(std::filesystem::path folder, std::string name, std::uint32_t users)
    : folder_(std::move(folder)), name_(std::move(name)), users_(users) {
  std::filesystem::create_directories(folder_);
  {
    UserTagStore store = must(UserTagStore::open(file(0)));
    load(store, users_);
    must(store.close());
  }
  const auto its_log = log();
  must(cluster::found(file(0), {}, {id_of(1), id_of(2), id_of(100)}, *its_log, 5s));
  for (std::size_t node = 1; node < kNodes; ++node) {
    std::filesystem::copy_file(file(0), file(node));
    cluster::as_new_node(file(node), id_of(static_cast<std::uint8_t>(100 + node)), 1s);
  }
}

std::unique_ptr<cluster::Log> Shard::log() const {
  return cluster::etcd::make_log(must(cluster::etcd::Client::make(etcd_options())), prefix_of(name_));
}

cluster::Node Shard::join(const std::filesystem::path& file, const std::string& name) {
  auto log = cluster::etcd::make_log(must(cluster::etcd::Client::make(etcd_options())), prefix_of(name));
  cluster::Node node =
      must(cluster::NodeAccess::join(file, {.cluster = name, .address = file}, std::move(log)));
  await("a node does not come to show the log", [&] { return node.freshness().as_of.has_value(); });
  return node;
}

std::size_t Shard::newest_entry_bytes() const {
  const auto its_log = log();
  const auto head = must(its_log->read_head(5s));
  return must(its_log->read_entries(head.value().head.entry, 1, 5s)).entries.at(0).bytes.size();
}

cluster::EtcdOptions etcd_options() {
  const char* const endpoints = std::getenv("USERTAGS_ETCD");
  if (endpoints == nullptr)
    throw std::runtime_error("USERTAGS_ETCD is not set: run it by tools/cluster etcd");
  cluster::EtcdOptions options;
  std::istringstream all(endpoints);
  for (std::string one; std::getline(all, one, ',');) options.endpoints.push_back(one);
  return options;
}

std::vector<Write> Patches::next(std::size_t count) {
  std::vector<Write> writes;
  writes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Patch next = patch(number_++, users_);
    writes.emplace_back(
        PatchUser{external_id(next.user), TagBatch().set(next.key, std::move(next.value)), {}});
  }
  return writes;
}

void write(UserTagStore& store, const std::vector<Write>& writes) {
  for (auto& answer : store.apply_each(writes)) must(std::move(answer));
}

void load(UserTagStore& store, std::uint32_t users) {
  constexpr std::size_t kGroup = 4'096;
  std::vector<Write> writes;
  for (std::uint32_t user = 0; user < users; ++user) {
    CreateUser creation{external_id(user), {}, {}};
    for (std::size_t k = 0; k < kKeys.size(); ++k) creation.tags.add(kKeys[k].key, first_value(user, k));
    writes.emplace_back(std::move(creation));
    if (writes.size() < kGroup && user + 1 < users) continue;
    write(store, writes);
    writes.clear();
  }
}

void await_lead(const cluster::Node& node) {
  await("a node does not come to lead", [&] { return node.leading(); });
}

}   // namespace usertags::bench
