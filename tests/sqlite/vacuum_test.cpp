// VACUUM as the store uses it: what it gives back, what it holds in memory, what its failures mean, and that
// they are not taken for writes of others.
#include "sqlite/maintenance.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "database_files.hpp"
#include "support/fault_vfs.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::sqlite {
namespace {

using test::config_of;
using test::FaultVfs;
using test::FileOperation;
using test::FileRole;
using test::StockSqlite;

class Vacuum : public test::DatabaseFiles {
 protected:
  // So many rows, of about half a page each; two of three are gone again, and all is in the file.
  static void fill(Database& database, int rows) {
    const std::string sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
        ") INSERT INTO user SELECT i, printf('%031d', i), i, 1, 1, hex(zeroblob(1900)) FROM n;"
        "DELETE FROM user WHERE ordinal % 300 >= 100";
    Transaction transaction(database.connection());
    database.connection().execute(sql.c_str());
    ASSERT_FALSE(transaction.commit().error);
    database.checkpoint_and_truncate();
  }
  static std::vector<StockSqlite::Row> rows_of(const std::filesystem::path& path) {
    return StockSqlite(path, SQLITE_OPEN_READONLY).query("SELECT * FROM user ORDER BY ordinal");
  }
  // The store's own way to it: others are kept out while the watch begins.
  static Transaction::Commit vacuum_watched(Database& database, const Progress& progress = {}) {
    {
      const Transaction lock(database.connection());
      database.watch_commits();
    }
    return database.vacuum(progress);
  }
  static std::int64_t version_of(Database& database) {
    const Transaction lock(database.connection());
    return database.data_version();
  }
};

TEST_F(Vacuum, GivesFreePagesBackAndKeepsEveryRow) {
  Database database(config_of(path_), test::first_state());
  fill(database, 3'000);
  const auto size = std::filesystem::file_size(path_);
  const auto rows = rows_of(path_);
  EXPECT_EQ(vacuum_watched(database).outcome, CommitOutcome::committed);
  EXPECT_GT(database.wal_bytes(), 0U);
  database.checkpoint_and_truncate();
  EXPECT_LT(std::filesystem::file_size(path_), size / 2);
  EXPECT_EQ(rows_of(path_), rows);
  EXPECT_EQ(database.connection().query_integer("PRAGMA freelist_count"), 0);
  EXPECT_EQ(database.connection().query_text("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(identify(database.connection()), FileKind::ours);
  commit_changes(database, 1, 3);   // statements that were prepared before
  EXPECT_EQ(database.state().read().revision, 3U);
}

TEST_F(Vacuum, SurvivesACloseBehindIt) {
  {
    Database database(config_of(path_), test::first_state());
    fill(database, 500);
    ASSERT_EQ(vacuum_watched(database).outcome, CommitOutcome::committed);
    database.close();
  }
  Database database(config_of(path_), test::first_state());
  EXPECT_EQ(database.connection().query_integer("PRAGMA freelist_count"), 0);
  EXPECT_EQ(database.connection().query_integer("SELECT count(*) FROM user"), 199);
}

// The caches of two databases, of 4 MiB each, and little more.
TEST_F(Vacuum, DoesNotHoldTheDatabaseInMemory) {
  auto config = config_of(path_);
  config.durability = Durability::relaxed;
  Database database(config, test::first_state());
  fill(database, 30'000);
  const std::uint64_t kept = database.connection().pages_in_use() * 8'192;
  ASSERT_GT(kept, std::uint64_t{30} << 20);
  const sqlite3_int64 before = sqlite3_memory_used();
  sqlite3_memory_highwater(1);
  ASSERT_EQ(vacuum_watched(database).outcome, CommitOutcome::committed);
  EXPECT_LT(sqlite3_memory_highwater(0) - before, 12 << 20);
  EXPECT_EQ(database.connection().query_integer("PRAGMA temp_store"), 2) << "MEMORY, for everything else";
}

TEST_F(Vacuum, TellsPagesOfThoseInUse) {
  Database database(config_of(path_), test::first_state());
  fill(database, 10'000);
  const std::uint64_t pages = database.connection().pages_in_use();
  std::vector<std::uint64_t> told;
  vacuum_watched(database, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, pages);
    told.push_back(done);
    return true;
  });
  ASSERT_GE(told.size(), 2U);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_LE(told.back(), pages);
  EXPECT_GT(told.back(), pages / 2);
}

TEST_F(Vacuum, CancelledItLeavesTheFileAlone) {
  Database database(config_of(path_), test::first_state());
  fill(database, 10'000);
  const std::string bytes = test::bytes_of(path_);
  const std::int64_t version = version_of(database);
  for (int last = 1; last <= 3; ++last) {
    int calls = 0;
    const auto cancelled = vacuum_watched(database, [&](auto, auto) { return ++calls < last; });
    EXPECT_EQ(cancelled.outcome, CommitOutcome::not_applied);
    ASSERT_TRUE(cancelled.error);
    EXPECT_EQ(cancelled.error->code(), ErrorCode::cancelled);
    EXPECT_EQ(version_of(database), version);
  }
  EXPECT_EQ(database.wal_bytes(), 0U);
  EXPECT_EQ(test::bytes_of(path_), bytes);
  commit_changes(database, 1, 1);
  EXPECT_EQ(vacuum_watched(database).outcome, CommitOutcome::committed) << "nobody is asked any more";
}

// --- Failures. ---

class FailingVacuum : public Vacuum {
 protected:
  // With a fault from the nth of these operations on.
  Transaction::Commit fail_at(std::vector<FileRole> files, FileOperation operation, std::uint64_t nth,
                              int result) {
    const int system_error = result == SQLITE_FULL ? ENOSPC : EIO;
    vfs_.arm({.operation = operation,
              .files = std::move(files),
              .nth = nth,
              .sticky = true,
              .result = result,
              .system_error = system_error});
    auto commit = vacuum_watched(*database_);
    vfs_.disarm();
    return commit;
  }

  FaultVfs vfs_;   // outlives the database
  std::optional<Database> database_{std::in_place, config_of(path_), test::first_state()};
};

TEST_F(FailingVacuum, AFullDiskIsNotApplied) {
  fill(*database_, 3'000);
  const auto rows = rows_of(path_);
  for (const std::uint64_t nth : {1U, 100U, 500U}) {
    const std::int64_t version = version_of(*database_);
    const auto full = fail_at({FileRole::wal}, FileOperation::write, nth, SQLITE_FULL);
    EXPECT_EQ(full.outcome, CommitOutcome::not_applied) << nth;
    EXPECT_EQ(full.error.value().code(), ErrorCode::disk_full) << nth;
    EXPECT_EQ(version_of(*database_), version) << "our own failure is no commit of others";
  }
  commit_changes(*database_, 1, 1);
  database_->checkpoint_and_truncate();
  EXPECT_EQ(rows_of(path_), rows);
  EXPECT_EQ(vacuum_watched(*database_).outcome, CommitOutcome::committed);
  database_->close();
}

TEST_F(FailingVacuum, WhatFailsWithinTheTemporaryFileLeavesTheFileUntouched) {
  fill(*database_, 6'000);   // more than a cache holds
  const std::int64_t version = version_of(*database_);
  for (const FileOperation operation : {FileOperation::open, FileOperation::write}) {
    const auto failed =
        fail_at({FileRole::other}, operation, 1,
                operation == FileOperation::open ? SQLITE_IOERR_GETTEMPPATH : SQLITE_IOERR_WRITE);
    EXPECT_EQ(failed.outcome, CommitOutcome::not_applied);
    EXPECT_EQ(failed.error.value().code(), ErrorCode::io_error);
    EXPECT_EQ(version_of(*database_), version);
    EXPECT_EQ(database_->wal_bytes(), 0U);
  }
  EXPECT_EQ(vacuum_watched(*database_).outcome, CommitOutcome::committed);
  database_->close();
}

TEST_F(FailingVacuum, WhatFailsInTheWalIsUnknown) {
  fill(*database_, 3'000);
  EXPECT_EQ(fail_at({FileRole::wal}, FileOperation::write, 100, SQLITE_IOERR_WRITE).outcome,
            CommitOutcome::unknown);
}

// The commit tells none of SQLite's hooks.
TEST_F(FailingVacuum, WhatIsUnknownIsLeftInTheWalAtTheClose) {
  fill(*database_, 3'000);
  EXPECT_EQ(fail_at({FileRole::wal}, FileOperation::sync, 2, SQLITE_IOERR_FSYNC).outcome,
            CommitOutcome::unknown);
  database_->close();
  EXPECT_GT(std::filesystem::file_size(wal_), 1U << 20);
}

TEST_F(FailingVacuum, ACommitOfOthersIsSeenAllTheSame) {
  fill(*database_, 3'000);
  const std::int64_t version = version_of(*database_);
  fail_at({FileRole::wal}, FileOperation::write, 1, SQLITE_FULL);
  StockSqlite(path_).run("PRAGMA wal_autocheckpoint = 0; UPDATE state SET epoch = 9");
  EXPECT_NE(version_of(*database_), version);
  const std::int64_t later = version_of(*database_);
  EXPECT_NE(later, version) << "and not only once";
  fail_at({FileRole::wal}, FileOperation::write, 1, SQLITE_FULL);
  EXPECT_EQ(version_of(*database_), later);
  database_->close();
}

TEST_F(FailingVacuum, ACommitOfOthersBetweenTheWatchAndTheFailureIsSeen) {
  fill(*database_, 3'000);
  const std::int64_t version = version_of(*database_);
  {
    const Transaction lock(database_->connection());
    database_->watch_commits();
  }
  StockSqlite(path_).run("PRAGMA wal_autocheckpoint = 0; UPDATE state SET epoch = 9");
  vfs_.arm({.operation = FileOperation::write,
            .files = {FileRole::wal},
            .sticky = true,
            .result = SQLITE_FULL,
            .system_error = ENOSPC});
  EXPECT_EQ(database_->vacuum({}).outcome, CommitOutcome::not_applied);
  vfs_.disarm();
  EXPECT_NE(version_of(*database_), version);
  database_->close();
}

TEST_F(FailingVacuum, WhereNobodyElseCanBeNobodyIsWatched) {
  database_->close();
  auto config = config_of(path_);
  config.exclusive = true;
  database_.emplace(config, test::first_state());
  fill(*database_, 3'000);
  const std::int64_t version = version_of(*database_);
  EXPECT_EQ(fail_at({FileRole::wal}, FileOperation::write, 100, SQLITE_FULL).outcome,
            CommitOutcome::not_applied);
  EXPECT_EQ(version_of(*database_), version);
  EXPECT_EQ(vacuum_watched(*database_).outcome, CommitOutcome::committed);
  database_->close();
}

TEST_F(FailingVacuum, TheWatchHindersNoClose) {
  fill(*database_, 500);
  ASSERT_EQ(vacuum_watched(*database_).outcome, CommitOutcome::committed);
  database_->checkpoint();
  database_->close();
  EXPECT_EQ(test::names_in(folder_.path()), std::vector<std::string>{"a.db"});
}

}   // namespace
}   // namespace usertags::sqlite
