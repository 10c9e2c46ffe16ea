// Compaction: the file shrinks, and nothing else changes; whatever goes wrong, nothing is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/fault_vfs.hpp"
#include "support/settings.hpp"
#include "support/small_disk.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Options quick() {
  Options options;
  options.durability = Durability::relaxed;
  options.busy_timeout = 0ms;
  return options;
}

// Keeps little of the log, so that what was deleted makes room.
Options forgetful() {
  Options options = quick();
  settings_of(options).history.min_changes = 100;
  return options;
}

// Of so many users, nine of ten of them deleted, in rows and in the log.
void fill(UserTagStore& store, int users) {
  create_big_users(store, 0, users - 1);
  std::vector<Write> deletions;
  for (int n = 0; n < users; ++n) {
    if (n % 10 != 0) deletions.push_back(DeleteUser{std::to_string(n), {}});
  }
  for (const auto& deleted : store.apply_each(deletions)) must(deleted);
  must(store.apply("0", TagBatch().set("tier", "gold"), {.token = "t"}));
  must(store.maintain(1min));
  must(store.checkpoint());
}

class Compact : public testing::Test {
 protected:
  std::uintmax_t size() const { return fs::file_size(path_); }
  std::uintmax_t wal_size() const { return fs::file_size(path_.string() + "-wal"); }

  // Everything is as it was, and the store goes on, now and after the next opening.
  void expect_goes_on(UserTagStore& store, const std::vector<std::string>& before) {
    EXPECT_EQ(everything(store), before);
    must(store.apply("0", TagBatch().set("goes", "on")));
    const auto after = everything(store);
    must(store.close());
    store = must(UserTagStore::open(path_, quick()));
    EXPECT_EQ(everything(store), after);
  }

  TempDir folder_{memory_folder()};
  const fs::path path_ = folder_ / "users.db";
};

// --- What it does. ---

TEST_F(Compact, TheFileShrinksAndNothingElseChanges) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 3'000);
  const auto before = everything(store);
  const std::uintmax_t size_before = size();
  must(store.compact());
  EXPECT_LT(size(), size_before / 4);
  EXPECT_EQ(wal_size(), 0U);
  EXPECT_EQ(store.stats().database_bytes, size());
  EXPECT_EQ(store.stats().wal_bytes, 0U);
  EXPECT_FALSE(store.stats().wal_pinned);
  const Applied again = must(store.apply("0", TagBatch().set("tier", "gold"), {.token = "t"}));
  EXPECT_TRUE(again.replayed);
  expect_goes_on(store, before);
}

TEST_F(Compact, WhatIsDueIsFoldedAndPrunedFirst) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  create_big_users(store, 0, 1'999);
  for (int n = 0; n < 200; ++n) must(store.apply(std::to_string(n), TagBatch().set("tier", "gold")));
  ASSERT_EQ(store.stats().backlog_users, 200U);
  must(store.compact());
  EXPECT_EQ(store.stats().backlog_users, 0U);
  EXPECT_EQ(store.stats().log_floor, 2'101U);
  EXPECT_EQ(StockSqlite(path_).query("SELECT count(*) FROM change; PRAGMA freelist_count"),
            (std::vector<StockSqlite::Row>{{"100"}, {"0"}}));
  expect_goes_on(store, everything(store));
}

TEST_F(Compact, AStoreWithoutFreePagesIsLeftAsLongAsItIs) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 1'000);
  must(store.compact());
  const std::uintmax_t compacted = size();
  must(store.compact());
  EXPECT_EQ(size(), compacted);
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(Compact, AnEmptyStoreIsFine) {
  auto store = must(UserTagStore::open(path_, quick()));
  must(store.compact());
  EXPECT_TRUE(store.create_user("ann"));
}

TEST_F(Compact, InMemoryThereIsNothingToDo) {
  auto store = must(UserTagStore::open_in_memory());
  fill(store, 100);
  const auto before = everything(store);
  must(store.compact());
  EXPECT_EQ(everything(store), before);
}

TEST_F(Compact, AnExclusiveStoreShrinksAsWell) {
  Options options = forgetful();
  options.access = Access::exclusive;
  auto store = must(UserTagStore::open(path_, options));
  fill(store, 3'000);
  const auto before = everything(store);
  const std::uintmax_t size_before = size();
  must(store.compact());
  EXPECT_LT(size(), size_before / 4);
  expect_goes_on(store, before);
}

// --- Progress. ---

TEST_F(Compact, TellsHowFarItIs) {
  auto store = must(UserTagStore::open(path_, quick()));
  create_big_users(store, 0, 10'000);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  must(store.compact([&](std::uint64_t done, std::uint64_t total) {
    told.emplace_back(done, total);
    return true;
  }));
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told.front().first, 0U);
  EXPECT_GT(told.back().first, 0U);
  for (const auto& [done, total] : told) EXPECT_LE(done, total);
  EXPECT_TRUE(std::ranges::is_sorted(told, {}, [](const auto& step) { return step.first; }));
}

TEST_F(Compact, CancelledAtAnyStepItLeavesAllAsItWas) {
  auto store = must(UserTagStore::open(path_, quick()));
  create_big_users(store, 0, 5'000);
  int last = 1;
  for (;; ++last) {
    int calls = 0;
    const auto answer = store.compact([&](auto, auto) { return ++calls < last; });
    if (answer) break;   // it was never asked so often
    ASSERT_EQ(code_of(answer), ErrorCode::cancelled) << told(answer);
    EXPECT_EQ(calls, last);
    ASSERT_LT(last, 1'000);
    EXPECT_TRUE(store.checkpoint()) << "nothing pins the WAL";
    must(store.create_user("goes on"));
    must(store.delete_user("goes on"));
  }
  EXPECT_GE(last, 4);
  EXPECT_FALSE(store.stats().failed);
  EXPECT_TRUE(must(store.verify()).ok());
  EXPECT_EQ(must(store.count(Selector())).count, 5'001U);
}

// --- Others. ---

TEST_F(Compact, AReaderThatPinsTheWalIsBusyAndNothingIsDone) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 1'000);
  must(store.apply("0", TagBatch().set("n", "1")));
  StockSqlite reader(path_);
  reader.run("BEGIN; SELECT count(*) FROM user");
  must(store.apply("0", TagBatch().set("n", "2")));
  const std::uintmax_t size_before = size();
  const auto before = everything(store);
  EXPECT_EQ(code_of(store.compact()), ErrorCode::busy);
  EXPECT_EQ(size(), size_before);
  EXPECT_EQ(store.stats().backlog_users, 1U) << "not even folded";
  EXPECT_EQ(everything(store), before);
  reader.run("COMMIT");
  must(store.compact());
  EXPECT_LT(size(), size_before / 2);
  EXPECT_EQ(everything(store), before);
}

TEST_F(Compact, AReaderThatComesMeanwhileKeepsTheFileLongUntilItEnds) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 5'000);
  const auto before = everything(store);
  const std::uintmax_t size_before = size();
  StockSqlite reader(path_);
  const std::string users = "SELECT count(*), max(ordinal) FROM user";
  std::vector<StockSqlite::Row> seen;
  must(store.compact([&](auto, auto) {
    if (seen.empty()) seen = reader.query("BEGIN; " + users);
    return true;
  }));
  EXPECT_EQ(size(), size_before);
  EXPECT_TRUE(store.stats().wal_pinned);
  EXPECT_EQ(reader.query(users), seen);
  EXPECT_EQ(everything(store), before);

  // As a crash leaves it now, the WAL has all of it.
  const fs::path crashed = folder_ / "crashed.db";
  fs::copy_file(path_, crashed);
  fs::copy_file(path_.string() + "-wal", crashed.string() + "-wal");
  EXPECT_EQ(everything(must(UserTagStore::open(crashed, quick()))), before);
  EXPECT_LT(fs::file_size(crashed), size_before / 4);

  reader.run("COMMIT");
  must(store.checkpoint());
  EXPECT_LT(size(), size_before / 4);
  expect_goes_on(store, before);
}

TEST_F(Compact, AFollowerGoesOnReading) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 1'000);
  Options options = quick();
  options.access = Access::read_only;
  const auto follower = must(UserTagStore::open(path_, options));
  const Position position = follower.position();
  EXPECT_EQ(must(follower.changes(position)).changes.size(), 0U);   // its connection is kept
  must(store.compact());
  must(store.apply("0", TagBatch().set("n", "new")));
  EXPECT_EQ(must(follower.changes(position)).changes.size(), 1U);
  EXPECT_EQ(must(store.changes(position)).changes.size(), 1U);
}

TEST_F(Compact, AForeignWriteIsNeitherOverlookedNorInvented) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 1'000);
  must(store.compact());
  must(store.apply("0", TagBatch().set("n", "ours")));
  StockSqlite(path_).run("UPDATE state SET epoch = epoch + 1");
  const std::uintmax_t size_before = size();
  EXPECT_EQ(code_of(store.compact()), ErrorCode::foreign_write);
  EXPECT_EQ(size(), size_before);
  EXPECT_EQ(code_of(store.apply("0", TagBatch().set("n", "lost"))), ErrorCode::foreign_write);
}

TEST_F(Compact, AForeignWriteJustBeforeItIsFoundByIt) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  fill(store, 1'000);
  bool is_first = true;
  EXPECT_EQ(code_of(store.compact([&](auto, auto) {
              if (std::exchange(is_first, false))
                StockSqlite(path_).run("UPDATE state SET epoch = epoch + 1");
              return true;
            })),
            ErrorCode::foreign_write);
}

TEST_F(Compact, NobodyElseWritesMeanwhile) {
  auto store = must(UserTagStore::open(path_, quick()));
  create_big_users(store, 0, 10'000);
  int refused = 0;
  must(store.compact([&](std::uint64_t done, auto) {
    if (done == 0) return true;   // SQLite's own transaction has not begun
    EXPECT_THROW(StockSqlite(path_).run("UPDATE state SET epoch = epoch + 1"), std::runtime_error);
    ++refused;
    return true;
  }));
  EXPECT_GT(refused, 0);
  EXPECT_TRUE(store.create_user("goes on"));
}

// --- Failures. ---

class CompactOnAFullDisk : public Compact, public testing::WithParamInterface<std::uintmax_t> {};

// The temporary file is elsewhere: it is the WAL for which there is no room.
TEST_P(CompactOnAFullDisk, LosesNothingAndTheStoreGoesOn) {
  const SmallDisk disk("size=32m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  const fs::path path = disk / "users.db";
  auto store = must(UserTagStore::open(path, quick()));
  create_big_users(store, 0, 6'000);
  must(store.maintain(1min));
  must(store.checkpoint());
  const auto before = everything(store);
  const std::uintmax_t size_before = fs::file_size(path);
  disk.fill(GetParam());
  const auto full = store.compact();
  ASSERT_EQ(code_of(full), ErrorCode::disk_full) << told(full);
  EXPECT_EQ(everything(store), before);
  EXPECT_EQ(fs::file_size(path), size_before);
  EXPECT_EQ(fs::file_size(path.string() + "-wal"), 0U) << "the room is given back";
  EXPECT_FALSE(store.stats().failed);
  disk.free();
  must(store.create_user("goes on"));
  must(store.compact());
  must(store.close());
  store = must(UserTagStore::open(path, quick()));
  EXPECT_EQ(must(store.count(Selector())).count, 6'002U);
  EXPECT_TRUE(must(store.verify()).ok());
}

INSTANTIATE_TEST_SUITE_P(BytesLeft, CompactOnAFullDisk, testing::Values(0, 100'000, 1'000'000, 5'000'000));

TEST_F(Compact, AMissingFolderForTemporaryFilesHarmsNothing) {
  FaultVfs vfs;
  auto store = must(UserTagStore::open(path_, quick()));
  create_big_users(store, 0, 10'000);
  const auto before = everything(store);
  vfs.arm({.operation = FileOperation::open,
           .files = {FileRole::other},
           .sticky = true,
           .result = SQLITE_IOERR_GETTEMPPATH,
           .system_error = 0});
  EXPECT_EQ(code_of(store.compact()), ErrorCode::io_error);
  vfs.disarm();
  EXPECT_FALSE(store.stats().failed);
  expect_goes_on(store, before);
  must(store.close());
}

TEST_F(Compact, WhatFailsOnItsWayToTheDiskStopsTheStoreAndLosesNothing) {
  FaultVfs vfs;
  Options options = forgetful();
  options.durability = Durability::full;
  auto store = must(UserTagStore::open(path_, options));
  fill(store, 1'000);
  must(store.compact());
  const auto before = everything(store);
  vfs.arm({.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC});
  const auto unknown = store.compact();
  vfs.disarm();
  ASSERT_EQ(code_of(unknown), ErrorCode::outcome_unknown) << told(unknown);
  EXPECT_EQ(unknown.error().intended_revision(), std::nullopt);
  EXPECT_TRUE(store.stats().failed);
  EXPECT_EQ(code_of(store.create_user("lost")), ErrorCode::store_failed);
  EXPECT_EQ(code_of(store.compact()), ErrorCode::store_failed);
  EXPECT_EQ(value_of(store, "0", "tier"), "gold");
  std::ignore = store.close();
  store = must(UserTagStore::open(path_, options));
  expect_goes_on(store, before);
  must(store.compact());
  must(store.close());
}

const NamedFault kFaults[] = {
    {"OpenFromThenOn", {.operation = FileOperation::open, .sticky = true, .result = SQLITE_CANTOPEN}},
    {"Read", {.operation = FileOperation::read, .result = SQLITE_IOERR_READ}},
    {"Write", {.operation = FileOperation::write, .result = SQLITE_IOERR_WRITE}},
    {"Full", {.operation = FileOperation::write, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"FullFromThenOn",
     {.operation = FileOperation::write, .sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"Sync", {.operation = FileOperation::sync, .result = SQLITE_IOERR_FSYNC}},
    {"Truncate", {.operation = FileOperation::truncate, .result = SQLITE_IOERR_TRUNCATE}},
};

class CompactUnderFaults : public Compact, public testing::WithParamInterface<NamedFault> {
 protected:
  // A store with work for every part of a compaction, in the file's folder, closed.
  void make_template() const {
    auto store = must(UserTagStore::open(template_, forgetful()));
    create_big_users(store, 0, 1'500);
    for (int n = 0; n < 300; ++n) must(store.apply(std::to_string(n), TagBatch().set("tier", "gold")));
  }
  void put_in_place() const {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path_.string() + suffix);
    fs::copy_file(template_, path_);
  }
  static Options careful() {
    Options options = forgetful();
    options.durability = Durability::full;
    return options;
  }

  // The first operations one by one, of the others as many samples.
  static constexpr std::uint64_t kSamples = 30;
  const fs::path template_ = folder_ / "template.db";
};

TEST_P(CompactUnderFaults, EveryOperationInTurnLosesNothing) {
  make_template();
  FaultVfs vfs;
  const NamedFault& kind = GetParam();
  put_in_place();
  auto store = must(UserTagStore::open(path_, careful()));
  const std::uint64_t first = vfs.count(kind.fault.operation);
  must(store.compact());
  const std::uint64_t operations = vfs.count(kind.fault.operation) - first;
  ASSERT_GT(operations, 0U);
  const auto compacted = everything(store);   // pruned, too
  must(store.close());

  std::uint64_t failures = 0;
  const std::uint64_t step = std::max<std::uint64_t>(1, operations / kSamples);
  for (std::uint64_t nth = 1; nth <= operations; nth += nth < kSamples ? 1 : step) {
    SCOPED_TRACE("operation " + std::to_string(nth) + " of " + std::to_string(operations));
    put_in_place();
    store = must(UserTagStore::open(path_, careful()));
    vfs.arm(kind.at(nth));
    const auto answer = store.compact();
    vfs.disarm();
    if (!answer) ++failures;
    if (kind.fault.system_error == ENOSPC && !answer) {
      EXPECT_EQ(code_of(answer), ErrorCode::disk_full) << told(answer);
      EXPECT_FALSE(store.stats().failed);
    }
    const auto written = store.create_user("after");
    EXPECT_EQ(code_of(written), store.stats().failed ? std::optional(ErrorCode::store_failed) : std::nullopt)
        << told(written);
    if (written) must(store.delete_user("after"));
    EXPECT_EQ(value_of(store, "7", "tier"), "gold");
    std::ignore = store.close();
    store = must(UserTagStore::open(path_, careful()));
    must(store.compact());
    EXPECT_TRUE(must(store.verify()).ok());
    if (!written) {
      EXPECT_EQ(everything(store), compacted);
    }
    EXPECT_EQ(must(store.count(Selector())).count, 1'501U);
    must(store.close());
  }
  EXPECT_GE(failures, 1U);
}

INSTANTIATE_TEST_SUITE_P(Compact, CompactUnderFaults, testing::ValuesIn(kFaults),
                         [](const auto& kind) { return kind.param.name; });

}   // namespace
}   // namespace usertags::test
