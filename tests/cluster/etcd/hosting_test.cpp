// Nodes over real etcds, as hosts have them: the public headers, and what goes wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <source_location>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/cluster/directory.hpp>
#include <usertags/cluster/node.hpp>

#include "cluster/etcd/clusters.hpp"
#include "cluster/etcd/etcd_nodes.hpp"
#include "support/answers.hpp"
#include "support/file_size_limit.hpp"
#include "support/temp_dir.hpp"

namespace usertags::cluster {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::EtcdNodes;
using test::must;

constexpr Milliseconds kLong{20'000};

class Hosting : public testing::Test {
 protected:
  static void SetUpTestSuite() { nodes_ = std::make_unique<EtcdNodes>(); }
  static void TearDownTestSuite() { nodes_.reset(); }

  void SetUp() override {
    options_.etcd = nodes_->options();
    options_.cluster = "c" + std::to_string(++clusters_);
    options_.lease = 1s;
    transport_ = must(folder_transport(folder_.path(), true));
    client_ = etcd::Client::make(options_.etcd).value();
    make_store("a.db");
  }

  std::filesystem::path file(std::string_view name) const { return folder_ / name; }
  void make_store(std::string_view name) const {
    UserTagStore store = must(UserTagStore::open(file(name)));
    must(store.create_user("base", {{"tier", "gold"}}));
    must(store.close());
  }
  NodeOptions at(const std::string& address) const {
    NodeOptions options = options_;
    options.address = address;
    return options;
  }
  Node join(std::string_view name) const { return must(Node::join(file(name), at(std::string(name)))); }
  Node join_as_leader(std::string_view name) const {
    Node node = join(name);
    await([&] { return node.leading(); });
    return node;
  }
  static void await(const auto& condition,
                    const std::source_location& where = std::source_location::current()) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until)
        throw std::runtime_error("what line " + std::to_string(where.line()) + " waits for does not come");
      std::this_thread::yield();
    }
  }
  static ErrorCode why_stopped(const Node& node) {
    await([&] { return must(node.status()).failure.has_value(); });
    EXPECT_EQ(must(node.status()).role, Role::stopped);
    return must(node.status()).failure->code();
  }
  // A file of a second node.
  void copy_by_snapshot(Node& from, std::string_view name) const {
    must(from.make_snapshot(*transport_));
    must(restore(file(name), at(std::string(name)), *transport_));
  }
  Map map() const { return etcd::read_map(*client_, options_.cluster, kLong).value().value(); }
  std::string shard_keys(const Map& map) const { return etcd::shard_prefix(options_.cluster, map, 0); }
  std::string shard_keys() const { return shard_keys(map()); }
  void put(const std::string& key, const std::string& value) const {
    ASSERT_TRUE(client_->repeatable_txn({.when = {}, .then = {etcd::Put{key, value}}}, kLong));
  }

  static inline std::unique_ptr<EtcdNodes> nodes_;
  static inline int clusters_ = 0;
  const test::TempDir folder_{test::memory_folder()};
  NodeOptions options_;
  std::shared_ptr<SnapshotTransport> transport_;
  std::unique_ptr<etcd::Client> client_;
};

// --- A life. ---

TEST_F(Hosting, OneIsFoundedTheOtherRestoredAndTheLeadHandedOver) {
  must(found(file("a.db"), options_));
  Node first = join_as_leader("a.db");
  must(first.store().apply("base", TagBatch().set("tier", "silver"), {.token = "t"}));
  copy_by_snapshot(first, "b.db");
  Node second = join("b.db");
  must(first.store().create_user("ada"));
  EXPECT_EQ(must(second.read_latest(kLong)), first.store().revision());
  EXPECT_TRUE(second.store().find("ada"));
  const auto refused = second.store().create_user("bob");
  ASSERT_EQ(code_of(refused), ErrorCode::not_leader);

  must(request_resignation(options_));
  await([&] { return second.leading(); });
  EXPECT_TRUE(must(second.store().apply("base", TagBatch().set("tier", "silver"), {.token = "t"})).replayed);
  await([&] { return must(first.status()).leader == "b.db"; });
  const auto elsewhere = first.store().create_user("bob");
  ASSERT_EQ(code_of(elsewhere), ErrorCode::not_leader);
  EXPECT_NE(elsewhere.error().message().find("b.db"), std::string::npos);

  await([&] { return must(cluster_status(options_)).members.size() == 2; });
  const ClusterStatus status = must(cluster_status(options_));
  EXPECT_EQ(status.term, 2U);
  EXPECT_EQ(status.leader, "b.db");
  EXPECT_EQ(status.revision, second.store().revision());
  EXPECT_TRUE(status.snapshot_entry);
  EXPECT_GT(status.etcd_bytes, 0U);

  const std::string digest = must(second.store().verify()).digest;
  must(second.close());
  EXPECT_EQ(must(cluster_status(options_)).members.size(), 1U) << "who closes leaves no place behind";
  await([&] { return first.leading(); });
  EXPECT_EQ(must(first.store().verify()).digest, digest);
  must(first.close());
}

TEST_F(Hosting, ANodeTellsOfItselfInOpenMetrics) {
  must(found(file("a.db"), options_));
  Node node = join_as_leader("a.db");
  await([&] { return must(node.status()).etcd_bytes > 0; });
  std::ofstream(file("metrics")) << must(node.metrics_text()) << must(node.store().metrics_text());
  const std::string command =
      USERTAGS_READ_OPENMETRICS " <" + file("metrics").string() + " >" + file("read").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::stringstream read;
  read << std::ifstream(file("read")).rdbuf();
  EXPECT_NE(read.str().find("usertags_cluster_leading 1\n"), std::string::npos);
  EXPECT_NE(read.str().find("usertags_cluster_term 1\n"), std::string::npos);
  EXPECT_NE(read.str().find("TYPE usertags_cluster_age_seconds gauge seconds\n"), std::string::npos);
  EXPECT_NE(read.str().find("usertags_users 1\n"), std::string::npos);
}

TEST_F(Hosting, TheCopyBeforeIsRemoved) {
  must(found(file("a.db"), options_));
  Node node = join_as_leader("a.db");
  must(node.make_snapshot(*transport_));
  const std::string before = must(cluster_status(options_)).snapshot_place;
  must(node.store().create_user("ada"));
  const std::uint64_t entry = must(node.make_snapshot(*transport_));
  EXPECT_EQ(entry, must(node.status()).entry);
  EXPECT_FALSE(std::filesystem::exists(file(before)));
  EXPECT_TRUE(std::filesystem::exists(file(must(cluster_status(options_)).snapshot_place)));
  // One that is no further is not named, and not kept.
  must(node.make_snapshot(*transport_));
  std::size_t copies = 0;
  for (const auto& each : std::filesystem::directory_iterator(folder_.path()))
    copies += each.path().filename().string().starts_with(options_.cluster + "-") ? 1U : 0U;
  EXPECT_EQ(copies, 1U);
}

TEST_F(Hosting, APlaceIsKeptForWhoIsToCome) {
  must(found(file("a.db"), options_));
  Node first = join_as_leader("a.db");
  copy_by_snapshot(first, "b.db");
  const ClusterStatus status = must(cluster_status(options_));
  ASSERT_EQ(status.members.size(), 2U);
  const ClusterMember& kept = status.members[status.members[0].address == "b.db" ? 0 : 1];
  EXPECT_EQ(kept.address, "b.db");
  EXPECT_EQ(kept.synced_entry, 0U);
  Node second = join("b.db");
  await([&] { return must(second.status()).synced_entry > 0; });
  EXPECT_EQ(must(second.status()).node, kept.node);
}

// --- Founding. ---

TEST_F(Hosting, FoundingIsRepeatedUntilItIsDone) {
  // As one that was interrupted behind its map.
  const Map map{.cluster = Id{1}, .incarnation = Id{2}};
  ASSERT_TRUE(etcd::put_map(*client_, options_.cluster, std::nullopt, map, kLong).value());
  must(found(file("a.db"), options_));
  EXPECT_EQ(this->map(), map);
  must(found(file("a.db"), options_));
  Node node = join_as_leader("a.db");
  must(node.close());
  EXPECT_EQ(code_of(found(file("a.db"), options_)), ErrorCode::cluster_member);
  make_store("b.db");
  EXPECT_EQ(code_of(found(file("b.db"), options_)), ErrorCode::cluster_member);
}

TEST_F(Hosting, AnInterruptedFoundingIsNotJoined) {
  must(found(file("a.db"), options_));
  ASSERT_TRUE(client_->erase({shard_keys() + "head"}, kLong));
  EXPECT_EQ(code_of(Node::join(file("a.db"), at("a"))), ErrorCode::not_a_store);
  must(found(file("a.db"), options_));
  join_as_leader("a.db");
}

TEST_F(Hosting, FoundingAgainGivesUpWhatWasThere) {
  must(found(file("a.db"), options_));
  Node old = join_as_leader("a.db");
  copy_by_snapshot(old, "b.db");
  must(restore(file("c.db"), at("c"), *transport_));
  const Map before = map();

  must(found(file("b.db"), options_, {.again = true}));
  EXPECT_EQ(why_stopped(old), ErrorCode::cluster_member);
  EXPECT_FALSE(old.store().create_user("lost"));
  EXPECT_EQ(map().cluster, before.cluster);
  EXPECT_NE(map().incarnation, before.incarnation);
  EXPECT_TRUE(
      client_->range({.key = shard_keys(before), .end = etcd::end_of_prefix(shard_keys(before))}, kLong)
          .value()
          .keys.empty());
  join_as_leader("b.db");
  const auto of_old = Node::join(file("c.db"), at("c"));
  ASSERT_EQ(code_of(of_old), ErrorCode::cluster_member);
  EXPECT_NE(of_old.error().message().find("earlier founding"), std::string::npos);
}

TEST_F(Hosting, AfterEtcdWasLostAnOperatorsWordIsNeeded) {
  must(found(file("a.db"), options_));
  {
    Node node = join_as_leader("a.db");
    must(node.store().create_user("kept"));
    must(node.close());
  }
  const std::string all = "/usertags/" + options_.cluster + "/";
  ASSERT_TRUE(client_->erase({all, etcd::end_of_prefix(all)}, kLong));
  EXPECT_EQ(code_of(Node::join(file("a.db"), at("a"))), ErrorCode::not_a_store);
  EXPECT_EQ(code_of(found(file("a.db"), options_)), ErrorCode::cluster_member);
  must(found(file("a.db"), options_, {.again = true}));
  EXPECT_TRUE(join_as_leader("a.db").store().find("kept"));
}

// --- Shards. ---

class Shards : public Hosting {
 protected:
  static constexpr std::uint64_t kShards = 3;

  void SetUp() override {
    Hosting::SetUp();
    for (std::uint64_t i = 0; i < kShards; ++i) {
      must(must(UserTagStore::open(file(name_of(i)))).close());
      must(found(file(name_of(i)), of(i), {.shards = kShards}));
    }
  }

  static std::string name_of(std::uint64_t shard) { return "shard" + std::to_string(shard) + ".db"; }
  NodeOptions of(std::uint64_t shard) const {
    NodeOptions options = at(name_of(shard));
    options.shard = shard;
    return options;
  }
  Node lead(std::uint64_t shard) const {
    Node node = must(Node::join(file(name_of(shard)), of(shard)));
    await([&] { return node.leading(); });
    return node;
  }
  // The first of many names that is of the shard.
  static std::string user_of(std::uint64_t shard) {
    for (int i = 0;; ++i)
      if (std::string user = "user" + std::to_string(i); shard_of(user, kShards) == shard) return user;
  }
};

TEST_F(Shards, EachUserIsWhereTheDirectorySays) {
  std::vector<Node> nodes;
  for (std::uint64_t i = 0; i < kShards; ++i) nodes.push_back(lead(i));
  Directory directory = must(Directory::open(options_));
  ASSERT_EQ(directory.shards(), kShards);
  for (int i = 0; i < 60; ++i) {
    const std::string user = "user" + std::to_string(i);
    const Route route = must(directory.route(user));
    EXPECT_EQ(route.leader, name_of(route.shard));
    EXPECT_EQ(route.members.size(), 1U);
    for (std::uint64_t shard = 0; shard < kShards; ++shard) {
      const auto made = nodes[shard].store().create_user(user);
      if (shard != route.shard) {
        EXPECT_EQ(code_of(made), ErrorCode::wrong_shard);
        continue;
      }
      const UserId id = must(made).user->id();
      EXPECT_EQ(must(directory.route(id.view())).shard, shard) << "the id tells it, too";
    }
  }
  std::uint64_t users = 0;
  std::vector<std::string> ids;
  for (Node& node : nodes) {
    users += must(node.store().count(Selector())).count;
    must(node.store().for_each(Selector(), [&](const User& user) {
      const UserId id = user.id();
      ids.emplace_back(id.view());
    }));
  }
  EXPECT_EQ(users, 60U);
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end()) << "no user is in two shards";
  for (std::uint64_t i = 0; i < kShards; ++i) {
    EXPECT_GT(nodes[i].store().stats().users, 0U);
    EXPECT_EQ(must(cluster_status(of(i))).shards, kShards);
    EXPECT_EQ(must(cluster_status(of(i))).revision, nodes[i].store().revision());
  }
}

TEST_F(Shards, WhatNamesAUserOfAnotherShardIsToldSo) {
  Node node = lead(1);
  const std::string own = user_of(1), other = user_of(2);
  must(node.store().create_user(own));
  UserTagStore& store = node.store();
  EXPECT_EQ(code_of(store.create_user(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.ensure_user(other, {})), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.apply(other, TagBatch().set("a", "b"))), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.delete_user(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.plan(other, TagBatch().set("a", "b"))), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.find(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.find_each(std::vector<UserRef>{own, other}).back()), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.read(other, [](const UserView&) {})), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.history(other)), ErrorCode::wrong_shard);
  const auto all =
      store.apply_all(std::vector<Write>{PatchUser{own, TagBatch().set("a", "b")}, CreateUser{other, {}}});
  EXPECT_EQ(code_of(all), ErrorCode::wrong_shard);
  EXPECT_TRUE(must(store.find(own)).tags().empty()) << "a transaction is applied whole, or not at all";
  // Nobody, as far as this shard can know, and a text that can name nobody.
  EXPECT_EQ(code_of(store.find(own + "?")),
            shard_of(own + "?", kShards) == 1 ? ErrorCode::user_not_found : ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.find("")), ErrorCode::user_not_found);
  const auto wrong = store.find(other);
  EXPECT_NE(wrong.error().message().find("shard 2"), std::string::npos) << wrong.error().message();
}

TEST_F(Shards, AFileIsOfOneShard) {
  EXPECT_EQ(code_of(Node::join(file(name_of(0)), of(1))), ErrorCode::cluster_member);
  EXPECT_EQ(code_of(Node::join(file(name_of(0)), of(kShards))), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(cluster_status(of(kShards))), ErrorCode::invalid_argument);
  NodeOptions another = options_;
  another.cluster += "-another";
  make_store("all.db");
  const std::uint64_t own = shard_of("base", 2);
  another.shard = 1 - own;
  EXPECT_EQ(code_of(found(file("all.db"), another, {.shards = 2})), ErrorCode::wrong_shard);
  another.shard = own;
  must(found(file("all.db"), another, {.shards = 2}));
  make_store("more.db");
  another.shard = 1 - own;
  EXPECT_EQ(code_of(found(file("more.db"), another, {.shards = 3})), ErrorCode::invalid_argument);
  for (const std::uint64_t shards : {std::uint64_t{0}, std::uint64_t{1'025}})
    EXPECT_EQ(code_of(found(file("more.db"), options_, {.shards = shards})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(found(file("more.db"), of(2), {.shards = 2})), ErrorCode::invalid_argument);
}

TEST_F(Shards, ANodeOfOneIsRestoredFromItsSnapshots) {
  Node first = lead(1);
  must(first.store().create_user(user_of(1), {{"tier", "gold"}}));
  must(first.make_snapshot(*transport_));
  must(restore(file("b.db"), of(1), *transport_));
  EXPECT_EQ(code_of(restore(file("c.db"), of(2), *transport_)), ErrorCode::not_a_store);
  NodeOptions options = of(1);
  options.address = "b";
  Node second = must(Node::join(file("b.db"), options));
  must(second.read_latest(kLong));
  EXPECT_TRUE(second.store().find(user_of(1)));
  Directory directory = must(Directory::open(options_));
  await([&] { return must(directory.route_of_shard(1, 0ms)).members.size() == 2; });
  EXPECT_EQ(must(directory.route_of_shard(2)).leader, std::nullopt);
  must(request_resignation(of(1)));
  await([&] { return must(directory.route_of_shard(1, 0ms)).leader == "b"; });
  EXPECT_EQ(code_of(directory.route_of_shard(kShards)), ErrorCode::invalid_argument);
}

TEST_F(Shards, WhatWasReadIsAnsweredUntilItIsTooOld) {
  Directory directory = must(Directory::open(options_));
  EXPECT_EQ(must(directory.route_of_shard(0, 1h)).leader, std::nullopt);
  Node node = lead(0);
  EXPECT_EQ(must(directory.route_of_shard(0, 1h)).leader, std::nullopt);
  EXPECT_EQ(must(directory.route_of_shard(0, 0ms)).leader, name_of(0));
  EXPECT_EQ(must(directory.route_of_shard(0, 1h)).leader, name_of(0));
}

TEST_F(Shards, FoundingOneAgainGivesUpAllOfThem) {
  Node node = lead(2);
  must(node.store().create_user(user_of(2)));
  Directory directory = must(Directory::open(options_));
  Node old = lead(0);
  must(node.close());
  EXPECT_EQ(code_of(found(file(name_of(2)), of(2), {.shards = kShards})), ErrorCode::cluster_member);
  must(found(file(name_of(2)), of(2), {.shards = kShards, .again = true}));
  EXPECT_EQ(why_stopped(old), ErrorCode::cluster_member);
  EXPECT_EQ(code_of(directory.route_of_shard(2, 0ms)), ErrorCode::cluster_member);
  EXPECT_TRUE(lead(2).store().find(user_of(2)));
  EXPECT_EQ(code_of(Node::join(file(name_of(1)), of(1))), ErrorCode::cluster_member);
  EXPECT_EQ(code_of(found(file(name_of(1)), of(1), {.shards = kShards})), ErrorCode::cluster_member);
  must(found(file(name_of(1)), of(1), {.shards = kShards, .again = true}));
  EXPECT_EQ(lead(1).store().stats().users, 0U);
}

TEST_F(Shards, HowManyThereAreIsChangedByAnOperatorsWordAlone) {
  NodeOptions options = options_;
  options.cluster += "-another";
  options.shard = 1 - shard_of("base", 2);
  EXPECT_EQ(code_of(found(file("a.db"), options, {.shards = 2})),
            ErrorCode::wrong_shard);   // the map is there
  options.shard = 0;
  EXPECT_EQ(code_of(found(file("a.db"), options)), ErrorCode::invalid_argument);
  must(found(file("a.db"), options, {.again = true}));
  EXPECT_EQ(must(cluster_status(options)).shards, 1U);
}

TEST(ADirectory, NeedsACluster) {
  test::EtcdNodes nodes;
  NodeOptions options{.etcd = nodes.options(), .cluster = "nobody"};
  EXPECT_EQ(code_of(Directory::open(options)), ErrorCode::not_a_store);
  options.cluster = "";
  EXPECT_EQ(code_of(Directory::open(options)), ErrorCode::invalid_argument);
}

// --- Bad input. ---

TEST_F(Hosting, OptionsThatCannotBe) {
  must(found(file("a.db"), options_));
  for (const auto& spoil : std::vector<void (*)(NodeOptions&)>{
           [](NodeOptions& its) { its.cluster = ""; }, [](NodeOptions& its) { its.cluster = "C"; },
           [](NodeOptions& its) { its.cluster = std::string(65, 'c'); },
           [](NodeOptions& its) { its.address = "\xff"; },
           [](NodeOptions& its) { its.address = std::string(1'025, 'a'); },
           [](NodeOptions& its) { its.lease = 0ms; }, [](NodeOptions& its) { its.answer_within = 0ms; },
           [](NodeOptions& its) { its.etcd.endpoints.clear(); },
           [](NodeOptions& its) { its.store.access = Access::read_only; }}) {
    NodeOptions options = options_;
    spoil(options);
    EXPECT_EQ(code_of(Node::join(file("a.db"), options)), ErrorCode::invalid_argument);
  }
}

TEST_F(Hosting, AFileOfNoClusterOrOfAnotherOne) {
  EXPECT_EQ(code_of(Node::join(file("a.db"), at("a"))), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(Node::join(file("none.db"), at("a"))), ErrorCode::not_a_store);
  must(found(file("a.db"), options_));
  make_store("b.db");
  NodeOptions other = options_;
  other.cluster += "-other";
  EXPECT_EQ(code_of(Node::join(file("a.db"), other)), ErrorCode::not_a_store);
  EXPECT_EQ(code_of(cluster_status(other)), ErrorCode::not_a_store);
  must(found(file("b.db"), other));
  const auto refused = Node::join(file("a.db"), other);
  ASSERT_EQ(code_of(refused), ErrorCode::cluster_member);
  EXPECT_NE(refused.error().message().find("another cluster"), std::string::npos);
}

TEST_F(Hosting, KeysOfSomebodyElse) {
  put("/usertags/" + options_.cluster + "/map", "theirs");
  EXPECT_EQ(code_of(found(file("a.db"), options_)), ErrorCode::corrupt_store);
  EXPECT_EQ(code_of(cluster_status(options_)), ErrorCode::corrupt_store);
}

TEST_F(Hosting, NothingIsRestoredWithoutASnapshotOrOverAFile) {
  must(found(file("a.db"), options_));
  EXPECT_EQ(code_of(restore(file("b.db"), at("b"), *transport_)), ErrorCode::not_a_store);
  EXPECT_FALSE(std::filesystem::exists(file("b.db")));
  EXPECT_EQ(code_of(restore(file("a.db"), at("b"), *transport_)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(folder_transport(file("none"), true)), ErrorCode::io_error);
}

TEST_F(Hosting, ASnapshotThatIsAnotherFileIsRefused) {
  must(found(file("a.db"), options_));
  Node node = join_as_leader("a.db");
  must(node.make_snapshot(*transport_));
  const std::filesystem::path place = file(must(cluster_status(options_)).snapshot_place);
  make_store("stranger.db");
  std::filesystem::copy_file(file("stranger.db"), place, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(code_of(restore(file("b.db"), at("b"), *transport_)), ErrorCode::corrupt_store);
  std::ofstream(place, std::ios::trunc) << "no database";
  EXPECT_EQ(code_of(restore(file("b.db"), at("b"), *transport_)), ErrorCode::not_a_store);
  EXPECT_FALSE(std::filesystem::exists(file("b.db")));
}

class ThrowingTransport final : public SnapshotTransport {
 public:
  Result<std::string> put(const std::filesystem::path&, std::string_view) override {
    throw std::runtime_error("no bucket");
  }
  Result<void> fetch(std::string_view, const std::filesystem::path&) override { throw 1; }
  Result<void> remove(std::string_view) override { return {}; }
  bool is_remote() const noexcept override { return true; }
};

TEST_F(Hosting, WhatATransportThrowsIsAnAnswer) {
  must(found(file("a.db"), options_));
  Node node = join_as_leader("a.db");
  ThrowingTransport throwing;
  const auto made = node.make_snapshot(throwing);
  ASSERT_EQ(code_of(made), ErrorCode::io_error);
  EXPECT_NE(made.error().message().find("no bucket"), std::string::npos);
  must(node.make_snapshot(*transport_));
  EXPECT_EQ(code_of(restore(file("b.db"), at("b"), throwing)), ErrorCode::io_error);
}

TEST_F(Hosting, ANodeWithLessMemoryDoesNotJoin) {
  options_.store.memory_budget = 1 << 30;
  must(found(file("a.db"), options_));
  Node first = join_as_leader("a.db");
  copy_by_snapshot(first, "b.db");
  NodeOptions less = at("b.db");
  less.store.memory_budget = 1 << 29;
  EXPECT_EQ(code_of(Node::join(file("b.db"), less)), ErrorCode::memory_budget_exceeded);
  less.store.memory_budget = 0;
  must(Node::join(file("b.db"), less));
}

// Followers take what the leader has judged.
TEST_F(Hosting, AFollowerDoesNotRefuseByItsBudget) {
  must(found(file("a.db"), options_));
  Node first = join_as_leader("a.db");
  copy_by_snapshot(first, "b.db");
  must(first.close());
  NodeOptions tiny = at("b.db");
  tiny.store.memory_budget = 1;
  Node second = must(Node::join(file("b.db"), tiny));
  await([&] { return second.leading(); });
  EXPECT_EQ(code_of(second.store().create_user("ada")), ErrorCode::memory_budget_exceeded);
  first = join("a.db");
  must(second.resign());
  await([&] { return first.leading(); });
  must(first.store().create_user("ada"));
  must(second.read_latest(kLong));
  EXPECT_TRUE(second.store().find("ada"));
}

// --- Bad days. ---

TEST_F(Hosting, TwoNodesOfOneName) {
  must(found(file("a.db"), options_));
  std::filesystem::copy_file(file("a.db"), file("b.db"));
  Node first = join_as_leader("a.db");
  Node second = join("b.db");
  EXPECT_EQ(why_stopped(second), ErrorCode::cluster_member);
  EXPECT_TRUE(first.leading());
}

TEST_F(Hosting, AnOldFileIsToldToJoinAnew) {
  must(found(file("a.db"), options_));
  std::filesystem::copy_file(file("a.db"), file("old.db"));
  Node first = join_as_leader("a.db");
  must(first.store().create_user("ada"));
  copy_by_snapshot(first, "b.db");
  must(first.close());
  options_.max_log_bytes = 1;   // who lags is not waited for
  first = join_as_leader("a.db");
  const std::string log = shard_keys() + "log/";
  await([&] {
    return client_->range({.key = log, .end = etcd::end_of_prefix(log)}, kLong).value().keys.empty();
  });
  must(first.close());
  Node old = join("old.db");
  EXPECT_EQ(why_stopped(old), ErrorCode::history_pruned);
  join_as_leader("b.db");
}

TEST_F(Hosting, AnEntryThatDoesNotFit) {
  must(found(file("a.db"), options_));
  std::filesystem::copy_file(file("a.db"), file("old.db"));
  Node first = join_as_leader("a.db");
  must(first.store().create_user("ada"));
  must(first.store().create_user("bob"));
  must(first.close());
  const std::string log = shard_keys() + "log/";
  const auto entries = client_->range({.key = log, .end = etcd::end_of_prefix(log)}, kLong).value().keys;
  ASSERT_EQ(entries.size(), 2U);
  put(entries[0].key, entries[1].value);
  {
    Node old = join("old.db");
    EXPECT_EQ(why_stopped(old), ErrorCode::cluster_member);
    EXPECT_EQ(old.store().revision(), 1U);
  }
  put(entries[0].key, "no entry");
  Node old = join("old.db");
  EXPECT_EQ(why_stopped(old), ErrorCode::corrupt_store);
}

TEST_F(Hosting, WithoutRoomWritesAreRefusedUntilThereIs) {
  must(found(file("a.db"), options_));
  std::mutex mutex;
  std::vector<std::string> lines;
  options_.store.log = [&](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex);
    if (level == LogLevel::warning && line.find("quota") != std::string_view::npos) lines.emplace_back(line);
  };
  // Beside this, writes are few.
  constexpr std::size_t kFiller = std::size_t{1} << 20;
  for (int i = 0; i < 16; ++i) put("/filler/" + std::to_string(i), std::string(kFiller, 'x'));

  // The log is beyond its bound, and nothing may go.
  NodeOptions options = at("a.db");
  options.max_log_bytes = 1;
  Node node = must(Node::join(file("a.db"), options));
  await([&] { return node.leading(); });
  std::optional<Error> full;
  await([&] {
    const auto answer = node.store().create_user("ada");
    if (!answer) full = answer.error();
    return full && *full == ErrorCode::disk_full;
  });
  EXPECT_NE(full->message().find("snapshot"), std::string::npos);
  must(node.make_snapshot(*transport_));
  await([&] { return node.store().ensure_user("bob").has_value(); });
  must(node.close());

  // More than 60 % of the quota, with room for what etcd's file grows by when it writes again what it has.
  options = at("a.db");
  options.etcd_quota_bytes = must(cluster_status(options_)).etcd_bytes / 62 * 100;
  node = must(Node::join(file("a.db"), options));
  await([&] { return node.leading(); });
  await([&] {
    const std::lock_guard lock(mutex);
    return !lines.empty();
  });
  must(node.store().create_user("bea"));
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(lines.size(), 1U) << "it is told once";
    EXPECT_NE(lines.front().find("defrag"), std::string::npos);
  }
  must(node.close());

  options.etcd_quota_bytes = must(cluster_status(options_)).etcd_bytes;
  node = must(Node::join(file("a.db"), options));
  await([&] { return node.leading(); });
  await([&] { return code_of(node.store().create_user("cleo")) == ErrorCode::disk_full; });
}

// What the log has, and the file does not take, is applied; the node stops, and comes back with it.
TEST_F(Hosting, ANodeComesBackAfterItsFileFailed) {
  must(found(file("a.db"), options_));
  Node node = join_as_leader("a.db");
  std::vector<std::string> written;
  {
    std::signal(SIGXFSZ, SIG_IGN);   // gRPC's threads, too, may be who writes
    const test::FileSizeLimit limit(std::filesystem::file_size(file("a.db")) + (1 << 20));
    const std::string value(200, 'v');
    for (int i = 0; must(node.status()).role == Role::leading; ++i) {
      const std::string name = "user " + std::to_string(i);
      if (node.store().create_user(name, {{"a", value}, {"b", value}, {"c", value}})) written.push_back(name);
      ASSERT_LT(i, 100'000);
    }
  }
  EXPECT_EQ(must(node.status()).role, Role::stopped);
  EXPECT_FALSE(written.empty());
  EXPECT_TRUE(node.store().find(written.back()));
  std::ignore = node.close();
  node = join_as_leader("a.db");
  for (const std::string& name : written) EXPECT_TRUE(node.store().find(name)) << name;
  EXPECT_TRUE(must(node.store().verify()).ok());
}

TEST(HostingOnBadDays, NoEtcdIsThere) {
  const test::TempDir folder{test::memory_folder()};
  must(must(UserTagStore::open(folder / "a.db")).close());
  NodeOptions options{.cluster = "c"};
  options.etcd.endpoints = {"127.0.0.1:1"};
  EXPECT_EQ(code_of(found(folder / "a.db", options)), ErrorCode::io_error);
  EXPECT_EQ(code_of(cluster_status(options)), ErrorCode::io_error);
}

TEST(HostingOnBadDays, AWrongPassword) {
  EtcdNodes nodes;
  nodes.control("user add root:secret");
  nodes.control("user grant-role root root");
  nodes.control("auth enable");
  const test::TempDir folder{test::memory_folder()};
  must(must(UserTagStore::open(folder / "a.db")).close());
  NodeOptions options{.cluster = "c"};
  options.etcd = nodes.options();
  options.etcd.user = "root";
  options.etcd.password = "wrong";
  const auto refused = found(folder / "a.db", options);
  ASSERT_EQ(code_of(refused), ErrorCode::permission_denied);
  EXPECT_NE(refused.error().message().find("password"), std::string::npos);
  options.etcd.password = "secret";
  must(found(folder / "a.db", options));
  Node node = must(Node::join(folder / "a.db", options));
  must(node.read_latest(kLong));
}

TEST(HostingOnBadDays, OfThreeOneMayDie) {
  EtcdNodes nodes({.count = 3});
  const test::TempDir folder{test::memory_folder()};
  must(must(UserTagStore::open(folder / "a.db")).close());
  NodeOptions options{.cluster = "c"};
  options.etcd = nodes.options();
  must(found(folder / "a.db", options));
  Node node = must(Node::join(folder / "a.db", options));
  const auto writes = [&](const std::string& name) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < until)
      if (node.store().ensure_user(name)) return true;
    return false;
  };
  EXPECT_TRUE(writes("ada"));
  nodes.kill(nodes.leader());
  EXPECT_TRUE(writes("bob"));
  must(node.close());
}

}   // namespace
}   // namespace usertags::cluster
