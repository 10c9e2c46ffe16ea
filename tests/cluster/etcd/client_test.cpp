// The client against real etcds, of one node and of three.
#include "cluster/etcd/client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "cluster/etcd/etcd_nodes.hpp"

namespace usertags::cluster::etcd {
namespace {

using test::EtcdNodes;
using namespace std::chrono_literals;

constexpr Milliseconds kLong{20'000};
using Landed = NotAnswered::Landed;

std::unique_ptr<Client> client_of(const EtcdOptions& options) {
  return Client::make(options).value();
}

// Puts one key, whatever was there: the revision.
std::int64_t put(Client& client, const std::string& key, const std::string& value, Lease lease = 0) {
  const auto answer = client.repeatable_txn({.when = {}, .then = {Put{key, value, lease}}}, kLong);
  EXPECT_TRUE(answer) << answer.error().message();
  return answer ? answer->revision : 0;
}

std::optional<std::string> get(Client& client, const std::string& key) {
  const auto found = client.range({.key = key}, kLong);
  EXPECT_TRUE(found) << found.error().message();
  if (!found || found->keys.empty()) return std::nullopt;
  return found->keys.front().value;
}

// The next puts of a watch, or how it ended; waits as long as it takes.
Watching::Event await(Watching& watching) {
  for (;;) {
    Watching::Event event = watching.next(1s);
    if (event.ended || !event.puts.empty()) return event;
  }
}

std::string key_of(const Watching::Event& event) {
  if (event.ended) return event.ended->message();
  return event.puts.front().key;
}

// One node, for tests that do it no harm.
class EtcdClient : public testing::Test {
 protected:
  static void SetUpTestSuite() { nodes_ = std::make_unique<EtcdNodes>(); }
  static void TearDownTestSuite() { nodes_.reset(); }
  void SetUp() override {
    client_ = client_of(nodes_->options());
    ASSERT_TRUE(client_->repeatable_txn({.when = {}, .then = {Erase{"a", end_of_prefix("z")}}}, kLong));
  }

  static inline std::unique_ptr<EtcdNodes> nodes_;
  std::unique_ptr<Client> client_;
};

// --- Without an etcd. ---

TEST(EtcdClientOptions, ItRefusesWhatIsNotHostAndPort) {
  EXPECT_EQ(Client::make({}).error(), ErrorCode::invalid_argument);
  for (const char* endpoint : {"", "localhost", ":2379", "localhost:", "http://127.0.0.1:2379"})
    EXPECT_EQ(Client::make({.endpoints = {endpoint}}).error(), ErrorCode::invalid_argument) << endpoint;
}

TEST(EtcdClientOptions, ItRefusesFilesThatCannotBeRead) {
  const auto client =
      Client::make({.endpoints = {"127.0.0.1:1"}, .tls = EtcdTls{.authorities = "/no/such/file"}});
  EXPECT_EQ(client.error(), ErrorCode::io_error);
}

TEST(EtcdClientOptions, TheEndOfAPrefixIsBehindAllThatBeginsSo) {
  EXPECT_EQ(end_of_prefix("log/"), "log0");
  EXPECT_EQ(end_of_prefix("a\xff\xff"), "b");
  EXPECT_EQ(end_of_prefix("\xff"), std::string(1, '\0'));
}

TEST(EtcdClientOptions, WithoutAnEtcdNothingIsSent) {
  const auto client = client_of({.endpoints = {"127.0.0.1:1", "127.0.0.1:2"}});
  EXPECT_EQ(client->range({.key = "a"}, 200ms).error(), ErrorCode::io_error);
  const auto answer = client->txn({.when = {}, .then = {Put{"a", "b"}}}, 200ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error, ErrorCode::io_error);
  EXPECT_EQ(answer.error().landed, Landed::no);
  EXPECT_NE(answer.error().error.message().find("127.0.0.1:"), std::string::npos);
}

TEST(EtcdClientOptions, StoppingEndsWhatWaits) {
  const auto client = client_of({.endpoints = {"127.0.0.1:1"}});
  const auto watching = client->watch("a", "", 1);
  std::thread stopping([&] { client->stop(); });
  EXPECT_EQ(client->range({.key = "a"}, 24h).error(), ErrorCode::cancelled);
  stopping.join();
  EXPECT_EQ(client->txn({}, 24h).error().error, ErrorCode::cancelled);
  EXPECT_EQ(client->txn({}, 24h).error().landed, Landed::no);
  EXPECT_EQ(watching->next(24h).ended, ErrorCode::cancelled);
}

// --- Ranges and transactions. ---

TEST_F(EtcdClient, RangesAreByBytesAndLimits) {
  const std::string zero("k\0b", 3);
  for (const std::string& key : {std::string("k\xff"), std::string("k"), zero, std::string("ka")})
    put(*client_, key, "of " + key);
  const auto all = client_->range({.key = "k", .end = end_of_prefix("k")}, kLong).value();
  ASSERT_EQ(all.keys.size(), 4U);
  EXPECT_EQ(all.keys[0].key, "k");
  EXPECT_EQ(all.keys[1].key, zero);
  EXPECT_EQ(all.keys[1].value, "of " + zero);
  EXPECT_EQ(all.keys[3].key, "k\xff");
  EXPECT_FALSE(all.more);
  const auto two = client_->range({.key = "k", .end = "l", .limit = 2, .keys_only = true}, kLong).value();
  ASSERT_EQ(two.keys.size(), 2U);
  EXPECT_TRUE(two.more);
  EXPECT_EQ(two.keys[1].value, "");
  EXPECT_EQ(client_->range({.key = "k", .end = "ka"}, kLong)->keys.size(), 2U);
}

TEST_F(EtcdClient, ARangeOfAnEarlierMomentShowsIt) {
  const std::int64_t before = put(*client_, "a", "1");
  put(*client_, "a", "2");
  EXPECT_EQ(client_->range({.key = "a", .revision = before}, kLong)->keys.at(0).value, "1");
}

TEST_F(EtcdClient, ATransactionComparesRevisionsAndValues) {
  const Txn create{.when = {{"a", std::int64_t{0}}}, .then = {Put{"a", "1"}}, .otherwise = {Range{"a"}}};
  const auto created = client_->txn(create, kLong).value();
  EXPECT_TRUE(created.succeeded);
  const auto refused = client_->txn(create, kLong).value();
  EXPECT_FALSE(refused.succeeded);
  ASSERT_EQ(refused.found.size(), 1U);
  EXPECT_EQ(refused.found[0].keys.at(0).value, "1");
  EXPECT_EQ(refused.found[0].keys.at(0).mod_revision, created.revision);

  const auto change = [&](std::int64_t revision, const std::string& value) {
    const Txn txn{.when = {{"a", revision}, {"a", value}}, .then = {Put{"a", value}, Put{"b", "x"}}};
    return client_->txn(txn, kLong).value().succeeded;
  };
  EXPECT_FALSE(change(created.revision + 1, "1"));
  EXPECT_FALSE(change(created.revision, "2"));
  EXPECT_FALSE(get(*client_, "b"));
  EXPECT_TRUE(change(created.revision, "1"));
  EXPECT_FALSE(change(created.revision, "1"));   // the same value, at another revision
  EXPECT_EQ(get(*client_, "b"), "x");
}

TEST_F(EtcdClient, ARefusalIsNoQuestionOfLanding) {
  const Txn twice{.when = {}, .then = {Put{"a", "1"}, Put{"a", "2"}}};
  const auto invalid = client_->txn(twice, kLong);
  ASSERT_FALSE(invalid);
  EXPECT_EQ(invalid.error().error, ErrorCode::invalid_argument);
  EXPECT_EQ(invalid.error().landed, Landed::no);
  for (const std::size_t size : {std::size_t{1'700'000}, std::size_t{8'000'000}}) {
    const auto large = client_->txn({.when = {}, .then = {Put{"a", std::string(size, 'x')}}}, kLong);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().error, ErrorCode::transaction_too_large) << large.error().error.message();
    EXPECT_EQ(large.error().landed, Landed::no);
  }
  const auto leased = client_->txn({.when = {}, .then = {Put{"a", "1", 12'345}}}, kLong);
  ASSERT_FALSE(leased);
  EXPECT_EQ(leased.error().error, ErrorCode::not_leader);
  EXPECT_EQ(leased.error().landed, Landed::no);
  EXPECT_FALSE(get(*client_, "a"));
}

// --- Watches. ---

TEST_F(EtcdClient, AWatchTellsEachPutOnceAndInOrder) {
  const std::int64_t first = put(*client_, "log/1", "1");
  put(*client_, "other", "x");
  const auto watching = client_->watch("log/", end_of_prefix("log/"), first);
  EXPECT_EQ(key_of(await(*watching)), "log/1");
  EXPECT_TRUE(watching->next(0ms).puts.empty());
  const Txn both{.when = {}, .then = {Put{"log/2", "2"}, Put{"log/3", "3"}, Erase{"log/1"}}};
  ASSERT_TRUE(client_->txn(both, kLong)->succeeded);
  const Watching::Event event = await(*watching);
  ASSERT_EQ(event.puts.size(), 2U);
  EXPECT_EQ(event.puts[0].key, "log/2");
  EXPECT_EQ(event.puts[1].value, "3");
}

TEST_F(EtcdClient, AWatchOfMuchComesInParts) {
  const std::int64_t first = put(*client_, "log/0", std::string(1'000'000, 'x'));
  for (int i = 1; i < 6; ++i) put(*client_, "log/" + std::to_string(i), std::string(1'000'000, 'x'));
  const auto watching = client_->watch("log/", end_of_prefix("log/"), first);
  std::vector<std::string> keys;
  while (keys.size() < 6) {
    const Watching::Event event = await(*watching);
    ASSERT_FALSE(event.ended) << event.ended->message();
    for (const KeyValue& each : event.puts) keys.push_back(each.key);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"log/0", "log/1", "log/2", "log/3", "log/4", "log/5"}));
}

TEST_F(EtcdClient, AWatchOfWhatIsCompactedEnds) {
  const std::int64_t first = put(*client_, "a", "1");
  const std::int64_t last = put(*client_, "a", "2");
  ASSERT_TRUE(client_->compact(last, kLong));
  EXPECT_TRUE(client_->compact(last, kLong));   // it is done already
  const auto watching = client_->watch("a", "", first);
  EXPECT_EQ(await(*watching).ended, ErrorCode::history_pruned);
  EXPECT_EQ(watching->next(24h).ended, ErrorCode::history_pruned);
  EXPECT_EQ(client_->range({.key = "a", .revision = first}, kLong).error(), ErrorCode::history_pruned);
}

TEST_F(EtcdClient, StoppingEndsAWatchThatWaits) {
  const auto watching = client_->watch("a", "", 1'000'000);
  EXPECT_TRUE(watching->next(0ms).puts.empty());
  std::thread stopping([&] { client_->stop(); });
  EXPECT_EQ(watching->next(24h).ended, ErrorCode::cancelled);
  stopping.join();
}

// --- Leases. ---

TEST_F(EtcdClient, KeysGoWithTheirLease) {
  const Lease lease = client_->grant(1s, kLong).value();
  put(*client_, "a", "1", lease);
  EXPECT_EQ(client_->range({.key = "a"}, kLong)->keys.at(0).lease, lease);
  ASSERT_TRUE(client_->keep_alive(lease, kLong));
  while (get(*client_, "a")) {
  }
  EXPECT_EQ(client_->keep_alive(lease, kLong).error(), ErrorCode::not_leader);
  EXPECT_TRUE(client_->revoke(lease, kLong));   // it is gone already
}

TEST_F(EtcdClient, ALeaseIsRevoked) {
  const Lease lease = client_->grant(1h, kLong).value();
  put(*client_, "a", "1", lease);
  ASSERT_TRUE(client_->revoke(lease, kLong));
  EXPECT_FALSE(get(*client_, "a"));
}

TEST_F(EtcdClient, ItTellsOfTheNode) {
  const Status status = client_->status(kLong).value();
  EXPECT_TRUE(status.version.starts_with("3.")) << status.version;
  EXPECT_TRUE(status.has_leader);
  EXPECT_GT(status.bytes, 0U);
  EXPECT_GE(status.bytes, status.bytes_in_use);
  EXPECT_FALSE(client_->alarms(kLong)->no_space);
}

// --- Nodes that die. ---

TEST(EtcdClientOfThree, ItGoesOnWhereANodeDies) {
  EtcdNodes nodes({.count = 3});
  const auto client = client_of(nodes.options());
  const std::int64_t first = put(*client, "log/0", "0");
  const auto watching = client->watch("log/", end_of_prefix("log/"), first);
  EXPECT_EQ(key_of(await(*watching)), "log/0");
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    nodes.kill(node);
    const std::string key = "log/" + std::to_string(node + 1);
    put(*client, key, "x");
    EXPECT_EQ(key_of(await(*watching)), key);
    nodes.start(node);
    nodes.await(node);
  }
}

TEST(EtcdClientOfThree, WithoutAMajorityNothingIsKnown) {
  EtcdNodes nodes({.count = 3});
  const auto client = client_of(nodes.options());
  put(*client, "a", "1");
  nodes.kill(1);
  nodes.kill(2);
  EXPECT_EQ(client->range({.key = "a"}, 1s).error(), ErrorCode::timeout);
  const auto answer = client->txn({.when = {}, .then = {Put{"a", "2"}}}, 500ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error, ErrorCode::timeout) << answer.error().error.message();
  EXPECT_EQ(answer.error().landed, Landed::unknown);
  nodes.start(1);
  nodes.await(1);
  const auto value = get(*client, "a");
  EXPECT_TRUE(value == "1" || value == "2");   // it may have landed, indeed
}

TEST(EtcdClientOfThree, ANodeThatIsAsleepIsLeft) {
  EtcdNodes nodes({.count = 3});
  const auto client = client_of(nodes.options());   // begins with the first node
  put(*client, "a", "1");
  nodes.stop(0);
  EXPECT_EQ(get(*client, "a"), "1");
  const auto another = client_of(nodes.options());   // which does not even connect
  EXPECT_EQ(get(*another, "a"), "1");
  nodes.go_on(0);
}

TEST(EtcdClientOfThree, ATransactionThatIsNotAnsweredMayLandLater) {
  EtcdNodes nodes;
  const auto client = client_of(nodes.options());
  put(*client, "a", "1");
  nodes.stop(0);
  const auto answer = client->txn({.when = {}, .then = {Put{"a", "2"}}}, 200ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error, ErrorCode::timeout);
  EXPECT_EQ(answer.error().landed, Landed::unknown);
  nodes.go_on(0);
  const auto value = get(*client, "a");
  EXPECT_TRUE(value == "1" || value == "2");
}

// --- A full quota. ---

TEST(EtcdClientQuota, AFullQuotaIsToldAndReadingTellsWhatLanded) {
  EtcdNodes nodes({.count = 1, .options = {"--quota-backend-bytes", "2000000"}});
  const auto client = client_of(nodes.options());
  const std::string large(500'000, 'x');
  for (int i = 0;; ++i) {
    ASSERT_LT(i, 100);
    const auto answer = client->txn({.when = {}, .then = {Put{"k", large}}}, kLong);
    if (answer) continue;
    EXPECT_EQ(answer.error().error, ErrorCode::disk_full) << answer.error().error.message();
    EXPECT_EQ(answer.error().landed, Landed::reading_tells);
    EXPECT_NE(answer.error().error.message().find("alarm disarm"), std::string::npos);
    break;
  }
  EXPECT_TRUE(client->alarms(kLong)->no_space);
  EXPECT_EQ(client->grant(10s, kLong).error(), ErrorCode::disk_full);
  EXPECT_EQ(get(*client, "k"), large);   // reading goes on
  // What the message says helps.
  const std::int64_t now = client->range({.key = "k"}, kLong)->revision;
  ASSERT_TRUE(client->compact(now, kLong));
  nodes.control("defrag");
  nodes.control("alarm disarm");
  EXPECT_TRUE(client->txn({.when = {}, .then = {Put{"k", "1"}}}, kLong));
}

// --- Users and TLS. ---

TEST(EtcdClientUsers, ItBearsATokenAndRenewsIt) {
  EtcdNodes nodes({.count = 1, .options = {"--auth-token-ttl", "2"}});
  for (const char* command :
       {"user add root:secret", "user grant-role root root", "role add tags", "user add tagger:pass",
        "role grant-permission tags --prefix=true readwrite /usertags/", "user grant-role tagger tags",
        "auth enable"})
    nodes.control(command);

  EtcdOptions options = nodes.options();
  const auto nobody = client_of(options);
  EXPECT_EQ(nobody->range({.key = "/usertags/a"}, kLong).error(), ErrorCode::permission_denied);
  options.user = "tagger";
  options.password = "wrong";
  const auto wrong = client_of(options)->txn({.when = {}, .then = {Put{"/usertags/a", "1"}}}, kLong);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().error, ErrorCode::permission_denied) << wrong.error().error.message();
  EXPECT_EQ(wrong.error().landed, Landed::no);

  options.password = "pass";
  const auto client = client_of(options);
  const std::int64_t first = put(*client, "/usertags/a", "1");
  const auto elsewhere = client->txn({.when = {}, .then = {Put{"/other", "1"}}}, kLong);
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().error, ErrorCode::permission_denied);
  EXPECT_EQ(elsewhere.error().landed, Landed::no);
  EXPECT_EQ(await(*client->watch("/other", "", 1)).ended, ErrorCode::permission_denied);

  const auto another = client_of(options);
  EXPECT_EQ(get(*another, "/usertags/a"), "1");
  nodes.kill(0);   // tokens are in its memory: they go with it
  nodes.start(0);
  nodes.await(0);
  const auto watching = client->watch("/usertags/", end_of_prefix("/usertags/"), first);
  EXPECT_EQ(key_of(await(*watching)), "/usertags/a");
  EXPECT_EQ(get(*another, "/usertags/a"), "1");
}

TEST(EtcdClientTls, ItTalksToWhomItTrusts) {
  EtcdNodes nodes({.count = 1, .tls = true});
  const EtcdOptions options = nodes.options();
  const auto client = client_of(options);
  put(*client, "a", "1");
  EXPECT_EQ(get(*client, "a"), "1");

  EtcdOptions in_the_clear = options;
  in_the_clear.tls.reset();
  EXPECT_EQ(client_of(in_the_clear)->range({.key = "a"}, 500ms).error(), ErrorCode::io_error);
  EtcdOptions without_certificate = options;
  without_certificate.tls->certificate.clear();
  without_certificate.tls->key.clear();
  EXPECT_EQ(client_of(without_certificate)->range({.key = "a"}, 500ms).error(), ErrorCode::io_error);
  EtcdOptions of_others = options;
  of_others.tls->authorities.clear();   // the system's
  EXPECT_EQ(client_of(of_others)->range({.key = "a"}, 500ms).error(), ErrorCode::io_error);
}

}   // namespace
}   // namespace usertags::cluster::etcd
