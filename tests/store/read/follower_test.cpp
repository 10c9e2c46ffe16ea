// Followers: read-only stores that keep up with a file which another store writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/record.hpp"
#include "model/typeid.hpp"
#include "sqlite/tables.hpp"

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/child.hpp"
#include "support/expect_equal.hpp"
#include "support/expect_log.hpp"
#include "support/fault_vfs.hpp"
#include "support/rewrite.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

class FollowerTest : public testing::Test {
 protected:
  static Options writing() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }
  // A log so short that a follower soon falls behind it.
  static Options forgetful() {
    Options options = writing();
    settings_of(options).history.min_changes = 3;
    options.housekeeping.backlog_users = 1;
    return options;
  }
  UserTagStore follow() const {
    Options options;
    options.access = Access::read_only;
    return must(UserTagStore::open(path_, options));
  }
  void expect_followed(UserTagStore& follower, CheckedStore& writer) const {
    EXPECT_EQ(must(follower.refresh()), writer.store().revision());
    expect_equal(follower, writer.reference());
    expect_log(follower, writer.reference());
    const VerifyReport report = must(follower.verify());
    EXPECT_TRUE(report.ok()) << report.problems.front().what;
    EXPECT_EQ(report.revision, writer.store().revision());
    EXPECT_EQ(report.digest, must(writer.store().verify()).digest);
  }
  static void write_some(CheckedStore& writer, int first, int count) {
    for (int n = first; n < first + count; ++n) {
      const std::string name = std::to_string(n % 7);
      if (!writer.find(name)) must(writer.create_user(name, {{"n", std::to_string(n)}}));
      must(writer.apply(name, TagBatch().set("n", std::to_string(n)).set(std::to_string(n % 3), "x")));
      if (n % 5 == 0) must(writer.delete_user(name));
    }
  }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_F(FollowerTest, ShowsItsMomentUntilItIsRefreshed) {
  CheckedStore writer(path_, writing());
  must(writer.create_user("ann", {{"tier", "trial"}}));
  auto follower = follow();
  must(writer.apply("ann", TagBatch().set("tier", "gold")));
  EXPECT_EQ(value_of(follower, "ann", "tier"), "trial");
  EXPECT_EQ(follower.revision(), 1U);
  EXPECT_EQ(must(follower.refresh()), 2U);
  EXPECT_EQ(value_of(follower, "ann", "tier"), "gold");
  EXPECT_EQ(must(follower.refresh()), 2U);
}

TEST_F(FollowerTest, FollowsEveryKindOfChange) {
  CheckedStore writer(path_, writing());
  auto follower = follow();
  for (int round = 0; round < 10; ++round) {
    write_some(writer, 10 * round, 10);
    expect_followed(follower, writer);
  }
  must(writer.apply_all(std::vector<Write>{CreateUser{"left", {}, {}}, CreateUser{"right", {}, {}}}));
  expect_followed(follower, writer);
}

TEST_F(FollowerTest, FollowsManyChangesInOneGo) {
  CheckedStore writer(path_, writing());
  auto follower = follow();
  std::vector<Write> writes;
  for (int n = 0; n < 10'000; ++n) writes.push_back(CreateUser{std::to_string(n), {{"n", "0"}}, {}});
  for (const auto& answer : writer.store().apply_each(writes)) must(answer);
  EXPECT_EQ(must(follower.refresh()), 10'000U);
  EXPECT_EQ(must(follower.count(key("n") == "0")).count, 10'000U);
  EXPECT_TRUE(must(follower.verify()).ok());
}

TEST_F(FollowerTest, LoadsAllWhenItHasFallenBehindTheLog) {
  CheckedStore writer(path_, forgetful());
  write_some(writer, 0, 5);
  auto follower = follow();
  for (int round = 1; round < 6; ++round) {
    write_some(writer, 100 * round, 60);
    writer.maintain();
    ASSERT_GT(writer.store().stats().log_floor, follower.revision() + 1);
    expect_followed(follower, writer);
  }
}

TEST_F(FollowerTest, AfterAFullLoadSnapshotsAndCursorsFromBeforeStayGood) {
  CheckedStore writer(path_, forgetful());
  for (const char* name : {"a", "b", "c"}) must(writer.create_user(name, {{"n", "0"}}));
  auto follower = follow();
  const User before = must(follower.find("a"));
  const UserPage first = must(follower.list({.limit = 1}));
  must(writer.delete_user("b"));
  must(writer.create_user("b", {{"n", "1"}}));   // another user of the same name
  for (int n = 0; n < 30; ++n) must(writer.apply("a", TagBatch().set("n", std::to_string(n))));
  writer.maintain();
  must(follower.refresh());
  EXPECT_EQ(value_of(before, "n"), "0");
  EXPECT_EQ(value_of(follower, "a", "n"), "29");
  EXPECT_EQ(value_of(follower, "b", "n"), "1");
  const UserPage rest = must(follower.list({.limit = 10, .after = first.next}));
  ASSERT_EQ(rest.users.size(), 2U);
  EXPECT_EQ(rest.users[0].external_id(), "c");
  EXPECT_EQ(rest.users[1].external_id(), "b");
}

TEST_F(FollowerTest, GoesOnOverTheWritersEndAndItsNextStart) {
  CheckedStore writer(path_, writing());
  must(writer.create_user("ann"));
  auto follower = follow();
  const std::uint64_t epoch = follower.position().epoch();
  for (const Ending ending : {Ending::closed, Ending::dropped}) {
    must(writer.apply("ann", TagBatch().set("n", std::to_string(static_cast<int>(ending)))));
    writer.reopen(ending, writing());
    expect_followed(follower, writer);
    must(writer.apply("ann", TagBatch().set("m", std::to_string(static_cast<int>(ending)))));
    expect_followed(follower, writer);
  }
  EXPECT_EQ(follower.position().epoch(), epoch);
}

TEST_F(FollowerTest, StartsWhereNobodyWritesAndHoldsNobodyOff) {
  {
    CheckedStore writer(path_, writing());
    must(writer.create_user("ann"));
    must(writer.store().close());
  }
  auto follower = follow();
  EXPECT_EQ(must(follower.refresh()), 1U);
  auto writer = must(UserTagStore::open(path_, writing()));
  must(writer.create_user("bob"));
  EXPECT_EQ(must(follower.refresh()), 2U);
  EXPECT_TRUE(follower.find("bob"));
  must(writer.close());
  EXPECT_EQ(must(follower.refresh()), 2U);
}

TEST_F(FollowerTest, TakesTheEpochOfAWriterThatEndedUncleanly) {
  const auto write_and_die = [&](const Reporter& parent) {
    auto store = must(UserTagStore::open(path_, writing()));
    must(store.create_user("user of " + std::to_string(getpid())));
    parent.tell("written");
    pause();
  };
  {
    Child child(write_and_die);
    ASSERT_TRUE(child.read_line());
    child.kill();
  }
  auto follower = follow();
  EXPECT_EQ(follower.revision(), 1U);
  const Position before = follower.position();
  {
    Child child(write_and_die);
    ASSERT_TRUE(child.read_line());
    EXPECT_EQ(must(follower.refresh()), 2U);
    child.kill();
  }
  EXPECT_GT(follower.position().epoch(), before.epoch());
  EXPECT_TRUE(must(follower.changes(before)).epoch_changed);
  EXPECT_EQ(must(follower.refresh()), 2U);
}

TEST_F(FollowerTest, FollowsTokensToo) {
  Options options = writing();
  settings_of(options).tokens.max_count = 2;
  CheckedStore writer(path_, options);
  must(writer.create_user("ann", {}, {.token = "0"}));
  auto follower = follow();
  EXPECT_TRUE(must(follower.plan("ann", TagBatch(), {.token = "1"})).user);
  must(writer.apply("ann", TagBatch(), {.token = "1"}));   // a commit without a change
  must(follower.refresh());
  EXPECT_TRUE(must(follower.plan("ann", TagBatch(), {.token = "1"})).replayed);
  for (int n = 2; n < 40; ++n) must(writer.apply("ann", TagBatch(), {.token = std::to_string(n)}));
  must(follower.refresh());
  EXPECT_EQ(follower.stats().tokens, writer.store().stats().tokens);
  EXPECT_FALSE(must(follower.plan("ann", TagBatch(), {.token = "1"})).replayed);
}

// Under the same text there is then another token, and nothing is there twice.
TEST_F(FollowerTest, FollowsATokenThatWasForgottenAndGivenAnew) {
  Options options = writing();
  settings_of(options).tokens.max_count = 1;
  CheckedStore writer(path_, options);
  must(writer.create_user("ann", {}, {.token = "t"}));
  auto follower = follow();
  for (int round = 0; round < 4; ++round) {
    for (int n = 0; n < 5; ++n) {
      const std::string name = std::to_string(10 * round + n);
      must(writer.create_user(name, {}, {.token = name}));
    }
    const auto again = must(writer.create_user("again " + std::to_string(round), {}, {.token = "t"}));
    ASSERT_FALSE(again.replayed);
    expect_followed(follower, writer);
    EXPECT_EQ(follower.stats().tokens, writer.store().stats().tokens);
    EXPECT_EQ(code_of(follower.plan("ann", TagBatch(), {.token = "t"})), ErrorCode::token_reused);
  }
}

// Whatever a writer does to the store between two looks.
TEST_F(FollowerTest, OutlivesAllThatAWriterMayDo) {
  Options options = forgetful();
  settings_of(options).tokens.max_count = 2;
  CheckedStore writer(path_, options);
  write_some(writer, 0, 10);
  auto follower = follow();
  const std::function<void(int)> deeds[] = {
      [&](int n) { write_some(writer, 1'000 * n, 40); },
      [&](int) { writer.maintain(); },
      [&](int) { must(writer.store().compact()); },
      [&](int) { must(writer.store().checkpoint()); },
      [&](int) { writer.reopen(Ending::closed, options); },
      [&](int) { writer.reopen(Ending::dropped, options); },
      [&](int n) {
        const std::string name = "again";
        if (writer.find(name)) must(writer.delete_user(name));
        must(writer.create_user(name, {{"n", std::to_string(n)}}, {.token = "again " + std::to_string(n)}));
      },
  };
  std::minstd_rand random(42);
  for (int n = 1; n < 60; ++n) {
    for (int times = 0; times < 3; ++times) deeds[random() % std::size(deeds)](3 * n + times);
    expect_followed(follower, writer);
    EXPECT_EQ(follower.stats().tokens, writer.store().stats().tokens);
  }
}

TEST_F(FollowerTest, ReadersBesideARefreshSeeWholeTransactionsInOrder) {
  auto writer = must(UserTagStore::open(path_, writing()));
  must(writer.create_user("left", {{"n", "0"}}));
  must(writer.create_user("right", {{"n", "0"}}));
  auto follower = follow();
  std::atomic<bool> done = false;
  const auto read = [&] {
    const std::vector<UserRef> both{"left", "right"};
    std::uint64_t newest = 0;
    while (!done) {
      const auto found = follower.find_each(both);
      EXPECT_EQ(value_of(*found[0], "n"), value_of(*found[1], "n"));
      EXPECT_GE(found[0]->revision(), newest);
      newest = found[0]->revision();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(read);
  threads.emplace_back([&] {
    while (!done) must(follower.refresh());
  });
  for (int n = 1; n <= 300; ++n) {
    const TagBatch batch = TagBatch().set("n", std::to_string(n));
    const auto applied = must(
        writer.apply_all(std::vector<Write>{PatchUser{"left", batch, {}}, PatchUser{"right", batch, {}}}));
    if (n % 10 != 0) continue;
    EXPECT_GE(must(follower.read_at_least(applied[1].revision, 1min)), applied[1].revision);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  must(follower.refresh());
  EXPECT_EQ(value_of(follower, "left", "n"), "300");
}

// --- Never silently stale. ---

TEST_F(FollowerTest, ReadAtLeastWaitsForTheRevisionAndNoLonger) {
  auto writer = must(UserTagStore::open(path_, writing()));
  auto follower = follow();
  EXPECT_EQ(must(follower.read_at_least(0, 0ms)), 0U);
  const auto early = follower.read_at_least(1, 0ms);
  ASSERT_EQ(code_of(early), ErrorCode::timeout);
  EXPECT_EQ(early.error().current_revision(), 0U);
  std::thread waiting([&] {
    EXPECT_EQ(must(follower.read_at_least(2, 1min)), 2U);
    EXPECT_TRUE(follower.find("bob"));
  });
  must(writer.create_user("ann"));
  must(writer.create_user("bob"));
  waiting.join();
}

TEST_F(FollowerTest, InAStoreThatWritesItWaitsForThePublishing) {
  auto store = must(UserTagStore::open_in_memory());
  EXPECT_EQ(must(store.refresh()), 0U);
  EXPECT_EQ(code_of(store.read_at_least(1, 0ms)), ErrorCode::timeout);
  std::thread waiting([&] { EXPECT_EQ(must(store.read_at_least(1, 1min)), 1U); });
  must(store.create_user("ann"));
  waiting.join();
}

TEST_F(FollowerTest, ClosingWakesWhoWaits) {
  {
    auto writer = must(UserTagStore::open(path_, writing()));
  }
  auto follower = follow();
  std::thread waiting([&] { EXPECT_EQ(code_of(follower.read_at_least(1, 1h)), ErrorCode::store_closed); });
  must(follower.close());
  waiting.join();
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::store_closed);
}

// --- What is no continuation. ---

class Replaced : public FollowerTest {
 protected:
  Replaced() {
    auto writer = must(UserTagStore::open(path_, writing()));
    must(writer.create_user("ann", {{"tier", "trial"}}));
    must(writer.close());
    std::filesystem::copy_file(path_, older_);
    writer = must(UserTagStore::open(path_, writing()));
    must(writer.apply("ann", TagBatch().set("tier", "gold")));
    must(writer.close());
  }
  void put_in_place(const std::filesystem::path& other) const { std::filesystem::rename(other, path_); }
  void expect_refused(UserTagStore& follower) const {
    const auto refused = follower.refresh();
    EXPECT_EQ(code_of(refused), ErrorCode::store_failed) << told(refused);
    EXPECT_EQ(code_of(follower.read_at_least(2, 1min)), ErrorCode::store_failed);
    EXPECT_EQ(value_of(follower, "ann", "tier"), "gold") << "reads go on as they were";
  }

  std::filesystem::path older_ = folder_ / "older.db";
};

TEST_F(Replaced, AnOlderCopy) {
  auto follower = follow();
  put_in_place(older_);
  expect_refused(follower);
}

TEST_F(Replaced, AnOlderCopyThatWentAnotherWay) {
  auto follower = follow();
  auto writer = must(UserTagStore::open(older_, writing()));
  for (const char* tier : {"silver", "tin"}) must(writer.apply("ann", TagBatch().set("tier", tier)));
  must(writer.close());
  put_in_place(older_);
  expect_refused(follower);
}

TEST_F(Replaced, AnotherStore) {
  auto follower = follow();
  auto other = must(UserTagStore::open(folder_ / "other.db", writing()));
  for (const char* name : {"a", "b", "c"}) must(other.create_user(name));
  must(other.close());
  put_in_place(folder_ / "other.db");
  expect_refused(follower);
}

TEST_F(Replaced, ANewerCopyIsAContinuation) {
  std::filesystem::copy_file(path_, folder_ / "newer.db");
  auto follower = follow();
  auto writer = must(UserTagStore::open(folder_ / "newer.db", writing()));
  must(writer.apply("ann", TagBatch().set("tier", "platinum")));
  must(writer.close());
  put_in_place(folder_ / "newer.db");
  EXPECT_EQ(must(follower.refresh()), 3U);
  EXPECT_EQ(value_of(follower, "ann", "tier"), "platinum");
}

// At the same revision, and with fewer tokens: a request would be answered that the store no longer knows.
TEST_F(Replaced, AnOlderCopyOfTheSameRevision) {
  std::filesystem::copy_file(path_, folder_ / "same.db");
  auto writer = must(UserTagStore::open(path_, writing()));
  must(writer.apply("ann", TagBatch(), {.token = "a"}));
  must(writer.close());
  auto follower = follow();
  writer = must(UserTagStore::open(folder_ / "same.db", writing()));
  must(writer.close());
  std::filesystem::copy_file(folder_ / "same.db", folder_ / "other.db");
  put_in_place(folder_ / "same.db");
  expect_refused(follower);
  writer = must(UserTagStore::open(folder_ / "other.db", writing()));
  for (const char* token : {"b", "c"}) must(writer.apply("ann", TagBatch(), {.token = token}));
  must(writer.close());
  put_in_place(folder_ / "other.db");
  expect_refused(follower);
}

TEST_F(Replaced, ARefusedFileIsLeftToItsWriters) {
  auto follower = follow();
  put_in_place(older_);
  expect_refused(follower);
  Options impatient = writing();
  impatient.busy_timeout = 0ms;
  must(must(UserTagStore::open(path_, impatient)).close());
  EXPECT_TRUE(must(UserTagStore::adopt(path_, {.busy_timeout = 0ms})).adopted);
}

// A file that was renamed under the store takes no more of its writes, and its readers keep what they have.
TEST_F(Replaced, AFileThatWasRenamed) {
  auto writer = must(UserTagStore::open(path_, writing()));
  auto follower = follow();
  std::filesystem::rename(path_, folder_ / "renamed.db");
  EXPECT_EQ(code_of(writer.apply("ann", TagBatch().set("tier", "tin"))), ErrorCode::io_error);
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::io_error);
  EXPECT_EQ(value_of(writer, "ann", "tier"), "gold");
  EXPECT_EQ(value_of(follower, "ann", "tier"), "gold");
  std::ignore = writer.close();
  std::filesystem::rename(folder_ / "renamed.db", path_);
  EXPECT_EQ(must(follower.refresh()), 2U);
}

TEST_F(Replaced, AFileThatIsGone) {
  auto follower = follow();
  std::filesystem::remove(path_);
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::io_error);
  EXPECT_EQ(value_of(follower, "ann", "tier"), "gold");
}

// --- A refresh that fails. ---

// Closed, so that a follower reads it under the sidecar, which it must not keep.
TEST_F(FollowerTest, ARefreshBeyondTheBudgetHoldsNobodyOffAndCanBeTriedAgain) {
  auto writer = must(UserTagStore::open(path_, writing()));
  must(writer.create_user("ann", {{"tier", "gold"}}));
  must(writer.close());
  Options tight;
  tight.access = Access::read_only;
  tight.memory_budget = must(UserTagStore::open(path_, tight)).stats().memory_bytes() + 20'000;
  auto follower = must(UserTagStore::open(path_, tight));
  Options impatient = writing();
  impatient.busy_timeout = 0ms;
  writer = must(UserTagStore::open(path_, impatient));
  constexpr int kUsers = 5'000;   // more than are shown in one go
  std::vector<Write> creations;
  std::vector<Write> deletions;
  for (int n = 0; n < kUsers; ++n) {
    creations.push_back(CreateUser{std::to_string(n), {{"n", std::to_string(n)}}, {}});
    deletions.push_back(DeleteUser{std::to_string(n), {}});
  }
  for (const auto& answer : writer.apply_each(creations)) must(answer);
  must(writer.close());
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(code_of(follower.refresh()), ErrorCode::memory_budget_exceeded);
    EXPECT_EQ(value_of(follower, "ann", "tier"), "gold");
    EXPECT_EQ(follower.revision(), 1U);
    must(must(UserTagStore::open(path_, impatient)).close());
  }
  writer = must(UserTagStore::open(path_, impatient));
  for (const auto& answer : writer.apply_each(deletions)) must(answer);
  must(writer.close());
  EXPECT_EQ(must(follower.refresh()), 1U + 2 * kUsers);
  EXPECT_EQ(follower.stats().users, 1U);
}

// Every operation on the file fails once; whatever a refresh answers then, the next one is as if nothing had
// been.
TEST_F(FollowerTest, ARefreshThatCannotReadLeavesTheFollowerAsItWas) {
  for (const bool closed : {false, true}) {
    for (std::uint64_t nth = 1;; ++nth) {
      FaultVfs vfs;
      std::filesystem::remove(path_);
      for (const char* suffix : {"-wal", "-shm", ".lock"}) std::filesystem::remove(path_.string() + suffix);
      CheckedStore writer(path_, forgetful());
      write_some(writer, 0, 5);
      auto follower = follow();
      write_some(writer, 100, 10);
      if (nth % 2 == 0) writer.maintain();
      if (closed) must(writer.store().close());
      const std::uint64_t before = follower.revision();
      vfs.arm({.operation = FileOperation::read, .nth = nth});
      const auto refreshed = follower.refresh();
      const bool fired = vfs.fired() > 0;
      vfs.disarm();
      if (!refreshed) {
        EXPECT_GE(follower.revision(), before);
        EXPECT_TRUE(follower.count(Selector()));
      }
      if (closed) {
        Options impatient = forgetful();
        impatient.busy_timeout = 0ms;
        EXPECT_TRUE(UserTagStore::open(path_, impatient)) << nth;
        EXPECT_EQ(must(follower.refresh()), writer.reference().revision());
      } else {
        expect_followed(follower, writer);
      }
      if (!fired) break;
    }
  }
}

// --- Damage. ---

TEST_F(FollowerTest, ABrokenLogIsRefusedAndMemoryStaysAsItIs) {
  auto writer = must(UserTagStore::open(path_, writing()));
  must(writer.create_user("ann", {{"tier", "trial"}}));
  auto follower = follow();
  for (const char* tier : {"gold", "silver"}) must(writer.apply("ann", TagBatch().set("tier", tier)));
  rewrite(path_, [](sqlite::Connection& connection) {
    connection.execute("UPDATE segment SET entries = replace(entries, 'gold', 'forged') WHERE first = 2");
  });
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::corrupt_store);
  EXPECT_EQ(value_of(follower, "ann", "tier"), "trial");
  EXPECT_EQ(follower.revision(), 1U);
}

TEST_F(FollowerTest, ACommitRecordThatDoesNotFitTheLogIsRefused) {
  auto writer = must(UserTagStore::open(path_, writing()));
  must(writer.create_user("ann", {{"tier", "trial"}}));
  auto follower = follow();
  must(writer.apply("ann", TagBatch().set("tier", "gold")));
  rewrite_state(path_, [](sqlite::State& state) { state.digest.low += 1; });
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::foreign_write);
  EXPECT_EQ(follower.revision(), 1U);
  rewrite_state(path_, [](sqlite::State& state) { state.digest.low -= 1; });
  EXPECT_EQ(must(follower.refresh()), 2U);
}

TEST_F(FollowerTest, ACommitRecordThatDoesNotKnowItsNewestUserIsRefused) {
  auto writer = must(UserTagStore::open(path_, writing()));
  const model::Uuid older = *model::parse_user_id(std::string(must(writer.create_user("ann")).user->id()));
  auto follower = follow();
  must(writer.create_user("bob"));
  rewrite_state(path_, [&](sqlite::State& state) { state.last_id = older; });
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::corrupt_store);
  EXPECT_EQ(follower.revision(), 1U);
}

// Row, log and commit record agree on a third user, and still no store creates one so.
class ForgedCreation : public FollowerTest {
 protected:
  ForgedCreation() {
    auto writer = must(UserTagStore::open(path_, writing()));
    older_ = *model::parse_user_id(std::string(must(writer.create_user("ann")).user->id()));
    newer_ = *model::parse_user_id(std::string(must(writer.create_user("bob")).user->id()));
    ++newer_[0];
    must(writer.close());
  }
  void forge(const model::Uuid& id, std::string_view external_id) const {
    const auto forged = model::Record::make(3, 3, id, external_id, {});
    std::string patch;
    model::append_creation(std::string(forged->id()), external_id, std::span<const Tag>(), patch);
    model::Change change;
    change.revision = change.ordinal = 3;
    change.kind = ChangeKind::created;
    change.patch = patch;
    const std::string entries = entries_of(std::span(&change, 1));
    model::Segment segment = segment_of(std::span(&change, 1), entries);
    rewrite(path_, [&](sqlite::Connection& connection) {
      rewrite_state(connection, [&](sqlite::State& state) {
        segment.at_ms = state.last_at_ms;
        segment.lived_ms = state.lived_ms;
        segment.checksum = state.log_checksum = model::chain_checksum(state.log_checksum, segment);
        state.revision = state.folded_revision = state.last_ordinal = 3;
        state.last_id = std::max(state.last_id, id);
        state.digest += model::user_hash(*forged);
      });
      sqlite::ChangeLog(connection).append(segment);
      sqlite::UserTable(connection).put(*forged);
    });
  }
  void expect_refused(const model::Uuid& id, std::string_view external_id, std::string_view why) const {
    auto follower = follow();
    forge(id, external_id);
    const std::string answer = told(follower.refresh());
    EXPECT_TRUE(answer.contains(why)) << answer;
    EXPECT_EQ(follower.revision(), 2U);
    EXPECT_EQ(must(follower.count(Selector())).count, 2U);
  }

  model::Uuid older_;
  model::Uuid newer_;
};

TEST_F(ForgedCreation, OfAnOldIdIsRefused) {
  expect_refused(older_, "eve", "is out of order");
}

TEST_F(ForgedCreation, OfANameThatIsTakenIsRefused) {
  expect_refused(newer_, "ann", "two users have the external id");
}

TEST_F(ForgedCreation, WhereAllFitsIsFollowed) {
  auto follower = follow();
  forge(newer_, "eve");
  EXPECT_EQ(must(follower.refresh()), 3U);
  EXPECT_TRUE(follower.find("eve"));
}

TEST_F(FollowerTest, AChildOfAForkIsToldSo) {
  auto writer = must(UserTagStore::open(path_, writing()));
  auto follower = follow();
  Child child([&](const Reporter& parent) {
    parent.tell(std::string(to_string(follower.refresh().error().code())));
  });
  EXPECT_EQ(child.read_line(), "forked");
  EXPECT_EQ(child.wait(), 0);
  must(writer.create_user("ann"));
  EXPECT_EQ(must(follower.refresh()), 1U);
}

}   // namespace
}   // namespace usertags::test
