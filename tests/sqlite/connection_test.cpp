#include "sqlite/connection.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "samples.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/vfs_shim.hpp"
#include "support/child.hpp"
#include "support/outcome_of.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::sqlite {
namespace {

namespace fs = std::filesystem;
using test::config_of;
using test::failure_of;
using test::message_of;
using test::outcome_of;
using test::StockSqlite;
using test::TempDir;

constexpr int kMakeIt = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// --- Hardening: the answers to SQLite's hazards are in place on every connection. ---

struct Option {
  const char* name;
  int option;
  int value;
};

class HardenedOption : public testing::TestWithParam<Option> {};

TEST_P(HardenedOption, IsSet) {
  const Connection connection(test::in_memory());
  int now = -1;
  ASSERT_EQ(sqlite3_db_config(connection.handle(), GetParam().option, -1, &now), SQLITE_OK);
  EXPECT_EQ(now, GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(Connection, HardenedOption,
                         testing::Values(Option{"Defensive", SQLITE_DBCONFIG_DEFENSIVE, 1},
                                         Option{"TrustedSchema", SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                         Option{"WritableSchema", SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
                                         Option{"Triggers", SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                         Option{"Views", SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                         Option{"Extensions", SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                         Option{"QuotesInDdl", SQLITE_DBCONFIG_DQS_DDL, 0},
                                         Option{"QuotesInDml", SQLITE_DBCONFIG_DQS_DML, 0},
                                         Option{"NoCheckpointOnClose", SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}),
                         [](const auto& test) { return test.param.name; });

struct Pragma {
  const char* name;
  std::int64_t value;
};

class HardenedPragma : public testing::TestWithParam<Pragma> {};

TEST_P(HardenedPragma, IsSet) {
  const TempDir folder;
  Connection connection(config_of(folder / "a.db"));
  const std::string question = "PRAGMA " + std::string(GetParam().name);
  EXPECT_EQ(connection.query_integer(question.c_str()), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(Connection, HardenedPragma,
                         testing::Values(Pragma{"synchronous", 2}, Pragma{"wal_autocheckpoint", 0},
                                         Pragma{"cell_size_check", 1}, Pragma{"mmap_size", 0},
                                         Pragma{"secure_delete", 0}, Pragma{"temp_store", 2},
                                         Pragma{"trusted_schema", 0}),
                         [](const auto& test) { return test.param.name; });

TEST(Connection, OptionsReachSqlite) {
  const TempDir folder;
  auto config = config_of(folder / "a.db");
  config.durability = Durability::relaxed;
  config.secure_delete = true;
  config.exclusive = true;
  Connection connection(config);
  EXPECT_EQ(connection.query_integer("PRAGMA synchronous"), 1);
  EXPECT_EQ(connection.query_integer("PRAGMA secure_delete"), 1);
  EXPECT_EQ(connection.query_text("PRAGMA locking_mode"), "exclusive");
}

// SQLite counts in an int, and a timeout below zero is none.
TEST(Connection, TheLongestTimeoutIsNotNone) {
  ConnectionConfig config = test::in_memory();
  config.busy_timeout = std::chrono::milliseconds::max();
  Connection connection(config);
  EXPECT_EQ(connection.query_integer("PRAGMA busy_timeout"), std::numeric_limits<int>::max());
}

TEST(Connection, TriggersOfAFileDoNotRunAndItsViewsAreNotRead) {
  const TempDir folder;
  StockSqlite(folder / "a.db", kMakeIt)
      .run(
          "CREATE TABLE t(a); CREATE TABLE seen(a); CREATE VIEW v AS SELECT * FROM t;"
          "CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (1); END");
  Connection connection(config_of(folder / "a.db"));
  connection.execute("INSERT INTO t VALUES (1)");
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM seen"), 0);
  EXPECT_NE(outcome_of([&] { connection.query_integer("SELECT count(*) FROM v"); }), "ok");
}

TEST(Connection, LimitsAreLowered) {
  const Connection connection(test::in_memory());
  for (int limit = 0; limit <= SQLITE_LIMIT_WORKER_THREADS; ++limit) {
    EXPECT_LT(sqlite3_limit(connection.handle(), limit, -1), 100'000'000) << limit;
  }
}

// --- Paths. ---

class OddPath : public testing::TestWithParam<const char*> {};

TEST_P(OddPath, IsTheFileThatIsOpened) {
  const TempDir folder;
  {
    Connection connection(config_of(folder / GetParam()));
    connection.execute("CREATE TABLE t(a); INSERT INTO t VALUES (42)");
  }
  EXPECT_EQ(test::names_in(folder.path()), std::vector<std::string>{GetParam()});
  for (const OpenMode mode : {OpenMode::read_write, OpenMode::read_only, OpenMode::immutable}) {
    Connection connection(config_of(folder / GetParam(), mode));
    EXPECT_EQ(connection.query_integer("SELECT a FROM t"), 42);
  }
}

INSTANTIATE_TEST_SUITE_P(Connection, OddPath,
                         testing::Values("plain.db", "a?mode=memory", "a#b", "a%20b", "100%", "with space",
                                         "a&b=c", "\xC3\xA9\xF0\x9D\x84\x9E", "not\xFF\xFEutf8",
                                         ":memory:", "file:x", "'\"\\", "new\nline", "a+b;c,d", "-wal"));

TEST(Connection, TwoSlashesAtTheStartAreNoHost) {
  const TempDir folder;
  Connection connection(config_of("/" + (folder / "a.db").string()));
  connection.execute("CREATE TABLE t(a)");
  EXPECT_TRUE(fs::exists(folder / "a.db"));
}

TEST(Connection, ARelativePathStartsAtTheWorkingFolder) {
  const TempDir folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  Connection(config_of("rel?ative.db")).execute("CREATE TABLE t(a)");
  fs::current_path(before);
  EXPECT_TRUE(fs::exists(folder / "rel?ative.db"));
}

TEST(Connection, NoPathAndAPathWithANulAreRefused) {
  EXPECT_EQ(outcome_of([] { Connection(config_of("")); }), "invalid_argument");
  EXPECT_EQ(outcome_of([] { Connection(config_of(std::string("/tmp/a\0b", 8))); }), "invalid_argument");
}

TEST(Connection, AMissingFolderIsNamed) {
  const TempDir folder;
  const auto failure = failure_of([&] { Connection(config_of(folder / "no/such/a.db")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(*failure, ErrorCode::io_error);
  EXPECT_EQ(failure->system_error(), ENOENT);
  EXPECT_NE(failure->message().find((folder / "no/such").string() + "' does not exist"), std::string::npos)
      << failure->message();
}

TEST(Connection, AMissingFileIsNotMade) {
  const TempDir folder;
  for (const OpenMode mode : {OpenMode::read_write, OpenMode::read_only, OpenMode::immutable}) {
    const auto failure = failure_of([&] { Connection(config_of(folder / "a.db", mode)); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(*failure, ErrorCode::io_error);
    EXPECT_NE(failure->message().find("no such file"), std::string::npos) << failure->message();
  }
  EXPECT_TRUE(test::names_in(folder.path()).empty());
}

TEST(Connection, AFolderIsNoStore) {
  const TempDir folder;
  for (const OpenMode mode : {OpenMode::create, OpenMode::read_write, OpenMode::read_only}) {
    EXPECT_EQ(outcome_of([&] { Connection(config_of(folder.path(), mode)); }), "not_a_store");
  }
}

// --- Permissions: tried as a user who has none. ---

std::string outcome_as_nobody(const std::function<void()>& function) {
  test::Child child([&](const test::Reporter& parent) {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0))
      return parent.tell("cannot drop root");
    parent.tell(outcome_of(function));
  });
  return child.read_line().value_or("nothing");
}

class Permissions : public testing::Test {
 protected:
  Permissions() {
    StockSqlite(file_, kMakeIt).run("CREATE TABLE t(a)");
    fs::permissions(folder_.path(), fs::perms(0555));
  }
  ~Permissions() override { fs::permissions(folder_.path(), fs::perms(0755)); }

  const TempDir folder_;
  const fs::path file_ = folder_ / "a.db";
};

TEST_F(Permissions, AFolderThatMayNotBeWrittenTo) {
  EXPECT_EQ(outcome_as_nobody([&] { Connection(config_of(folder_ / "new.db")); }), "permission_denied");
}

TEST_F(Permissions, AFileThatMayNotBeWrittenTo) {
  fs::permissions(file_, fs::perms(0444));
  EXPECT_EQ(outcome_as_nobody([&] { Connection(config_of(file_)); }), "permission_denied");
  EXPECT_EQ(outcome_as_nobody([&] { Connection(config_of(file_, OpenMode::read_write)); }),
            "permission_denied");
  EXPECT_EQ(outcome_as_nobody([&] { Connection(config_of(file_, OpenMode::read_only)); }), "ok");
}

TEST_F(Permissions, AFileThatMayNotBeRead) {
  fs::permissions(file_, fs::perms(0000));
  EXPECT_EQ(outcome_as_nobody([&] { Connection(config_of(file_, OpenMode::read_only)); }),
            "permission_denied");
  EXPECT_EQ(outcome_as_nobody([&] { Connection(config_of(file_, OpenMode::immutable)); }),
            "permission_denied");
}

// --- Looking changes nothing. ---

TEST(Connection, OpeningWritesNothingIntoAStrangersFile) {
  const TempDir folder;
  const fs::path file = folder / "a.db";
  StockSqlite(file, kMakeIt).run("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  const std::string before = test::bytes_of(file);
  for (const OpenMode mode :
       {OpenMode::create, OpenMode::read_write, OpenMode::read_only, OpenMode::immutable}) {
    Connection(config_of(file, mode)).query_integer("SELECT a FROM t");
  }
  EXPECT_EQ(test::bytes_of(file), before);
  EXPECT_EQ(test::names_in(folder.path()), std::vector<std::string>{"a.db"});
}

TEST(Connection, ReadOnlyModesDoNotWrite) {
  const TempDir folder;
  StockSqlite(folder / "a.db", kMakeIt).run("CREATE TABLE t(a)");
  for (const OpenMode mode : {OpenMode::read_only, OpenMode::immutable}) {
    Connection connection(config_of(folder / "a.db", mode));
    EXPECT_EQ(outcome_of([&] { connection.execute("INSERT INTO t VALUES (1)"); }), "read_only");
  }
}

TEST(Connection, GarbageIsNoStore) {
  const TempDir folder;
  test::write_file(folder / "a.db", std::string(10'000, 'x'));
  const std::string message = message_of([&] { Connection(config_of(folder / "a.db")); });
  EXPECT_NE(message.find((folder / "a.db").string()), std::string::npos) << message;
  EXPECT_EQ(outcome_of([&] { Connection(config_of(folder / "a.db")); }), "not_a_store");
}

// --- WAL mode. ---

TEST(Connection, EntersWalModeOnce) {
  const TempDir folder;
  Connection connection(config_of(folder / "a.db"));
  connection.enter_wal_mode();
  connection.enter_wal_mode();
  EXPECT_EQ(connection.query_text("PRAGMA journal_mode"), "wal");
}

// A VFS whose databases know no shared memory, as SQLite's oldest did.
class OldVfs final : public VfsShim {
 public:
  OldVfs() : VfsShim("usertags-old", sqlite3_vfs_find(nullptr)) { enroll(true); }
  ~OldVfs() {
    withdraw();
    sqlite3_vfs_register(&below(), 1);
  }

  int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept override {
    const int result = VfsShim::open(name, file, flags, flags_out);
    if (result != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return result;
    static const sqlite3_io_methods old = [](sqlite3_io_methods methods) {
      methods.iVersion = 1;
      return methods;
    }(*file->pMethods);
    file->pMethods = &old;
    return result;
  }
};

TEST(Connection, AFileSystemWithoutSharedMemoryIsRefused) {
  const OldVfs vfs;
  const TempDir folder;
  Connection connection(config_of(folder / "a.db"));
  EXPECT_EQ(outcome_of([&] { connection.execute("CREATE TABLE t(a)"); }), "ok");
  const std::string message = message_of([&] { connection.enter_wal_mode(); });
  EXPECT_NE(message.find("WAL"), std::string::npos) << message;
}

}   // namespace
}   // namespace usertags::sqlite
