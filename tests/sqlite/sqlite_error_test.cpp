#include "sqlite/connection.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>

#include "samples.hpp"
#include "support/fault_vfs.hpp"
#include "support/outcome_of.hpp"
#include "support/temp_dir.hpp"

namespace usertags::sqlite {
namespace {

using test::failure_of;
using test::FileOperation;

struct Case {
  int result_code;
  std::string_view answer;
};

class ResultCode : public testing::TestWithParam<Case> {};

TEST_P(ResultCode, HasOneMeaning) {
  EXPECT_EQ(to_string(to_error(nullptr, GetParam().result_code, "testing").code()), GetParam().answer);
}

INSTANTIATE_TEST_SUITE_P(
    All, ResultCode,
    testing::Values(Case{SQLITE_BUSY, "busy"}, Case{SQLITE_BUSY_SNAPSHOT, "busy"},
                    Case{SQLITE_BUSY_RECOVERY, "busy"}, Case{SQLITE_LOCKED, "busy"},
                    Case{SQLITE_LOCKED_SHAREDCACHE, "busy"}, Case{SQLITE_PROTOCOL, "busy"},
                    Case{SQLITE_FULL, "disk_full"}, Case{SQLITE_NOMEM, "out_of_memory"},
                    Case{SQLITE_IOERR_NOMEM, "out_of_memory"}, Case{SQLITE_READONLY, "read_only"},
                    Case{SQLITE_READONLY_DIRECTORY, "permission_denied"},
                    Case{SQLITE_READONLY_CANTINIT, "permission_denied"},
                    Case{SQLITE_READONLY_DBMOVED, "io_error"}, Case{SQLITE_PERM, "permission_denied"},
                    Case{SQLITE_AUTH, "permission_denied"}, Case{SQLITE_CANTOPEN, "io_error"},
                    Case{SQLITE_NOTADB, "not_a_store"}, Case{SQLITE_CORRUPT, "corrupt_store"},
                    Case{SQLITE_CORRUPT_INDEX, "corrupt_store"},
                    Case{SQLITE_CONSTRAINT_CHECK, "corrupt_store"}, Case{SQLITE_MISMATCH, "corrupt_store"},
                    Case{SQLITE_TOOBIG, "corrupt_store"}, Case{SQLITE_ERROR, "corrupt_store"},
                    Case{SQLITE_IOERR, "io_error"}, Case{SQLITE_IOERR_DELETE, "io_error"},
                    Case{SQLITE_IOERR_LOCK, "io_error"}, Case{SQLITE_INTERRUPT, "cancelled"},
                    Case{SQLITE_NOLFS, "io_error"}));

struct FileCase {
  FileOperation operation;
  int result_code;
  int system_error;
  std::string_view answer;
};

class SystemError : public testing::TestWithParam<FileCase> {};

TEST_P(SystemError, RefinesTheMeaningAndIsKept) {
  const auto [operation, result_code, system_error, answer] = GetParam();
  const test::TempDir folder;
  test::FaultVfs vfs;
  vfs.arm({.operation = operation, .sticky = true, .result = result_code, .system_error = system_error});
  const auto failure =
      failure_of([&] { Connection(test::config_of(folder / "a.db")).execute("CREATE TABLE t(a)"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(to_string(failure->code()), answer) << failure->message();
  EXPECT_EQ(failure->system_error(), system_error);
}

INSTANTIATE_TEST_SUITE_P(
    All, SystemError,
    testing::Values(FileCase{FileOperation::write, SQLITE_IOERR_WRITE, EIO, "io_error"},
                    FileCase{FileOperation::write, SQLITE_IOERR_WRITE, ENOSPC, "disk_full"},
                    FileCase{FileOperation::sync, SQLITE_IOERR_FSYNC, EIO, "io_error"},
                    FileCase{FileOperation::sync, SQLITE_IOERR_FSYNC, EDQUOT, "disk_full"},
                    FileCase{FileOperation::write, SQLITE_IOERR_WRITE, EACCES, "io_error"},
                    FileCase{FileOperation::read, SQLITE_IOERR_READ, EISDIR, "not_a_store"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, EACCES, "permission_denied"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, EPERM, "permission_denied"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, EROFS, "permission_denied"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, ENOSPC, "disk_full"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, ENOMEM, "out_of_memory"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, EISDIR, "not_a_store"},
                    FileCase{FileOperation::open, SQLITE_CANTOPEN, EMFILE, "io_error"}));

TEST(SqliteError, AnErrnoThatBelongsToAnOlderErrorIsLeftOut) {
  const test::TempDir folder;
  test::FaultVfs vfs;
  Connection connection(test::config_of(folder / "a.db"));
  vfs.arm({.result = SQLITE_IOERR_WRITE, .system_error = EIO});
  EXPECT_EQ(failure_of([&] { connection.execute("CREATE TABLE t(a)"); })->system_error(), EIO);
  vfs.disarm();
  vfs.arm({.result = SQLITE_FULL, .system_error = ENOSPC});
  EXPECT_EQ(failure_of([&] { connection.execute("CREATE TABLE t(a)"); })->system_error(), std::nullopt);
}

TEST(SqliteError, SaysWhatWasDoneAndWhatSqliteSays) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &handle), SQLITE_OK);
  const int result = sqlite3_exec(handle, "SELECT * FROM absent", nullptr, nullptr, nullptr);
  const std::string message = to_error(handle, result, "reading").message();
  EXPECT_NE(message.find("reading: no such table: absent"), std::string::npos) << message;
  sqlite3_close(handle);
}

}   // namespace
}   // namespace usertags::sqlite
