#include "sqlite/database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

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
using test::names_in;
using test::outcome_of;
using test::StockSqlite;
using test::TempDir;

using Names = std::vector<std::string>;

class DatabaseTest : public test::DatabaseFiles {
 protected:
  Database& open(OpenMode mode = OpenMode::create) { return open(config_of(path_, mode)); }
  Database& open(const ConnectionConfig& config) { return database_.emplace(config, test::first_state()); }
  void commit(std::uint64_t first, std::uint64_t last) { commit_changes(*database_, first, last); }
  std::uint64_t revision_after_reopening() {
    database_.reset();
    return DatabaseFiles::revision_after_reopening();
  }

  FaultVfs vfs_;
  std::optional<Database> database_;
};

// --- Opening. ---

TEST_F(DatabaseTest, MakesAStoreOnceAndFindsItAgain) {
  State state = test::first_state();
  state.epoch = 7;
  {
    Database database(config_of(path_), state);
  }
  EXPECT_EQ(open(OpenMode::read_write).state().read(), state);
  EXPECT_EQ(open(OpenMode::create).state().read(), state);
}

// The switch is a commit of its own, whose failure comes behind its answer.
TEST_F(DatabaseTest, AStoreThatCannotBeTakenIntoWalModeIsNotMade) {
  bool fired = true;
  for (std::uint64_t nth = 1; fired; ++nth) {
    fs::remove(path_);
    const std::uint64_t before = vfs_.fired();
    vfs_.arm({.nth = nth, .result = SQLITE_IOERR_WRITE});
    const std::string outcome = outcome_of([&] { open(); });
    vfs_.disarm();
    fired = vfs_.fired() > before;
    EXPECT_EQ(outcome, fired ? "io_error" : "ok") << nth;
    database_.reset();
  }
}

TEST_F(DatabaseTest, ANewStoreIsInItsFileAtOnceWhateverTheDurability) {
  auto config = config_of(path_);
  config.durability = Durability::relaxed;
  open(config);
  fs::copy_file(path_, folder_ / "copy.db");   // without the WAL
  Database copy(config_of(folder_ / "copy.db", OpenMode::read_write), test::first_state());
  EXPECT_EQ(copy.state().read(), test::first_state());
}

TEST_F(DatabaseTest, AnEmptyFileBecomesAStoreOnlyWhereOneMayBeMade) {
  test::write_file(path_, "");
  EXPECT_EQ(outcome_of([&] { open(OpenMode::read_write); }), "not_a_store");
  EXPECT_EQ(outcome_of([&] { open(OpenMode::read_only); }), "not_a_store");
  EXPECT_EQ(fs::file_size(path_), 0U);
  EXPECT_EQ(outcome_of([&] { open(OpenMode::create); }), "ok");
}

TEST_F(DatabaseTest, AStoreOutsideOfWalModeIsTakenBackIntoIt) {
  open();
  database_.reset();
  StockSqlite(path_).run("PRAGMA journal_mode=DELETE");
  EXPECT_EQ(open().connection().query_text("PRAGMA journal_mode"), "wal");
}

TEST_F(DatabaseTest, ACreationThatFailsAtAnyStepLeavesNothingInTheWay) {
  std::uint64_t fired = 0;
  for (const FileOperation operation : {FileOperation::write, FileOperation::sync, FileOperation::open}) {
    for (std::uint64_t nth = 1;; ++nth) {
      const fs::path path =
          folder_ / ("b" + std::to_string(static_cast<int>(operation)) + std::to_string(nth));
      vfs_.arm({.operation = operation, .nth = nth});
      const std::string first = outcome_of([&] { Database database(config_of(path), test::first_state()); });
      vfs_.disarm();
      if (vfs_.fired() == fired) break;
      fired = vfs_.fired();
      ASSERT_EQ(outcome_of([&] { Database database(config_of(path), test::first_state()); }), "ok")
          << first << " at operation " << nth;
    }
  }
  EXPECT_GT(fired, 20U);
}

TEST_F(DatabaseTest, ExclusiveAccessLeavesNoSharedMemoryAndKeepsReadersOut) {
  auto config = config_of(path_);
  open(config).close();
  config.exclusive = true;
  open(config);
  commit(1, 3);
  EXPECT_EQ(names_in(folder_.path()), (Names{"a.db", "a.db-wal"}));
  EXPECT_EQ(outcome_of([&] {
              Connection reader(config_of(path_, OpenMode::read_only));
              identify(reader);
            }),
            "busy");
  EXPECT_EQ(database_->checkpoint(), Database::Checkpointed::whole);
  database_->close();
  EXPECT_EQ(names_in(folder_.path()), Names{"a.db"});
}

TEST(Database, LivesInMemoryToo) {
  Database database(test::in_memory(), test::first_state());
  EXPECT_EQ(commit_change(database, 1).outcome, CommitOutcome::committed);
  EXPECT_EQ(database.state().read().revision, 1U);
  EXPECT_EQ(database.checkpoint(), Database::Checkpointed::whole);
  database.checkpoint_and_truncate();
  EXPECT_EQ(database.wal_bytes(), 0U);
  EXPECT_FALSE(database.moved());
  database.close();
}

// --- What others did: PRAGMA data_version. ---

TEST_F(DatabaseTest, DataVersionIsBlindToOurOwnWork) {
  open();
  const std::int64_t version = database_->data_version();
  commit(1, 5);
  EXPECT_EQ(database_->data_version(), version) << "commit";
  {
    const Transaction transaction(database_->connection());
    test::append(*database_, test::make_patch(6, 1), 0);
    EXPECT_EQ(database_->data_version(), version) << "within a transaction";
  }
  EXPECT_EQ(database_->data_version(), version) << "rollback";
  database_->checkpoint();
  EXPECT_EQ(database_->data_version(), version) << "checkpoint";
  commit(6, 8);   // starts the WAL anew
  EXPECT_EQ(database_->data_version(), version) << "WAL started anew";
  database_->checkpoint_and_truncate();
  commit(9, 10);
  EXPECT_EQ(database_->data_version(), version) << "WAL truncated";
}

TEST_F(DatabaseTest, DataVersionTellsAForeignCommit) {
  open();
  commit(1, 1);
  const std::int64_t version = database_->data_version();
  StockSqlite stock(path_);
  stock.query("SELECT count(*) FROM user");
  EXPECT_EQ(database_->data_version(), version) << "reading";
  stock.run("UPDATE state SET epoch = 9");
  const std::int64_t after = database_->data_version();
  EXPECT_NE(after, version);
  commit(2, 2);
  EXPECT_EQ(database_->data_version(), after);
  stock.run("PRAGMA user_version=1");
  const Transaction transaction(database_->connection());
  EXPECT_NE(database_->data_version(), after) << "seen first within a transaction";
}

// --- Checkpoints. ---

TEST_F(DatabaseTest, AWholeCheckpointLetsTheWalStartAnew) {
  open();
  commit(1, 50);
  const std::uint64_t full = database_->wal_bytes();
  EXPECT_EQ(full, fs::file_size(wal_));
  EXPECT_EQ(database_->checkpoint(), Database::Checkpointed::whole);
  EXPECT_EQ(database_->wal_bytes(), 0U);
  commit(51, 51);
  EXPECT_GT(database_->wal_bytes(), 0U);
  EXPECT_LT(database_->wal_bytes(), full / 10);
  EXPECT_EQ(fs::file_size(wal_), full) << "it is recycled, not truncated";
}

TEST_F(DatabaseTest, APinnedReaderMakesACheckpointPartial) {
  open();
  commit(1, 5);
  Connection reader(config_of(path_, OpenMode::read_only));
  std::optional<ReadTransaction> moment(reader);
  commit(6, 10);
  const std::uint64_t pinned = database_->wal_bytes();
  EXPECT_EQ(database_->checkpoint(), Database::Checkpointed::partly);
  EXPECT_EQ(database_->wal_bytes(), pinned);
  EXPECT_EQ(outcome_of([&] { database_->checkpoint_and_truncate(); }), "busy");
  EXPECT_EQ(reader.query_integer("SELECT revision FROM state"), 5);
  moment.reset();
  EXPECT_EQ(database_->checkpoint(), Database::Checkpointed::whole);
  EXPECT_EQ(database_->wal_bytes(), 0U);
}

TEST_F(DatabaseTest, ACheckpointThatCannotSyncSaysSo) {
  open();
  commit(1, 5);
  for (const FileRole file : {FileRole::wal, FileRole::database}) {
    vfs_.arm({.operation = FileOperation::sync, .files = {file}, .result = SQLITE_IOERR_FSYNC});
    EXPECT_EQ(outcome_of([&] { database_->checkpoint(); }), "io_error");
    vfs_.disarm();
  }
  EXPECT_EQ(revision_after_reopening(), 5U);
}

TEST_F(DatabaseTest, NothingIsCheckpointedBehindOurBack) {
  auto config = config_of(path_);
  config.durability = Durability::relaxed;
  open(config);
  const auto writes = vfs_.count(FileOperation::write, FileRole::database);
  commit(1, 1'500);   // SQLite itself would checkpoint at 1,000 pages
  EXPECT_EQ(vfs_.count(FileOperation::write, FileRole::database), writes);
  database_.reset();
  EXPECT_EQ(vfs_.count(FileOperation::write, FileRole::database), writes) << "nor at close";
}

TEST_F(DatabaseTest, FullDurabilitySyncsEachCommitAndRelaxedNone) {
  auto config = config_of(path_);
  for (const auto& [durability, syncs] :
       {std::pair{Durability::full, 20U}, std::pair{Durability::relaxed, 0U}}) {
    config.durability = durability;
    open(config);
    commit(1, 1);   // the first sync of a WAL's header is apart
    const auto before = vfs_.count(FileOperation::sync);
    commit(2, 21);
    EXPECT_EQ(vfs_.count(FileOperation::sync) - before, syncs);
    database_->connection().execute("DELETE FROM segment");
    database_.reset();
  }
}

// --- The file as a whole. ---

TEST_F(DatabaseTest, AFailureNamesTheFile) {
  const std::string message = test::message_of([&] { open().connection().execute("SELECT x"); });
  EXPECT_TRUE(message.starts_with("cannot run \"SELECT x\" in '" + path_.string() + "': no such column: x; "))
      << message;
}

TEST_F(DatabaseTest, TellsItsSize) {
  open();
  commit(1, 3);
  database_->checkpoint();
  EXPECT_EQ(database_->database_bytes(), fs::file_size(path_));
}

TEST_F(DatabaseTest, NoticesThatItsFileWasRenamedOrRemoved) {
  open();
  EXPECT_FALSE(database_->moved());
  fs::rename(path_, folder_ / "b.db");
  EXPECT_TRUE(database_->moved());
  fs::rename(folder_ / "b.db", path_);
  EXPECT_FALSE(database_->moved());
  fs::remove(path_);
  EXPECT_TRUE(database_->moved());
}

// --- Closing. ---

TEST_F(DatabaseTest, CloseAfterAWholeCheckpointLeavesOneFile) {
  open();
  commit(1, 5);
  database_->checkpoint();
  database_->close();
  EXPECT_EQ(names_in(folder_.path()), Names{"a.db"});
  database_->close();   // again: nothing
  EXPECT_EQ(revision_after_reopening(), 5U);
}

TEST_F(DatabaseTest, CloseOfAStoreThatWasOnlyLookedAtLeavesOneFile) {
  open();
  database_->close();
  open();
  database_->close();
  EXPECT_EQ(names_in(folder_.path()), Names{"a.db"});
}

TEST_F(DatabaseTest, CloseWithoutACheckpointLeavesTheWalForRecovery) {
  open();
  commit(1, 5);
  database_->checkpoint();
  commit(6, 6);
  database_->close();
  EXPECT_TRUE(fs::exists(wal_));
  EXPECT_EQ(revision_after_reopening(), 6U);
}

// What a COMMIT with an unknown outcome left in the WAL is not swept away: it may be found, or not, once.
TEST_F(DatabaseTest, CloseAfterAnUnknownOutcomeTouchesNothing) {
  open();
  commit(1, 5);
  ASSERT_EQ(database_->checkpoint(), Database::Checkpointed::whole);
  commit(6, 6);
  ASSERT_EQ(database_->checkpoint(), Database::Checkpointed::whole);
  vfs_.arm({.operation = FileOperation::sync,
            .files = {FileRole::wal},
            .sticky = true,
            .result = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(commit_change(*database_, 7).outcome, CommitOutcome::unknown);
  vfs_.disarm();
  const std::string wal = test::bytes_of(wal_);
  const std::string file = test::bytes_of(path_);
  database_->close();
  EXPECT_EQ(test::bytes_of(wal_), wal);
  EXPECT_EQ(test::bytes_of(path_), file);
}

TEST_F(DatabaseTest, CloseBesideAReaderLeavesIsItsView) {
  open();
  commit(1, 5);
  Connection reader(config_of(path_, OpenMode::read_only));
  const ReadTransaction moment(reader);
  database_->checkpoint();
  database_->close();
  EXPECT_EQ(reader.query_integer("SELECT revision FROM state"), 5);
}

TEST_F(DatabaseTest, AnAbandonedDatabaseIsLeftToTheParent) {
  open();
  commit(1, 1);
  test::Child child([&](const test::Reporter& parent) {
    {
      Statement left(database_->connection(), "SELECT 1");
      left.step();
      database_->abandon();
    }
    database_->close();
    database_.reset();
    parent.tell("gone");
  });
  EXPECT_EQ(child.read_line(), "gone");
  EXPECT_EQ(child.wait(), 0);
  commit(2, 5);   // the parent's locks still hold
  EXPECT_EQ(revision_after_reopening(), 5U);
}

// --- Looking. ---

TEST_F(DatabaseTest, ReadersChangeNoByteBesideALiveWriter) {
  open();
  commit(1, 5);
  const std::string file = test::bytes_of(path_);
  const std::string wal = test::bytes_of(wal_);
  {
    Connection reader(config_of(path_, OpenMode::read_only));
    EXPECT_EQ(identify(reader), FileKind::ours);
    EXPECT_EQ(StateTable(reader).read().revision, 5U);
  }
  EXPECT_EQ(test::bytes_of(path_), file);
  EXPECT_EQ(test::bytes_of(wal_), wal);
}

TEST_F(DatabaseTest, ReadersChangeNoByteOfAStoreThatCrashed) {
  open();
  commit(1, 5);
  const TempDir elsewhere;
  fs::copy_file(path_, elsewhere / "a.db");
  fs::copy_file(wal_, elsewhere / "a.db-wal");
  const std::string file = test::bytes_of(path_);
  const std::string wal = test::bytes_of(wal_);
  {
    Connection reader(config_of(elsewhere / "a.db", OpenMode::read_only));
    EXPECT_EQ(StateTable(reader).read().revision, 5U);
  }
  EXPECT_EQ(test::bytes_of(elsewhere / "a.db"), file);
  EXPECT_EQ(test::bytes_of(elsewhere / "a.db-wal"), wal);
}

TEST_F(DatabaseTest, ImmutableReadersLeaveNothingBehind) {
  open();
  commit(1, 5);
  database_->checkpoint();
  database_->close();
  const std::string file = test::bytes_of(path_);
  {
    Connection reader(config_of(path_, OpenMode::immutable));
    EXPECT_EQ(identify(reader), FileKind::ours);
    EXPECT_EQ(StateTable(reader).read().revision, 5U);
    EXPECT_EQ(names_in(folder_.path()), Names{"a.db"});
  }
  EXPECT_EQ(test::bytes_of(path_), file);
  EXPECT_EQ(names_in(folder_.path()), Names{"a.db"});
}

}   // namespace
}   // namespace usertags::sqlite
