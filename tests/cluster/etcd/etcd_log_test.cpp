// The log of a shard over real etcds: what Log promises, call by call.
#include "cluster/etcd/etcd_log.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "cluster/etcd/etcd_nodes.hpp"

namespace usertags::cluster::etcd {
namespace {

using test::EtcdNodes;
using namespace std::chrono_literals;

constexpr Milliseconds kLong{20'000};
constexpr const char* kPrefix = "/usertags/c/i/0/";

Id id(std::uint8_t number) {
  Id id{};
  id.back() = number;
  return id;
}

std::unique_ptr<Log> log_of(const EtcdOptions& options) {
  return make_log(Client::make(options).value(), kPrefix);
}

Head first_head() {
  return {.store_id = id(1), .entry = 4, .revision = 10, .nonce = id(2)};
}

// Behind the head, the entry of an attempt.
Head behind(const Head& head, std::uint8_t nonce) {
  Head after = head;
  ++after.entry, ++after.revision;
  after.nonce = id(nonce);
  return after;
}

class EtcdLogTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { nodes_ = std::make_unique<EtcdNodes>(); }
  static void TearDownTestSuite() { nodes_.reset(); }
  void SetUp() override {
    client_ = Client::make(nodes_->options()).value();
    ASSERT_TRUE(client_->erase({kPrefix, end_of_prefix(kPrefix)}, kLong));
    log_ = log_of(nodes_->options());
  }

  SeenHead founded() { return log_->found(first_head(), kLong).head.value(); }
  SeenHead appended(const SeenHead& before, std::uint8_t nonce, const std::string& entry) {
    const Attempt attempt = log_->append(before, behind(before.head, nonce), entry, std::nullopt, kLong);
    EXPECT_EQ(attempt.fate, Fate::applied);
    return attempt.head.value_or(before);
  }

  static inline std::unique_ptr<EtcdNodes> nodes_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Log> log_;
};

// --- The head. ---

TEST_F(EtcdLogTest, AShardIsFoundedOnce) {
  EXPECT_FALSE(log_->read_head(kLong).value());
  const SeenHead head = founded();
  EXPECT_EQ(head.head, first_head());
  EXPECT_EQ(log_->read_head(kLong).value(), head);
  const Attempt again = log_->found(behind(first_head(), 3), kLong);
  EXPECT_EQ(again.fate, Fate::refused);
  EXPECT_EQ(again.head, head);
}

TEST_F(EtcdLogTest, AnAppendIsFencedByVersionAndValueAndNumber) {
  const SeenHead head = founded();
  const SeenHead next = appended(head, 3, "five");
  EXPECT_EQ(log_->read_head(kLong).value(), next);

  // One that comes late; with what is there.
  const Attempt late = log_->append(head, behind(head.head, 4), "late", std::nullopt, kLong);
  EXPECT_EQ(late.fate, Fate::refused);
  EXPECT_EQ(late.head, next);
  EXPECT_EQ(late.entry, "five");
  EXPECT_EQ(late.lowest, 5U);

  SeenHead another_version = next;
  ++another_version.version;
  EXPECT_EQ(log_->append(another_version, behind(next.head, 4), "x", std::nullopt, kLong).fate,
            Fate::refused);
  SeenHead another_value = next;
  another_value.head.term = 7;
  EXPECT_EQ(log_->append(another_value, behind(next.head, 4), "x", std::nullopt, kLong).fate, Fate::refused);
  Head same_number = behind(next.head, 4);
  same_number.entry = 5;
  const Attempt taken = log_->append(next, same_number, "x", std::nullopt, kLong);
  EXPECT_EQ(taken.fate, Fate::refused);
  EXPECT_EQ(taken.entry, "five");
  EXPECT_EQ(log_->read_head(kLong).value(), next);
}

TEST_F(EtcdLogTest, ATakeOverNeedsAnEmptyPlace) {
  const SeenHead head = founded();
  const Lease lease = log_->grant_lease(1h, kLong).value();
  const auto term = [](Head of, std::uint8_t process) {
    ++of.term;
    of.process = id(process);
    return of;
  };
  const Leader leader{.process = id(7), .term = 1, .address = "host:1"};
  const Attempt taken = log_->take_over(head, term(head.head, 7), {leader, lease}, kLong);
  ASSERT_EQ(taken.fate, Fate::applied);
  EXPECT_EQ(log_->read_leader(kLong).value(), leader);

  const Attempt second = log_->take_over(*taken.head, term(taken.head->head, 8),
                                         {Leader{.process = id(8), .term = 2}, lease}, kLong);
  EXPECT_EQ(second.fate, Fate::refused);
  EXPECT_EQ(second.leader, leader);
  EXPECT_EQ(second.head, taken.head);

  EXPECT_FALSE(log_->remove_leader({.process = id(8), .term = 2}, kLong).value());
  EXPECT_TRUE(log_->remove_leader(leader, kLong).value());
  EXPECT_FALSE(log_->read_leader(kLong).value());

  // A leader whose place is empty puts itself back with its append; it does not with a lease that has ended.
  const SeenHead own = *taken.head;
  ASSERT_TRUE(log_->revoke_lease(lease, kLong));
  const Attempt gone = log_->append(own, behind(own.head, 3), "five", Log::LeaderPut{leader, lease}, kLong);
  EXPECT_EQ(gone.fate, Fate::failed);
  EXPECT_EQ(gone.error, ErrorCode::not_leader);
  const Lease another = log_->grant_lease(1h, kLong).value();
  EXPECT_EQ(log_->append(own, behind(own.head, 3), "five", Log::LeaderPut{leader, another}, kLong).fate,
            Fate::applied);
  EXPECT_EQ(log_->read_leader(kLong).value(), leader);
  ASSERT_TRUE(log_->revoke_lease(another, kLong));
  EXPECT_FALSE(log_->read_leader(kLong).value());
  EXPECT_EQ(log_->keep_lease(another, kLong).error(), ErrorCode::not_leader);
}

TEST_F(EtcdLogTest, AValueOfOthersIsNoHead) {
  ASSERT_TRUE(
      client_->repeatable_txn({.when = {}, .then = {Put{std::string(kPrefix) + "head", "other"}}}, kLong));
  EXPECT_EQ(log_->read_head(kLong).error(), ErrorCode::corrupt_store);
  EXPECT_EQ(log_->read_entries(1, 100, kLong).error(), ErrorCode::corrupt_store);
}

// --- Entries. ---

TEST_F(EtcdLogTest, EntriesAreReadByBytesAndWatchedFromThere) {
  SeenHead head = founded();
  for (std::uint8_t i = 0; i < 20; ++i)
    head = appended(head, i, std::string(1'000, static_cast<char>('a' + i)));
  const Stretch all = log_->read_entries(5, 1'000'000, kLong).value();
  ASSERT_EQ(all.entries.size(), 20U);
  EXPECT_EQ(all.entries[0].number, 5U);
  EXPECT_EQ(all.entries[19].number, 24U);
  EXPECT_EQ(all.entries[19].bytes, std::string(1'000, 't'));
  EXPECT_EQ(all.lowest, 5U);
  EXPECT_EQ(all.newest, 24U);
  EXPECT_EQ(log_->read_entries(7, 3'000, kLong)->entries.size(), 3U);
  EXPECT_EQ(log_->read_entries(7, 0, kLong)->entries.size(), 1U);
  EXPECT_TRUE(log_->read_entries(25, 100, kLong)->entries.empty());
  EXPECT_TRUE(log_->read_entries(4, 100, kLong)->entries.empty());   // what the log never had

  const auto watch = log_->watch(all.position);
  EXPECT_TRUE(watch->next(0ms).entries.empty());
  appended(head, 30, "next");
  Watch::Event event;
  while (event.entries.empty() && !event.ended) event = watch->next(1s);
  ASSERT_EQ(event.entries.size(), 1U);
  EXPECT_EQ(event.entries[0].number, 25U);
  EXPECT_EQ(event.entries[0].bytes, "next");
}

TEST_F(EtcdLogTest, TrimmingTakesEntriesAndPartsAndCompacts) {
  const SeenHead head = founded();
  const std::int64_t before = log_->read_entries(5, 1, kLong)->position;
  const std::string large(kMaxValueBytes, 'p');
  ASSERT_TRUE(log_->put_part(5, id(3), 0, large, kLong));
  ASSERT_TRUE(log_->put_part(5, id(3), 0, large, kLong));   // again: no error
  ASSERT_TRUE(log_->put_part(6, id(4), 1, "part", kLong));
  EXPECT_EQ(log_->read_part(5, id(3), 0, kLong), large);
  const SeenHead five = appended(head, 3, "five");
  const SeenHead six = appended(five, 4, std::string(kMaxValueBytes, 'e'));

  ASSERT_TRUE(log_->trim(6, kLong));
  const Stretch stretch = log_->read_entries(5, 1, kLong).value();
  EXPECT_TRUE(stretch.entries.empty());
  EXPECT_EQ(stretch.lowest, 6U);
  EXPECT_EQ(stretch.newest, 6U);
  EXPECT_EQ(log_->read_entries(6, 1, kLong)->entries.at(0).bytes.size(), kMaxValueBytes);
  EXPECT_EQ(log_->read_part(5, id(3), 0, kLong).error(), ErrorCode::corrupt_store);
  EXPECT_EQ(log_->read_part(6, id(4), 1, kLong), "part");
  EXPECT_EQ(log_->append(head, behind(head.head, 9), "late", std::nullopt, kLong).lowest, 6U);
  const auto watch = log_->watch(before);
  Watch::Event event;
  while (event.entries.empty() && !event.ended) event = watch->next(1s);
  EXPECT_TRUE(event.ended);
  EXPECT_EQ(six.head.entry, 6U);
}

TEST_F(EtcdLogTest, SweepingTakesThePartsOfEntriesToCome) {
  const SeenHead head = founded();
  ASSERT_TRUE(log_->put_part(4, id(3), 0, "kept", kLong));
  ASSERT_TRUE(log_->put_part(5, id(3), 0, "swept", kLong));
  ASSERT_TRUE(log_->put_part(6, id(4), 1, "swept", kLong));
  ASSERT_TRUE(log_->sweep_parts(head, kLong));
  EXPECT_EQ(log_->read_part(4, id(3), 0, kLong), "kept");
  EXPECT_FALSE(log_->read_part(5, id(3), 0, kLong));
  EXPECT_FALSE(log_->read_part(6, id(4), 1, kLong));
}

TEST_F(EtcdLogTest, WhoSweepsTooLateTakesNothing) {
  const SeenHead head = founded();
  ASSERT_TRUE(log_->put_part(5, id(3), 0, "named", kLong));
  appended(head, 3, "five");
  ASSERT_TRUE(log_->sweep_parts(head, kLong));
  EXPECT_EQ(log_->read_part(5, id(3), 0, kLong), "named");
}

// --- Members and snapshots. ---

TEST_F(EtcdLogTest, ANodeIsOfOneProcess) {
  const Lease lease = log_->grant_lease(1h, kLong).value();
  Member member{.node = id(1), .process = id(2), .address = "host:1", .synced = 3, .memory_budget = 4};
  ASSERT_TRUE(log_->put_member(member, lease, kLong));
  member.synced = 9;
  ASSERT_TRUE(log_->put_member(member, lease, kLong));
  EXPECT_EQ(log_->read_members(kLong).value(), std::vector{member});
  Member copy = member;
  copy.process = id(3);
  const Result<void> refused = log_->put_member(copy, lease, kLong);
  EXPECT_EQ(refused.error(), ErrorCode::cluster_member);
  EXPECT_NE(refused.error().message().find("host:1"), std::string::npos);
  ASSERT_TRUE(log_->revoke_lease(lease, kLong));
  EXPECT_TRUE(log_->read_members(kLong)->empty());
  EXPECT_EQ(log_->put_member(copy, lease, kLong).error(), ErrorCode::not_leader);
}

TEST_F(EtcdLogTest, ASnapshotOnlyAdvances) {
  EXPECT_FALSE(log_->read_snapshot(kLong).value());
  Snapshot snapshot{.entry = 5, .chain = 6, .revision = 7, .bytes = 8, .remote = true, .place = "here"};
  EXPECT_TRUE(log_->advance_snapshot(snapshot, kLong).value());
  EXPECT_EQ(log_->read_snapshot(kLong).value(), snapshot);
  EXPECT_TRUE(log_->advance_snapshot(snapshot, kLong).value());   // as after an answer that was lost
  Snapshot another = snapshot;
  another.place = "there";
  EXPECT_FALSE(log_->advance_snapshot(another, kLong).value());
  another.entry = 6;
  EXPECT_TRUE(log_->advance_snapshot(another, kLong).value());
  EXPECT_FALSE(log_->advance_snapshot(snapshot, kLong).value());
  EXPECT_EQ(log_->read_snapshot(kLong).value(), another);
}

TEST_F(EtcdLogTest, ItTellsWhatTheQuotaIsHeldAgainst) {
  const Usage usage = log_->usage(kLong).value();
  EXPECT_GT(usage.in_use, 0U);
  EXPECT_GE(usage.bytes, usage.in_use);
}

// --- Bad days. ---

TEST(EtcdLogOnBadDays, AnAppendIsRepeatedUntilItsFateIsKnown) {
  EtcdNodes nodes({.count = 3});
  const auto log = log_of(nodes.options());
  SeenHead head = log->found(first_head(), kLong).head.value();
  for (std::uint8_t round = 0; round < 3; ++round) {
    nodes.stop(round);   // one after the other: the node that the client talks to is among them
    const Head after = behind(head.head, round);
    const std::string entry = "entry of " + std::to_string(round);
    Attempt attempt = log->append(head, after, entry, std::nullopt, 1s);
    while (attempt.fate == Fate::no_answer) attempt = log->append(head, after, entry, std::nullopt, 1s);
    ASSERT_NE(attempt.fate, Fate::failed) << attempt.error->message();
    ASSERT_TRUE(attempt.head);
    EXPECT_EQ(attempt.head->head, after);   // by this attempt, or by one that was not answered
    if (attempt.fate == Fate::refused) {
      EXPECT_EQ(attempt.entry, entry);
    }
    head = *attempt.head;
    nodes.go_on(round);
  }
  EXPECT_EQ(log->read_entries(5, 1'000, kLong)->entries.size(), 3U);
}

TEST(EtcdLogOnBadDays, NothingIsThere) {
  const auto log = log_of({.endpoints = {"127.0.0.1:1"}});
  EXPECT_EQ(log->read_head(100ms).error(), ErrorCode::io_error);
  const Attempt attempt = log->append({}, first_head(), "x", std::nullopt, 100ms);
  EXPECT_EQ(attempt.fate, Fate::failed);   // it was never sent
  EXPECT_EQ(attempt.error, ErrorCode::io_error);
  const auto watch = log->watch(0);
  log->stop();
  EXPECT_TRUE(watch->next(24h).ended);
  EXPECT_EQ(log->read_head(24h).error(), ErrorCode::cancelled);
}

// At a full quota every append is either in the log or not, as it is told; reading goes on, and trimming makes room.
TEST(EtcdLogOnBadDays, AFullQuotaLosesNothing) {
  EtcdNodes nodes({.count = 1, .options = {"--quota-backend-bytes", "4000000"}});
  const auto log = log_of(nodes.options());
  SeenHead head = log->found(first_head(), kLong).head.value();
  for (std::uint8_t i = 0;; ++i) {
    ASSERT_LT(i, 100);
    const Head after = behind(head.head, i);
    const Attempt attempt = log->append(head, after, std::string(400'000, 'x'), std::nullopt, kLong);
    if (attempt.fate == Fate::failed) {
      EXPECT_EQ(attempt.error, ErrorCode::disk_full);
      break;
    }
    ASSERT_EQ(attempt.fate, Fate::applied);
    head = *attempt.head;
  }
  EXPECT_EQ(log->read_head(kLong).value(), head);
  EXPECT_EQ(log->read_entries(5, 100'000'000, kLong)->entries.size(), head.head.entry - 4);
  ASSERT_TRUE(log->trim(head.head.entry, kLong));
  nodes.control("defrag");
  nodes.control("alarm disarm");
  EXPECT_EQ(log->append(head, behind(head.head, 200), "more", std::nullopt, kLong).fate, Fate::applied);
}

}   // namespace
}   // namespace usertags::cluster::etcd
