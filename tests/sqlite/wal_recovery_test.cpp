#include "sqlite/database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "database_files.hpp"
#include "support/child.hpp"
#include "support/fault_vfs.hpp"
#include "support/outcome_of.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::sqlite {
namespace {

namespace fs = std::filesystem;
using test::commit_change;
using test::config_of;
using test::FaultVfs;
using test::FileOperation;
using test::FileRole;
using test::outcome_of;

class WalRecovery : public test::DatabaseFiles {
 protected:
  // Commits `revisions` changes, as a process that ends without closing.
  void crash_after(std::uint64_t revisions) {
    test::Child child([&](const test::Reporter& parent) {
      Database database(config_of(path_), test::first_state());
      for (std::uint64_t i = 1; i <= revisions; ++i) {
        if (commit_change(database, i).error) return;
      }
      const Transaction unfinished(database.connection());
      database.connection().execute("PRAGMA cache_size=1");   // so that it spills into the WAL
      for (std::uint64_t i = 1; i <= 500; ++i) test::append(database, test::make_patch(revisions + i, 1), 0);
      parent.tell("committed");
      pause();
    });
    ASSERT_EQ(child.read_line(), "committed");
    child.kill();
  }
};

TEST_F(WalRecovery, AKilledProcessLosesNoCommit) {
  crash_after(20);
  Database database(config_of(path_), test::first_state());
  EXPECT_EQ(database.state().read().revision, 20U);
  EXPECT_EQ(database.connection().query_integer("SELECT count(*) FROM segment"), 20);
  EXPECT_EQ(database.connection().query_text("PRAGMA quick_check"), "ok");
}

TEST_F(WalRecovery, EndsWithAnEmptyWal) {
  crash_after(20);
  ASSERT_GT(fs::file_size(wal_), 0U);
  Database database(config_of(path_), test::first_state());
  EXPECT_EQ(fs::file_size(wal_), 0U);
  EXPECT_EQ(database.wal_bytes(), 0U);
}

TEST_F(WalRecovery, WritesEveryByteInPlaceAgainAndSyncsBeforeTheDatabaseIsTouched) {
  crash_after(20);
  const std::string bytes = test::bytes_of(wal_);
  FaultVfs vfs;
  {
    Connection connection(config_of(path_, OpenMode::read_write));
    rewrite_wal(connection);
    EXPECT_EQ(test::bytes_of(wal_), bytes);
    EXPECT_EQ(vfs.bytes_written(FileRole::wal), bytes.size());
    EXPECT_EQ(vfs.count(FileOperation::sync, FileRole::wal), 1U);
    EXPECT_FALSE(connection.in_transaction());
  }
  vfs.arm({.operation = FileOperation::sync,
           .files = {FileRole::wal},
           .sticky = true,
           .result = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(outcome_of([&] { Database database(config_of(path_), test::first_state()); }), "io_error");
  EXPECT_EQ(vfs.count(FileOperation::write, FileRole::database), 0U);
}

// SQLite's file layer takes a limited number of bytes at once.
TEST_F(WalRecovery, ALongWalIsWrittenAgainAsAWhole) {
  auto config = config_of(path_);
  config.durability = Durability::relaxed;
  {
    Database database(config, test::first_state());
    commit_changes(database, 1, 600);
  }
  const std::string bytes = test::bytes_of(wal_);
  ASSERT_GT(bytes.size(), 3U << 20);
  {
    FaultVfs vfs;
    Connection connection(config_of(path_, OpenMode::read_write));
    EXPECT_EQ(outcome_of([&] { rewrite_wal(connection); }), "ok");
    EXPECT_EQ(vfs.bytes_written(FileRole::wal), bytes.size());
  }
  EXPECT_EQ(test::bytes_of(wal_), bytes);
  EXPECT_EQ(revision_after_reopening(), 600U);
}

TEST_F(WalRecovery, AFileWithoutAWalIsLeftAlone) {
  {
    Database(config_of(path_), test::first_state()).close();
  }
  FaultVfs vfs;
  Database database(config_of(path_), test::first_state());
  EXPECT_EQ(vfs.count(FileOperation::write), 0U);
  EXPECT_EQ(vfs.count(FileOperation::sync), 0U);
  database.close();
}

TEST_F(WalRecovery, AWriterThatIsAtWorkIsNotDisturbed) {
  Database database(config_of(path_), test::first_state());
  ASSERT_EQ(commit_change(database, 1).outcome, CommitOutcome::committed);
  const Transaction transaction(database.connection());
  EXPECT_EQ(outcome_of([&] {
              Connection second(config_of(path_, OpenMode::read_write));
              rewrite_wal(second);
            }),
            "busy");
}

TEST_F(WalRecovery, AReaderThatPinsTheWalDoesNotHoldItUp) {
  auto writer = std::make_optional<Database>(config_of(path_), test::first_state());
  ASSERT_EQ(commit_change(*writer, 1).outcome, CommitOutcome::committed);
  Connection reader(config_of(path_, OpenMode::read_only));
  const ReadTransaction moment(reader);
  ASSERT_EQ(commit_change(*writer, 2).outcome, CommitOutcome::committed);
  writer.reset();
  Database database(config_of(path_), test::first_state());
  EXPECT_EQ(database.state().read().revision, 2U);
  EXPECT_GT(database.wal_bytes(), 0U);
  EXPECT_EQ(commit_change(database, 3).outcome, CommitOutcome::committed);
  EXPECT_EQ(reader.query_integer("SELECT revision FROM state"), 1);
}

// A commit whose sync failed is there or not, and stays so; what was acknowledged before is there.
TEST_F(WalRecovery, AfterAFailedSyncTheOutcomeIsSettledByTheNextOpen) {
  FaultVfs vfs;
  {
    Database database(config_of(path_), test::first_state());
    ASSERT_EQ(commit_change(database, 1).outcome, CommitOutcome::committed);
    vfs.arm({.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC});
    EXPECT_EQ(commit_change(database, 2).outcome, CommitOutcome::unknown);
    vfs.disarm();
  }
  std::uint64_t revision = 0;
  {
    Database database(config_of(path_), test::first_state());
    revision = database.state().read().revision;
    EXPECT_GE(revision, 1U);
    EXPECT_LE(revision, 2U);
    EXPECT_EQ(commit_change(database, revision + 1).outcome, CommitOutcome::committed);
  }
  EXPECT_EQ(revision_after_reopening(), revision + 1);
}

// Every operation of a recovery fails in turn; the recovery after that finds everything.
TEST_F(WalRecovery, MayItselfFailAnywhere) {
  crash_after(20);
  const std::string file = test::bytes_of(path_);
  const std::string wal = test::bytes_of(wal_);
  FaultVfs vfs;
  std::uint64_t fired = 0;
  for (const FileOperation operation : {FileOperation::read, FileOperation::write, FileOperation::sync,
                                        FileOperation::truncate, FileOperation::open}) {
    for (std::uint64_t nth = 1;; ++nth) {
      fs::remove(folder_ / "a.db-shm");
      test::write_file(path_, file);
      test::write_file(wal_, wal);
      vfs.arm({.operation = operation, .nth = nth, .torn = true});
      outcome_of([&] { Database database(config_of(path_), test::first_state()); });
      vfs.disarm();
      Database database(config_of(path_), test::first_state());
      ASSERT_EQ(database.state().read().revision, 20U) << "operation " << nth;
      ASSERT_EQ(database.connection().query_integer("SELECT count(*) FROM segment"), 20);
      if (vfs.fired() == fired) break;
      fired = vfs.fired();
    }
  }
  EXPECT_GT(fired, 20U);
}

TEST_F(WalRecovery, ARollbackJournalIsNoWal) {
  test::StockSqlite(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).run("CREATE TABLE t(a)");
  Connection connection(config_of(path_));
  EXPECT_EQ(outcome_of([&] { rewrite_wal(connection); }), "ok");
  EXPECT_EQ(test::names_in(folder_.path()), std::vector<std::string>{"a.db"});
}

}   // namespace
}   // namespace usertags::sqlite
