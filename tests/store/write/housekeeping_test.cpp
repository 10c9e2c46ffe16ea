// Housekeeping: fold, prune, checkpoint, and what stats says of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/rewrite.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

class Housekeeping : public testing::Test {
 protected:
  static Options tight() {
    Options options;
    options.durability = Durability::relaxed;
    options.housekeeping.backlog_users = 10;
    options.housekeeping.checkpoint_wal_bytes = 100'000;
    settings_of(options).history.min_changes = 20;
    return options;
  }
  std::string ask(const char* sql) const {
    return StockSqlite(path_, SQLITE_OPEN_READONLY).query(sql).at(0).at(0);
  }

  static void create(CheckedStore& store, int users) {
    std::vector<Write> writes;
    for (int n = 0; n < users; ++n) writes.push_back(CreateUser{std::to_string(n), {{"n", "0"}}, {}});
    std::ignore = store.apply_each(writes);
  }
  static void patch(CheckedStore& store, int user, int value) {
    must(store.apply(std::to_string(user), TagBatch().set("n", std::to_string(value))));
  }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "users.db";
  int value_ = 0;   // the newest that was written
};

TEST_F(Housekeeping, KeepsBacklogAndLogBounded) {
  CheckedStore store(path_, tight());
  create(store, 30);
  for (int n = 1; n <= 1'000; ++n) {
    patch(store, (n * 7) % 30, n);
    ASSERT_LE(store.store().stats().backlog_users, 19U) << n;   // three fifths of the users, and the one
  }
  const Stats stats = store.store().stats();
  EXPECT_GT(stats.folded_users, 0U);
  EXPECT_GT(stats.folded_revision, stats.revision - 200);
  EXPECT_GT(stats.log_floor, stats.revision - 400);
  EXPECT_EQ(ask("SELECT count(*) FROM change"), std::to_string(stats.revision + 1 - stats.log_floor));
  EXPECT_EQ(ask("SELECT min(seq) FROM change"), std::to_string(stats.log_floor));
  store.check_all();
  store.reopen(Ending::killed, tight());
  store.check_all();
}

TEST_F(Housekeeping, AUserPatchedOverAndOverDoesNotMakeTheReplayLong) {
  CheckedStore store(path_, tight());
  create(store, 30);
  for (int n = 1; n <= 1'000; ++n) patch(store, 3, n);
  EXPECT_GT(store.store().stats().folded_revision, 900U);
}

TEST_F(Housekeeping, ARowIsFoldedToWhatIsVisibleAndNoFurtherBack) {
  CheckedStore store(path_, tight());
  create(store, 30);
  for (int n = 1; n <= 300; ++n) patch(store, n % 30, n);
  store.maintain();
  EXPECT_EQ(store.store().stats().backlog_users, 0U);
  EXPECT_EQ(store.store().stats().folded_revision, store.store().revision());
  EXPECT_EQ(ask("SELECT sum(json_extract(tags, '$.n')) FROM user"), std::to_string((271 + 300) * 30 / 2));
  EXPECT_EQ(ask("SELECT max(revision) FROM user"), std::to_string(store.store().revision()));
}

TEST_F(Housekeeping, KeepsAllOfTheHistoryWhereThatIsWanted) {
  Options options = tight();
  settings_of(options).history.keep_all = true;
  CheckedStore store(path_, options);
  create(store, 5);
  for (int n = 1; n <= 300; ++n) patch(store, n % 5, n);
  store.maintain();
  EXPECT_EQ(store.store().stats().log_floor, 1U);
  EXPECT_EQ(must(store.store().verify()).changes, 305U);
}

TEST_F(Housekeeping, KeepsWhatIsYoungerThanTheMinimumAge) {
  std::atomic<std::chrono::nanoseconds> now{1'000'000s};
  Options options = tight();
  settings_of(options).history.min_age = 1h;
  options.uptime = [&] { return now.load(); };
  CheckedStore store(path_, options);
  create(store, 5);
  for (int n = 1; n <= 300; ++n) patch(store, n % 5, n);
  store.maintain();
  EXPECT_EQ(store.store().stats().log_floor, 1U);
  now = now.load() + 2h;
  patch(store, 0, 301);
  store.maintain();
  EXPECT_GT(store.store().stats().log_floor, 200U);
  EXPECT_GE(store.store().revision() + 1 - store.store().stats().log_floor, 20U);
  store.check_all();
}

// Both bounds at once, and the greatest age there is.
TEST_F(Housekeeping, KeepsWhatIsWithinEitherBound) {
  std::atomic<std::chrono::nanoseconds> now{1'000'000s};
  Options options = tight();
  settings_of(options).history.min_changes = 100;
  settings_of(options).history.min_age = 1h;
  options.uptime = [&] { return now.load(); };
  auto store = must(UserTagStore::open(path_, options));
  const auto floor_after = [&](int patches) {
    for (int n = 0; n < patches; ++n) must(store.apply("0", TagBatch().set("n", std::to_string(++value_))));
    must(store.maintain(1min));
    return store.stats().log_floor;
  };
  must(store.create_user("0"));
  EXPECT_EQ(floor_after(249), 1U) << "younger than an hour";
  now = now.load() + 2h;
  EXPECT_EQ(floor_after(1), 101U) << "100 are kept, however old, and go by the hundred";
  now = now.load() + 2h;
  EXPECT_EQ(floor_after(300), 201U) << "what is younger is kept, however many";
  must(store.change_settings(
      {.history = History{.min_changes = 100, .min_age = std::chrono::seconds::max()}}));
  now = now.load() + 2h;
  EXPECT_EQ(floor_after(150), 201U);
}

class PrunedTransactions : public Housekeeping {
 protected:
  // Of 100 changes, those from `first` to `last` are one transaction, and 20 are kept. Answers the floor.
  std::uint64_t floor_with(std::uint64_t first, std::uint64_t last) {
    Options options = tight();
    settings_of(options).history.keep_all = true;
    {
      auto store = must(UserTagStore::open(path_, options));
      must(store.create_user("ann"));
      for (int n = 1; n < 100; ++n) must(store.apply("ann", TagBatch().set("n", std::to_string(n))));
      must(store.close());
    }
    rewrite_log(path_, [&](std::vector<OwnedChange>& changes) { make_transaction(changes, first, last); });
    auto store = must(UserTagStore::open(path_));
    must(store.change_settings({.history = settings_of(options = tight()).history}));
    must(store.maintain(1min));
    EXPECT_TRUE(must(store.verify()).ok());
    return store.stats().log_floor;
  }
};

TEST_F(PrunedTransactions, OneThatEndsWithinTheBoundGoesAsAWhole) {
  EXPECT_EQ(floor_with(15, 25), 81U);
}

TEST_F(PrunedTransactions, OneThatEndsAtTheBoundGoesAsAWhole) {
  EXPECT_EQ(floor_with(15, 80), 81U);
}

TEST_F(PrunedTransactions, OneThatReachesBeyondTheBoundStaysAsAWhole) {
  EXPECT_EQ(floor_with(75, 81), 75U);
}

TEST_F(PrunedTransactions, OneThatBeginsAtTheFloorStaysAsAWhole) {
  EXPECT_EQ(floor_with(1, 81), 1U);
}

TEST_F(Housekeeping, ForgetsTheDeletedOnceTheLogHasPassedThem) {
  CheckedStore store(path_, tight());
  create(store, 40);
  for (int n = 0; n < 30; ++n) must(store.delete_user(std::to_string(n)));
  EXPECT_GT(std::stoi(ask("SELECT count(*) FROM user WHERE tags IS NULL")), 0);
  for (int n = 1; n <= 300; ++n) patch(store, 30 + n % 10, n);
  store.maintain();
  EXPECT_EQ(ask("SELECT count(*) FROM user"), "10");
  store.check_all();
  store.reopen(Ending::closed, tight());
  store.check_all();
}

TEST_F(Housekeeping, CheckpointsOftenEnoughThatTheWalStaysShort) {
  CheckedStore store(path_, tight());
  create(store, 30);
  std::uint64_t longest = 0;
  for (int n = 1; n <= 1'000; ++n) {
    patch(store, n % 30, n);
    longest = std::max(longest, store.store().stats().wal_bytes);
  }
  EXPECT_GT(store.store().stats().checkpoints, 3U);
  EXPECT_LT(longest, 400'000U);
  EXPECT_LT(std::filesystem::file_size(path_.string() + "-wal"), 400'000U);
}

TEST_F(Housekeeping, AReaderThatDoesNotEndMakesWritesBusyAtTheBoundOnly) {
  Options options = tight();
  options.housekeeping.max_wal_bytes = 1'000'000;
  options.busy_timeout = 0ms;
  CheckedStore store(path_, options);
  create(store, 30);
  StockSqlite reader(path_);
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM user");
  int n = 1;
  std::optional<ErrorCode> refused;
  for (; n <= 10'000 && !refused; ++n) {
    const auto answer = store.store().apply("1", TagBatch().set("n", std::to_string(n)));
    refused = code_of(answer);
  }
  EXPECT_EQ(refused, ErrorCode::busy);
  EXPECT_GT(n, 20);
  EXPECT_TRUE(store.store().stats().wal_pinned);
  EXPECT_EQ(code_of(store.store().checkpoint()), ErrorCode::busy);
  EXPECT_LT(std::filesystem::file_size(path_.string() + "-wal"), 1'500'000U);
  reader.run("COMMIT");
  EXPECT_TRUE(store.store().apply("1", TagBatch().set("n", "again")));
  EXPECT_FALSE(store.store().stats().wal_pinned);
}

TEST_F(Housekeeping, CloseLeavesOneFileWithEverythingInItsRows) {
  CheckedStore store(path_, {});
  create(store, 30);
  for (int n = 1; n <= 100; ++n) patch(store, n % 30, n);
  EXPECT_EQ(store.store().stats().backlog_users, 30U);
  must(store.store().close());
  EXPECT_EQ(ask("SELECT revision - folded_revision FROM state"), "0");
  std::filesystem::copy_file(path_, folder_ / "copy.db");
  const auto copy = must(UserTagStore::open(folder_ / "copy.db"));
  EXPECT_EQ(value_of(copy, "10", "n"), "100");
  EXPECT_TRUE(must(copy.verify()).ok());
}

TEST_F(Housekeeping, DroppingAStoreLosesNothing) {
  CheckedStore store(path_, {});
  create(store, 30);
  for (int n = 1; n <= 100; ++n) patch(store, n % 30, n);
  store.reopen(Ending::dropped, {});
  EXPECT_EQ(store.store().stats().backlog_users, 30U);
  store.check_all();
}

// --- What it tells. ---

void expect_distribution(const Latency& latency) {
  EXPECT_GT(latency.count, 0U);
  EXPECT_GT(latency.p50, 0ns);
  EXPECT_LE(latency.p50, latency.p99);
  EXPECT_LE(latency.p99, latency.max + latency.max / 16);
  EXPECT_GE(latency.total, latency.max);
}

TEST_F(Housekeeping, StatsCountTheWork) {
  Options options = tight();
  options.durability = Durability::full;
  CheckedStore store(path_, options);
  create(store, 30);
  for (int n = 1; n <= 100; ++n) patch(store, n % 30, n);
  store.checkpoint();
  const Stats stats = store.store().stats();
  EXPECT_EQ(stats.changes, 130U);
  EXPECT_EQ(stats.commits, 101U);
  EXPECT_EQ(stats.commit.count, 101U);
  EXPECT_GE(stats.sync.count, 101U);
  for (const Latency& latency : {stats.commit, stats.sync, stats.publish, stats.fold})
    expect_distribution(latency);
  EXPECT_GT(stats.record_bytes, 0U);
  EXPECT_GT(stats.directory_bytes, 0U);
  EXPECT_GT(stats.tag_index_bytes, 0U);
  EXPECT_GE(stats.database_bytes, 4'096U);
}

TEST_F(Housekeeping, ASlowCommitIsTold) {
  std::mutex mutex;
  std::vector<std::string> lines;
  Options options;
  options.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::info) return;
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  };
  options.slow_commit = 1h;
  auto store = must(UserTagStore::open(path_, options));
  must(store.create_user("ann"));
  must(store.close());
  EXPECT_EQ(lines, std::vector<std::string>());
  options.slow_commit = 0ms;
  store = must(UserTagStore::open(path_, options));
  must(store.create_user("bob"));
  EXPECT_TRUE(
      std::ranges::any_of(lines, [](const std::string& line) { return line.contains("slow commit"); }));
}

}   // namespace
}   // namespace usertags::test
