#include "sqlite/observed_vfs.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <thread>

#include "samples.hpp"
#include "support/fault_vfs.hpp"
#include "support/outcome_of.hpp"
#include "support/temp_dir.hpp"

namespace usertags::sqlite {
namespace {

using test::commit_change;
using test::config_of;
using test::FaultVfs;
using test::FileOperation;
using test::TempDir;

struct Counter final : SyncObserver {
  void on_sync(std::chrono::nanoseconds took) noexcept override {
    ++syncs;
    total += took;
  }
  int syncs = 0;
  std::chrono::nanoseconds total{0};
};

class ObservedVfsTest : public testing::Test {
 protected:
  ObservedVfsTest() : database_(config_of(folder_ / "a.db"), test::first_state()) { commit(); }
  void commit() { ASSERT_EQ(commit_change(database_, ++revision_).outcome, CommitOutcome::committed); }

  const TempDir folder_;
  Database database_;
  std::uint64_t revision_ = 0;
};

TEST_F(ObservedVfsTest, TellsEachSyncToTheThreadsObserver) {
  Counter counter;
  {
    const ObserveSyncs observe(counter);
    commit();
    EXPECT_EQ(counter.syncs, 1);
    database_.checkpoint();
    EXPECT_EQ(counter.syncs, 3);   // WAL and database
    EXPECT_GT(counter.total.count(), 0);
  }
  commit();
  EXPECT_EQ(counter.syncs, 3);
}

TEST_F(ObservedVfsTest, TheInnerObserverAloneIsTold) {
  Counter outer;
  Counter inner;
  const ObserveSyncs observe_outer(outer);
  {
    const ObserveSyncs observe_inner(inner);
    commit();
  }
  commit();
  EXPECT_EQ(inner.syncs, 1);
  EXPECT_EQ(outer.syncs, 1);
}

TEST_F(ObservedVfsTest, ThreadsDoNotSeeEachOthersSyncs) {
  Counter here;
  Counter there;
  const ObserveSyncs observe(here);
  std::thread([&] {
    const ObserveSyncs observe_there(there);
    commit();
  }).join();
  EXPECT_EQ(here.syncs, 0);
  EXPECT_EQ(there.syncs, 1);
}

TEST_F(ObservedVfsTest, IsNeverTheDefault) {
  EXPECT_STRNE(sqlite3_vfs_find(nullptr)->zName, kObservedVfs);
  sqlite3_vfs* const registered = sqlite3_vfs_find(kObservedVfs);
  register_observed_vfs();
  EXPECT_EQ(sqlite3_vfs_find(kObservedVfs), registered);
}

// Everything that the system's VFS can do can be done through it.
TEST_F(ObservedVfsTest, PassesOnWhatTheFileBelowCanDo) {
  sqlite3_file* file = nullptr;
  ASSERT_EQ(sqlite3_file_control(database_.connection().handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file),
            SQLITE_OK);
  sqlite3* plain = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "b.db").c_str(), &plain), SQLITE_OK);
  sqlite3_file* below = nullptr;
  ASSERT_EQ(sqlite3_file_control(plain, "main", SQLITE_FCNTL_FILE_POINTER, &below), SQLITE_OK);
  EXPECT_EQ(file->pMethods->iVersion, below->pMethods->iVersion);
  EXPECT_EQ(file->pMethods->xDeviceCharacteristics(file), below->pMethods->xDeviceCharacteristics(below));
  EXPECT_EQ(file->pMethods->xSectorSize(file), below->pMethods->xSectorSize(below));
  sqlite3_close(plain);
}

TEST_F(ObservedVfsTest, MappedMemoryWorksThroughIt) {
  Connection connection(config_of(folder_ / "mapped.db"));
  connection.execute("PRAGMA mmap_size=1000000; CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(100000))");
  EXPECT_EQ(connection.query_integer("SELECT length(a) FROM t"), 100'000);
  EXPECT_EQ(connection.query_text("PRAGMA integrity_check"), "ok");
}

TEST_F(ObservedVfsTest, TimeAndRandomnessComeFromBelow) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(kObservedVfs);
  sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
  sqlite3_int64 through = 0;
  sqlite3_int64 direct = 0;
  ASSERT_EQ(vfs->xCurrentTimeInt64(vfs, &through), SQLITE_OK);
  ASSERT_EQ(system->xCurrentTimeInt64(system, &direct), SQLITE_OK);
  EXPECT_LE(direct - through, 60'000);
  double days = 0;
  EXPECT_EQ(vfs->xCurrentTime(vfs, &days), SQLITE_OK);
  EXPECT_NEAR(days * 86'400'000.0, static_cast<double>(direct), 60'000.0);
  char bytes[16] = {};
  EXPECT_EQ(vfs->xRandomness(vfs, sizeof bytes, bytes), static_cast<int>(sizeof bytes));
}

TEST(ObservedVfs, UsesWhicheverVfsIsTheDefaultWhenAFileIsOpened) {
  const TempDir folder;
  FaultVfs vfs;
  {
    Database database(config_of(folder / "a.db"), test::first_state());
  }
  EXPECT_GT(vfs.count(FileOperation::open), 0U);
  EXPECT_GT(vfs.count(FileOperation::write), 0U);
}

TEST(ObservedVfs, ReportsAFileThatCannotBeOpened) {
  const TempDir folder;
  FaultVfs vfs;
  vfs.arm(
      {.operation = FileOperation::open, .sticky = true, .result = SQLITE_CANTOPEN, .system_error = EMFILE});
  const auto failure = test::failure_of([&] { Connection(config_of(folder / "a.db")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->system_error(), EMFILE);
}

// SQLite would take what is missing for zeros.
TEST(ObservedVfs, AShortReadOfWhatTheFileHasIsAnError) {
  FaultVfs vfs;
  const TempDir folder;
  {
    Connection(config_of(folder / "a.db")).execute("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  }
  for (const bool for_ever : {false, true}) {
    Connection connection(config_of(folder / "a.db"));
    vfs.arm({.operation = FileOperation::read,
             .sticky = for_ever,
             .result = SQLITE_IOERR_SHORT_READ,
             .torn = true});
    EXPECT_EQ(test::outcome_of([&] { connection.query_integer("SELECT a FROM t"); }),
              for_ever ? "io_error" : "ok");
    vfs.disarm();
    EXPECT_EQ(connection.query_integer("SELECT a FROM t"), 1);
  }
}

}   // namespace
}   // namespace usertags::sqlite
