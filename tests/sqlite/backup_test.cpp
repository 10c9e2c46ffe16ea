#include "sqlite/maintenance.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "database_files.hpp"
#include "support/fault_vfs.hpp"
#include "support/outcome_of.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::sqlite {
namespace {

namespace fs = std::filesystem;
using test::config_of;
using test::FaultVfs;
using test::FileOperation;
using test::FileRole;
using test::names_in;
using test::outcome_of;
using test::StockSqlite;

class CopiedDatabase : public test::DatabaseFiles {
 protected:
  CopiedDatabase() { fs::create_directory(copies_); }

  // Copies the moment at which it is called, over a connection of its own.
  void copy(const Progress& progress = {}) {
    Connection reader(config_of(path_, OpenMode::read_only));
    const ReadTransaction moment(reader);
    test::write_file(copy_, "");
    copy_database(reader, copy_, progress);
  }
  // Of so many pages, and more.
  void fill(Database& database, int pages) {
    Transaction transaction(database.connection());
    database.connection().execute(
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(pages) +
         ") INSERT INTO user SELECT i, printf('%031d', i), i, 1, 1, hex(zeroblob(4000)) "
         "FROM n")
            .c_str());
    ASSERT_FALSE(transaction.commit().error);
  }
  std::vector<StockSqlite::Row> ask(const std::string& sql) const {
    return StockSqlite(copy_, SQLITE_OPEN_READONLY).query(sql);
  }
  State state_of_copy() const {
    Connection copy(config_of(copy_, OpenMode::immutable));
    return StateTable(copy).read();
  }

  const fs::path copies_ = folder_ / "copies";
  const fs::path copy_ = copies_ / "copy.db";
};

TEST_F(CopiedDatabase, StandsAloneInWalMode) {
  Database database(config_of(path_), test::first_state());
  commit_changes(database, 1, 20);
  copy();
  EXPECT_EQ(names_in(copies_), std::vector<std::string>{"copy.db"});
  const std::string bytes = test::bytes_of(copy_);
  EXPECT_EQ(bytes.substr(18, 2), "\2\2");
  EXPECT_EQ(ask("PRAGMA integrity_check"), (std::vector<StockSqlite::Row>{{"ok"}}));
  EXPECT_EQ(ask("SELECT count(*), max(seq) FROM change"), (std::vector<StockSqlite::Row>{{"20", "20"}}));
}

TEST_F(CopiedDatabase, IsWhatItWasButForTheMark) {
  Database database(config_of(path_), test::first_state());
  commit_changes(database, 1, 5);
  State expected = database.state().read();
  ASSERT_TRUE(expected.clean);
  copy();
  expected.clean = false;
  EXPECT_EQ(state_of_copy(), expected);
  EXPECT_TRUE(database.state().read().clean) << "the store itself keeps its mark";
}

TEST_F(CopiedDatabase, IsOfOneMomentHoweverMuchIsWrittenMeanwhile) {
  Database database(config_of(path_), test::first_state());
  fill(database, 2'000);
  commit_changes(database, 1, 3);
  std::uint64_t revision = 3;
  copy([&](std::uint64_t, std::uint64_t) {
    ++revision;
    return !test::commit_change(database, revision).error;
  });
  EXPECT_GT(revision, 6U);
  EXPECT_EQ(state_of_copy().revision, 3U);
  EXPECT_EQ(ask("SELECT count(*) FROM change"), (std::vector<StockSqlite::Row>{{"3"}}));
  EXPECT_EQ(ask("PRAGMA integrity_check"), (std::vector<StockSqlite::Row>{{"ok"}}));
}

TEST_F(CopiedDatabase, TellsPagesInBoundedSteps) {
  Database database(config_of(path_), test::first_state());
  fill(database, 2'000);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  copy([&](std::uint64_t done, std::uint64_t total) {
    told.emplace_back(done, total);
    return true;
  });
  const auto pages = static_cast<std::uint64_t>(database.connection().query_integer("PRAGMA page_count"));
  ASSERT_GT(pages, 2'000U);
  std::uint64_t before = 0;
  for (const auto& [done, total] : told) {
    EXPECT_EQ(total, pages);
    EXPECT_GT(done, before);
    EXPECT_LE(done - before, 256U);
    before = done;
  }
  EXPECT_EQ(before, pages);
}

TEST_F(CopiedDatabase, EndsWhereItIsCancelled) {
  Database database(config_of(path_), test::first_state());
  fill(database, 1'000);
  for (int after = 1; after <= 4; ++after) {
    int calls = 0;
    EXPECT_EQ(outcome_of([&] { copy([&](std::uint64_t, std::uint64_t) { return ++calls < after; }); }),
              "cancelled");
    EXPECT_EQ(calls, after);
    fs::remove(copy_);
    EXPECT_TRUE(fs::is_empty(copies_));
  }
  commit_changes(database, 1, 1);   // the reader is gone, and holds nothing up
  EXPECT_EQ(database.checkpoint(), Database::Checkpointed::whole);
}

TEST_F(CopiedDatabase, OfADatabaseInMemoryIsLikeAnyOther) {
  Database database(test::in_memory(), test::first_state());
  commit_changes(database, 1, 5);
  test::write_file(copy_, "");
  {
    const ReadTransaction moment(database.connection());
    copy_database(database.connection(), copy_, {});
  }
  commit_changes(database, 6, 6);
  EXPECT_EQ(names_in(copies_), std::vector<std::string>{"copy.db"});
  EXPECT_EQ(ask("PRAGMA journal_mode"), (std::vector<StockSqlite::Row>{{"wal"}}));
  EXPECT_EQ(ask("PRAGMA page_size"), (std::vector<StockSqlite::Row>{{"8192"}}));
  Database opened(config_of(copy_), test::first_state());
  EXPECT_EQ(opened.state().read().revision, 5U);
  EXPECT_FALSE(opened.state().read().clean);
}

TEST_F(CopiedDatabase, AForgedCommitRecordIsNotGivenAChecksum) {
  {
    Database database(config_of(path_), test::first_state());
    commit_changes(database, 1, 1);
    database.close();
  }
  StockSqlite(path_).run("UPDATE state SET revision = 7");
  EXPECT_EQ(outcome_of([&] { copy(); }), "corrupt_store");
}

// --- Faults. ---

TEST_F(CopiedDatabase, IsSyncedBeforeItIsDone) {
  FaultVfs vfs;
  Database database(config_of(path_), test::first_state());
  commit_changes(database, 1, 5);
  vfs.arm({.operation = FileOperation::sync,
           .files = {FileRole::database},
           .sticky = true,
           .result = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(outcome_of([&] { copy(); }), "io_error");
  vfs.disarm();
  const auto before = vfs.count(FileOperation::sync, FileRole::database);
  copy();
  EXPECT_GT(vfs.count(FileOperation::sync, FileRole::database), before);
  database.close();
}

TEST_F(CopiedDatabase, AFullDiskIsSaid) {
  FaultVfs vfs;
  Database database(config_of(path_), test::first_state());
  fill(database, 2'000);
  vfs.arm({.operation = FileOperation::write,
           .files = {FileRole::database},
           .nth = 900,
           .sticky = true,
           .result = SQLITE_FULL,
           .system_error = ENOSPC});
  const auto failure = test::failure_of([&] { copy(); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), ErrorCode::disk_full);
  EXPECT_NE(failure->what().find(path_.string()), std::string::npos) << failure->what();
  EXPECT_NE(failure->what().find(copy_.string()), std::string::npos) << failure->what();
  vfs.disarm();
  commit_changes(database, 1, 1);
  database.close();
}

}   // namespace
}   // namespace usertags::sqlite
