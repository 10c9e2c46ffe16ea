#include "sqlite/transaction.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <optional>
#include <string>

#include "samples.hpp"
#include "support/fault_vfs.hpp"
#include "support/outcome_of.hpp"
#include "support/temp_dir.hpp"

namespace usertags::sqlite {

void PrintTo(CommitOutcome outcome, std::ostream* out) {
  static constexpr const char* kNames[] = {"committed", "not_applied", "unknown"};
  *out << kNames[static_cast<int>(outcome)];
}

namespace {

using test::commit_change;
using test::config_of;
using test::Fault;
using test::FaultVfs;
using test::FileOperation;
using test::FileRole;
using test::outcome_of;
using test::TempDir;

class TransactionTest : public testing::Test {
 protected:
  std::int64_t rows() { return connection_.query_integer("SELECT count(*) FROM t"); }
  void insert() { connection_.execute("INSERT INTO t VALUES (1)"); }

  TransactionTest() : connection_(config_of(folder_ / "a.db")) {
    connection_.enter_wal_mode();
    connection_.execute("CREATE TABLE t(a)");
  }

  const TempDir folder_;
  Connection connection_;
};

TEST_F(TransactionTest, ACommitStays) {
  Transaction transaction(connection_);
  insert();
  const auto commit = transaction.commit();
  EXPECT_EQ(commit.outcome, CommitOutcome::committed);
  EXPECT_FALSE(commit.error);
  EXPECT_FALSE(connection_.in_transaction());
  EXPECT_EQ(rows(), 1);
}

TEST_F(TransactionTest, WithoutACommitItIsRolledBack) {
  {
    const Transaction transaction(connection_);
    insert();
    EXPECT_TRUE(connection_.in_transaction());
  }
  EXPECT_FALSE(connection_.in_transaction());
  EXPECT_EQ(rows(), 0);
}

TEST_F(TransactionTest, AnotherWriterIsToldBusyAtOnce) {
  const Transaction transaction(connection_);
  Connection other(config_of(folder_ / "a.db"));
  EXPECT_EQ(outcome_of([&] { Transaction second(other); }), "busy");
  EXPECT_FALSE(other.in_transaction());
}

TEST_F(TransactionTest, AReadTransactionSeesOneMomentFromItsStart) {
  Connection reader(config_of(folder_ / "a.db", OpenMode::read_only));
  {
    const ReadTransaction moment(reader);
    insert();
    EXPECT_EQ(reader.query_integer("SELECT count(*) FROM t"), 0);
  }
  EXPECT_EQ(reader.query_integer("SELECT count(*) FROM t"), 1);
}

TEST_F(TransactionTest, AReadTransactionThatCannotReadLeavesNothingOpen) {
  Connection writer(config_of(folder_ / "b.db"));
  Connection reader(config_of(folder_ / "b.db"));
  writer.execute("CREATE TABLE t(a); BEGIN EXCLUSIVE");
  EXPECT_EQ(outcome_of([&] { ReadTransaction moment(reader); }), "busy");
  EXPECT_FALSE(reader.in_transaction());
}

TEST_F(TransactionTest, ARollbackOfSQLitesOwnDoesNoHarm) {
  {
    const Transaction transaction(connection_);
    insert();
    connection_.execute("ROLLBACK");   // as SQLite does by itself on some errors
  }
  EXPECT_FALSE(connection_.in_transaction());
  EXPECT_EQ(rows(), 0);
}

TEST_F(TransactionTest, ATransactionThatWasLeftOpenIsEndedFirst) {
  connection_.execute("BEGIN");
  insert();
  Transaction transaction(connection_);
  EXPECT_EQ(rows(), 0);
  insert();
  EXPECT_EQ(transaction.commit().outcome, CommitOutcome::committed);
  EXPECT_EQ(rows(), 1);
}

// A rollback journal needs the file for itself to commit: a reader in it makes COMMIT busy.
TEST(Transaction, ABusyCommitIsNotApplied) {
  const TempDir folder;
  Connection writer(config_of(folder / "a.db"));
  writer.execute("CREATE TABLE t(a)");
  Connection reader(config_of(folder / "a.db", OpenMode::read_only));
  const ReadTransaction moment(reader);
  Transaction transaction(writer);
  writer.execute("INSERT INTO t VALUES (1)");
  const auto commit = transaction.commit();
  EXPECT_EQ(commit.outcome, CommitOutcome::not_applied);
  EXPECT_EQ(*commit.error, ErrorCode::busy);
  EXPECT_FALSE(writer.in_transaction());
  EXPECT_EQ(writer.query_integer("SELECT count(*) FROM t"), 0);
}

// --- What a failure within COMMIT means. ---

struct Case {
  const char* name;
  Fault fault;
  CommitOutcome outcome;
  ErrorCode code;
  std::optional<int> system_error;
};

void PrintTo(const Case& failing, std::ostream* out) {
  *out << failing.name;
}

class FailingCommit : public testing::TestWithParam<Case> {};

TEST_P(FailingCommit, HasTheOutcomeThatItsErrorAllows) {
  const TempDir folder;
  FaultVfs vfs;
  {
    Database database(config_of(folder / "a.db"), test::first_state());
    ASSERT_EQ(commit_change(database, 1).outcome, CommitOutcome::committed);
    vfs.arm(GetParam().fault);
    const auto commit = commit_change(database, 2);
    EXPECT_EQ(commit.outcome, GetParam().outcome);
    ASSERT_TRUE(commit.error);
    EXPECT_EQ(to_string(commit.error->code()), to_string(GetParam().code)) << commit.error->message();
    EXPECT_EQ(commit.error->system_error(), GetParam().system_error);
    EXPECT_FALSE(database.connection().in_transaction());
    EXPECT_EQ(vfs.fired(), 1U);
  }
  vfs.disarm();
  Database database(config_of(folder / "a.db"), test::first_state());
  const std::uint64_t revision = database.state().read().revision;
  const bool may_be_there = GetParam().outcome == CommitOutcome::unknown;
  EXPECT_TRUE(revision == 1 || (may_be_there && revision == 2)) << revision;
}

const Case kFailures[] = {
    {"AWriteFails",
     {.files = {FileRole::wal}, .result = SQLITE_IOERR_WRITE},
     CommitOutcome::unknown,
     ErrorCode::io_error,
     EIO},
    {"TheLastWriteFails",
     {.files = {FileRole::wal}, .nth = 4, .result = SQLITE_IOERR_WRITE},
     CommitOutcome::unknown,
     ErrorCode::io_error,
     EIO},
    {"AWriteIsTorn",
     {.files = {FileRole::wal}, .nth = 4, .result = SQLITE_IOERR_WRITE, .torn = true},
     CommitOutcome::unknown,
     ErrorCode::io_error,
     EIO},
    {"TheQuotaIsExceeded",
     {.files = {FileRole::wal}, .result = SQLITE_IOERR_WRITE, .system_error = EDQUOT},
     CommitOutcome::unknown,
     ErrorCode::disk_full,
     EDQUOT},
    {"TheDiskIsFull",
     {.files = {FileRole::wal}, .result = SQLITE_FULL, .system_error = ENOSPC},
     CommitOutcome::not_applied,
     ErrorCode::disk_full,
     std::nullopt},
    {"TheDiskIsFullAtTheEnd",
     {.files = {FileRole::wal}, .nth = 4, .result = SQLITE_FULL, .torn = true},
     CommitOutcome::not_applied,
     ErrorCode::disk_full,
     std::nullopt},
    {"TheSyncFails",
     {.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC},
     CommitOutcome::unknown,
     ErrorCode::io_error,
     EIO},
    {"MemoryIsExhausted",
     {.files = {FileRole::wal}, .result = SQLITE_IOERR_NOMEM, .system_error = ENOMEM},
     CommitOutcome::unknown,
     ErrorCode::out_of_memory,
     std::nullopt},
};

INSTANTIATE_TEST_SUITE_P(All, FailingCommit, testing::ValuesIn(kFailures),
                         [](const auto& test) { return test.param.name; });

// A statement that cannot spill its pages makes SQLite roll back the whole transaction by itself.
TEST(Transaction, ADiskThatFillsUpInMidTransactionLeavesNothingOpen) {
  const TempDir folder;
  FaultVfs vfs;
  Database database(config_of(folder / "a.db"), test::first_state());
  Connection& connection = database.connection();
  connection.execute("PRAGMA cache_size=1");
  {
    const Transaction transaction(connection);
    vfs.arm({.files = {FileRole::wal}, .sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC});
    EXPECT_EQ(outcome_of([&] {
                for (std::uint64_t i = 1; i < 10'000; ++i) test::append(database, test::make_patch(i, 1), 0);
              }),
              "disk_full");
  }
  EXPECT_FALSE(connection.in_transaction());
  vfs.disarm();
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM segment"), 0);
  EXPECT_EQ(commit_change(database, 1).outcome, CommitOutcome::committed);
}

}   // namespace
}   // namespace usertags::sqlite
