// A host of a cluster, as small as it gets: it founds one in the etcd of USERTAGS_ETCD (HOST:PORT,…), leads it,
// writes, and says what it reads. Its file is made in the folder that it is given.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include <usertags/cluster/node.hpp>

namespace {

namespace cluster = usertags::cluster;

int fail(const usertags::Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}

usertags::Result<void> make_store(const std::filesystem::path& file) {
  auto store = usertags::UserTagStore::open(file);
  if (!store) return std::unexpected(store.error());
  if (auto made = store->create_user("ada", {{"department", "engineering"}}); !made)
    return std::unexpected(made.error());
  return store->close();
}

}   // namespace

int main(int count, char** arguments) {
  const char* endpoints = std::getenv("USERTAGS_ETCD");
  if (count != 2 || endpoints == nullptr) return 2;
  cluster::NodeOptions options{.cluster = "host", .address = "here"};
  std::istringstream list(endpoints);
  for (std::string endpoint; std::getline(list, endpoint, ',');) options.etcd.endpoints.push_back(endpoint);

  const std::filesystem::path file = std::filesystem::path(arguments[1]) / "users.db";
  if (auto made = make_store(file); !made) return fail(made.error());
  if (auto founded = cluster::found(file, options); !founded) return fail(founded.error());
  auto node = cluster::Node::join(file, options);
  if (!node) return fail(node.error());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!node->leading() && std::chrono::steady_clock::now() < until) std::this_thread::yield();

  auto applied = node->store().apply("ada", usertags::TagBatch().set("tier", "gold"));
  if (!applied) return fail(applied.error());
  for (const auto [key, value] : applied->user->tags()) {
    std::printf("%.*s=%.*s\n", static_cast<int>(key.size()), key.data(), static_cast<int>(value.size()),
                value.data());
  }
  auto closed = node->close();
  return closed ? 0 : fail(closed.error());
}
