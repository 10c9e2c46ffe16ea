// The injector of faults is itself tested: what it is told to let fail fails, there and then, and nothing
// else.
#include "support/fault_vfs.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "samples.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

class FaultVfsTest : public testing::Test {
 protected:
  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };

  // An int that a page write goes with: SQLITE_OK or an extended code.
  int write_a_row() {
    return sqlite3_exec(handle_.get(), "INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr);
  }
  int extended() { return sqlite3_extended_errcode(handle_.get()); }

  FaultVfsTest() {
    sqlite3* handle = nullptr;
    sqlite3_open((folder_ / "a.db").c_str(), &handle);
    handle_.reset(handle);
    sqlite3_exec(handle, "CREATE TABLE t(a)", nullptr, nullptr, nullptr);
  }

  const TempDir folder_;
  FaultVfs vfs_;
  std::unique_ptr<sqlite3, Closer> handle_;
};

TEST_F(FaultVfsTest, WithoutFaultsNothingFailsAndAllIsCounted) {
  const auto writes = vfs_.count(FileOperation::write);
  EXPECT_EQ(write_a_row(), SQLITE_OK);
  EXPECT_GT(vfs_.count(FileOperation::write), writes);
  EXPECT_GT(vfs_.count(FileOperation::write, FileRole::journal), 0U);
  EXPECT_GT(vfs_.count(FileOperation::sync, FileRole::database), 0U);
  EXPECT_GT(vfs_.count(FileOperation::remove, FileRole::journal), 0U);
  EXPECT_EQ(vfs_.count(FileOperation::write, FileRole::wal), 0U);
  EXPECT_EQ(vfs_.fired(), 0U);
}

TEST_F(FaultVfsTest, AFaultStrikesOnceAtItsPlace) {
  vfs_.arm({.operation = FileOperation::sync,
            .files = {FileRole::database},
            .nth = 2,
            .result = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(write_a_row(), SQLITE_OK);
  EXPECT_EQ(write_a_row(), SQLITE_IOERR);
  EXPECT_EQ(extended(), SQLITE_IOERR_FSYNC);
  EXPECT_EQ(write_a_row(), SQLITE_OK);
  EXPECT_EQ(vfs_.fired(), 1U);
}

TEST_F(FaultVfsTest, AStickyFaultStrikesUntilItIsDisarmed) {
  vfs_.arm({.files = {FileRole::journal}, .sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC});
  EXPECT_EQ(write_a_row(), SQLITE_FULL);
  EXPECT_EQ(write_a_row(), SQLITE_FULL);
  EXPECT_EQ(vfs_.fired(), 2U);
  vfs_.disarm();
  EXPECT_EQ(write_a_row(), SQLITE_OK);
}

TEST_F(FaultVfsTest, FaultsStandBesideEachOther) {
  vfs_.arm({.files = {FileRole::journal}, .result = SQLITE_FULL});
  vfs_.arm({.operation = FileOperation::sync, .files = {FileRole::journal}, .result = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(write_a_row(), SQLITE_FULL);
  EXPECT_EQ(write_a_row(), SQLITE_IOERR);
  EXPECT_EQ(write_a_row(), SQLITE_OK);
}

TEST_F(FaultVfsTest, EveryOperationCanFail) {
  const TempDir other;
  sqlite3_exec(handle_.get(), "PRAGMA journal_mode=WAL; INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr);
  for (const FileOperation operation :
       {FileOperation::open, FileOperation::read, FileOperation::write, FileOperation::sync,
        FileOperation::truncate, FileOperation::remove}) {
    const auto fired = vfs_.fired();
    vfs_.arm({.operation = operation, .sticky = true});
    const std::string name = other / std::to_string(static_cast<int>(operation));
    sqlite3* handle = nullptr;
    sqlite3_open(name.c_str(), &handle);
    sqlite3_exec(handle, "CREATE TABLE t(a); DROP TABLE t; VACUUM", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    sqlite3_exec(handle_.get(), "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
    vfs_.disarm();
    EXPECT_GT(vfs_.fired(), fired) << static_cast<int>(operation);
  }
}

// Straight through the VFS's own methods: what is in the file, and errno.
TEST(FaultVfs, ATornWriteLeavesItsFirstHalf) {
  const TempDir folder;
  const std::string name = folder / "a";
  write_file(name, std::string(8, '.'));
  FaultVfs vfs;
  sqlite3_vfs* const entry = sqlite3_vfs_find(nullptr);
  const auto memory = std::make_unique<char[]>(static_cast<std::size_t>(entry->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.get());
  // SQLite's own file names are followed by two zeros.
  const std::string zeros = name + std::string(4, '\0');
  ASSERT_EQ(entry->xOpen(entry, zeros.c_str(), file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_DB, nullptr),
            SQLITE_OK);
  vfs.arm({.result = SQLITE_IOERR_WRITE, .system_error = EDQUOT, .torn = true});
  errno = 0;
  EXPECT_EQ(file->pMethods->xWrite(file, "abcdefgh", 8, 0), SQLITE_IOERR_WRITE);
  EXPECT_EQ(errno, EDQUOT);
  EXPECT_EQ(bytes_of(name), "abcd....");
  EXPECT_EQ(file->pMethods->xWrite(file, "abcdefgh", 8, 0), SQLITE_OK);
  EXPECT_EQ(vfs.bytes_written(FileRole::database), 8U);
  file->pMethods->xClose(file);
  EXPECT_EQ(bytes_of(name), "abcdefgh");
}

TEST(FaultVfs, LeavesTheDefaultAsItWas) {
  sqlite3_vfs* const before = sqlite3_vfs_find(nullptr);
  {
    const FaultVfs vfs;
    EXPECT_NE(sqlite3_vfs_find(nullptr), before);
  }
  EXPECT_EQ(sqlite3_vfs_find(nullptr), before);
}

}   // namespace
}   // namespace usertags::test
