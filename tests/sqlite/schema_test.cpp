// Which file is a store: every kind of file that is none, or no longer, is told with the right code and the
// name of what is wrong.
#include "sqlite/schema.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "samples.hpp"
#include "support/outcome_of.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::sqlite {
namespace {

namespace fs = std::filesystem;
using test::config_of;
using test::failure_of;
using test::outcome_of;
using test::StockSqlite;
using test::TempDir;

constexpr int kMakeIt = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// A closed store with some users, in its one file.
void make_store(const fs::path& path) {
  Database database(config_of(path), test::first_state());
  Transaction transaction(database.connection());
  for (std::uint32_t i = 1; i <= 100; ++i) {
    database.users().insert(*test::make_record(i, i, {{"tier", "gold"}}, "user " + std::to_string(i)));
    test::append(database, test::make_patch(i, i), i);
  }
  ASSERT_EQ(transaction.commit().outcome, CommitOutcome::committed);
  database.checkpoint();
  database.close();
}

FileKind identify_file(const fs::path& path) {
  Connection connection(config_of(path, OpenMode::read_only));
  return identify(connection);
}

TEST(Identify, AStoreIsOurs) {
  const TempDir folder;
  make_store(folder / "a.db");
  EXPECT_EQ(identify_file(folder / "a.db"), FileKind::ours);
}

TEST(Identify, AStoreThatWasAnalyzedAndVacuumedIsOurs) {
  const TempDir folder;
  make_store(folder / "a.db");
  StockSqlite(folder / "a.db").run("ANALYZE; VACUUM");
  EXPECT_EQ(identify_file(folder / "a.db"), FileKind::ours);
}

TEST(Identify, ADatabaseInMemoryIsEmptyAtFirst) {
  Connection connection(test::in_memory());
  EXPECT_EQ(identify(connection), FileKind::empty);
  create_schema(connection, test::first_state());
  EXPECT_EQ(identify(connection), FileKind::ours);
}

TEST(Identify, WorksWithinATransactionToo) {
  Connection connection(test::in_memory());
  Transaction transaction(connection);
  create_schema(connection, test::first_state());
  EXPECT_EQ(identify(connection), FileKind::ours);
  EXPECT_EQ(transaction.commit().outcome, CommitOutcome::committed);
}

TEST(Identify, AFileWithNothingInItIsEmpty) {
  const TempDir folder;
  test::write_file(folder / "zero", "");
  EXPECT_EQ(identify_file(folder / "zero"), FileKind::empty);
  StockSqlite(folder / "header", kMakeIt).run("CREATE TABLE t(a); DROP TABLE t; VACUUM");
  EXPECT_EQ(identify_file(folder / "header"), FileKind::empty);
}

// --- Files that are no store. ---

struct BadFile {
  const char* name;
  std::function<void(const fs::path&)> spoil;   // a closed store
  std::string_view answer;
  std::string_view named;   // is in the message
};

void run(const fs::path& path, const char* sql) {
  StockSqlite(path).run(sql);
}

// Changes what the schema says without touching the data, as a hostile hand would.
void edit_schema(const fs::path& path, const char* update) {
  run(path, ("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET " + std::string(update)).c_str());
}

// Makes an object under a name that SQLite keeps for itself: "xqlite" in its text stands for "sqlite".
void add_hidden(const fs::path& path, const char* create) {
  run(path, create);
  edit_schema(path,
              "name=replace(name,'xqlite','sqlite'), tbl_name=replace(tbl_name,'xqlite','sqlite'),"
              "sql=replace(sql,'xqlite','sqlite')");
}

void overwrite(const fs::path& path, std::size_t offset, const std::string& bytes) {
  std::string file = test::bytes_of(path);
  file.replace(offset, bytes.size(), bytes);
  test::write_file(path, file);
}

constexpr std::size_t kPage = 8192;

const BadFile kBadFiles[] = {
    {"AText", [](const fs::path& path) { test::write_file(path, std::string(9'000, 'x')); }, "not_a_store",
     "not a database"},
    {"AShortText", [](const fs::path& path) { test::write_file(path, "hello"); }, "not_a_store",
     "not a database"},
    {"AGarbageHeader", [](const fs::path& path) { overwrite(path, 0, std::string(100, '\x55')); },
     "not_a_store", "not a database"},
    {"CutWithinTheHeader", [](const fs::path& path) { fs::resize_file(path, 10); }, "not_a_store",
     "not a database"},
    {"CutWithinTheFirstPage", [](const fs::path& path) { fs::resize_file(path, 1'000); }, "corrupt_store",
     "malformed"},
    {"CutByAPage", [](const fs::path& path) { fs::resize_file(path, fs::file_size(path) - kPage); },
     "corrupt_store", "malformed"},
    {"CutWithinTheLastPage", [](const fs::path& path) { fs::resize_file(path, fs::file_size(path) - 1); },
     "corrupt_store", "was cut short"},
    {"AGarbageFirstPage", [](const fs::path& path) { overwrite(path, 100, std::string(3'900, '\xAA')); },
     "corrupt_store", "malformed"},
    {"AnotherApplication", [](const fs::path& path) { run(path, "PRAGMA application_id=1234"); },
     "not_a_store", "1234"},
    {"NoApplicationId", [](const fs::path& path) { run(path, "PRAGMA application_id=0"); }, "not_a_store",
     "has the tables of a store, but application id 0"},
    {"NoNumbersAsAfterADump",
     [](const fs::path& path) { run(path, "PRAGMA application_id=0; PRAGMA user_version=0"); }, "not_a_store",
     "PRAGMA application_id=1970561383; PRAGMA user_version="},
    {"ADatabaseOfSomebody",
     [](const fs::path& path) {
       fs::remove(path);
       StockSqlite(path, kMakeIt).run("CREATE TABLE user(name)");
     },
     "not_a_store", "another application"},
    {"AnEmptyOneOfAnother",
     [](const fs::path& path) {
       fs::remove(path);
       StockSqlite(path, kMakeIt).run("PRAGMA application_id=77");
     },
     "not_a_store", "77"},
    {"AVersionAndNothingElse",
     [](const fs::path& path) {
       fs::remove(path);
       StockSqlite(path, kMakeIt).run("PRAGMA user_version=5");
     },
     "not_a_store", "another application"},
    {"ANewerFormat", [](const fs::path& path) { run(path, "PRAGMA user_version=5"); }, "unsupported_format",
     "version 5, this library reads version 4; use a newer usertags"},
    {"AnOlderFormat", [](const fs::path& path) { run(path, "PRAGMA user_version=2"); }, "unsupported_format",
     "version 2, this library reads version 4; dump it with the build that made it"},
    {"AFormatThatNeverWas", [](const fs::path& path) { run(path, "PRAGMA user_version=0"); }, "corrupt_store",
     "version 0, as a copy by .dump has"},
    {"AnIndexMore", [](const fs::path& path) { run(path, "CREATE INDEX by_name ON user(external_id)"); },
     "corrupt_store", "index \"by_name\" was added; take it away with sqlite3 (DROP INDEX \"by_name\")"},
    {"ATableMore", [](const fs::path& path) { run(path, "CREATE TABLE more(a)"); }, "corrupt_store",
     "table \"more\" was added"},
    {"ATriggerMore",
     [](const fs::path& path) {
       run(path, "CREATE TRIGGER t AFTER INSERT ON user BEGIN DELETE FROM user; END");
     },
     "corrupt_store", "trigger \"t\" was added"},
    {"AViewMore", [](const fs::path& path) { run(path, "CREATE VIEW v AS SELECT 1"); }, "corrupt_store",
     "view \"v\" was added"},
    {"AColumnMore", [](const fs::path& path) { run(path, "ALTER TABLE user ADD COLUMN more TEXT"); },
     "corrupt_store", "table \"user\" was changed"},
    {"AColumnRenamed",
     [](const fs::path& path) { run(path, "ALTER TABLE segment RENAME COLUMN entries TO texts"); },
     "corrupt_store", "table \"segment\" was changed"},
    {"AViewLess", [](const fs::path& path) { run(path, "DROP VIEW user_tag"); }, "corrupt_store",
     "view \"user_tag\" is missing"},
    {"ATableLess", [](const fs::path& path) { run(path, "DROP TABLE token"); }, "corrupt_store",
     "table \"token\" is missing"},
    {"AViewInATablesPlace",
     [](const fs::path& path) { run(path, "DROP TABLE token; CREATE VIEW token AS SELECT 1"); },
     "corrupt_store", "view \"token\" was added"},
    {"ACheckTakenAway",
     [](const fs::path& path) { edit_schema(path, "sql=replace(sql,'CHECK (last >= first)','')"); },
     "corrupt_store", "table \"segment\" was changed"},
    {"ATriggerThatHidesAsStatistics",
     [](const fs::path& path) {
       add_hidden(path, "CREATE TRIGGER xqlite_stat_t AFTER INSERT ON segment BEGIN DELETE FROM user; END");
     },
     "corrupt_store", "trigger \"sqlite_stat_t\" was added"},
    {"AnIndexThatHidesAsStatistics",
     [](const fs::path& path) { add_hidden(path, "CREATE UNIQUE INDEX xqlite_stat1 ON segment(first)"); },
     "corrupt_store", "index \"sqlite_stat1\" was added"},
    {"AViewThatHidesAsStatistics",
     [](const fs::path& path) { add_hidden(path, "CREATE VIEW xqlite_stat1 AS SELECT 1"); }, "corrupt_store",
     "view \"sqlite_stat1\" was added"},
    {"ATableThatHidesAsStatistics",
     [](const fs::path& path) { add_hidden(path, "CREATE TABLE xqlite_stat_x(a)"); }, "corrupt_store",
     "table \"sqlite_stat_x\" was added"},
    {"StatisticsWithOtherColumns",
     [](const fs::path& path) { add_hidden(path, "CREATE TABLE xqlite_stat1(tbl,idx,stat,more)"); },
     "corrupt_store", "table \"sqlite_stat1\" was added"},
    {"AutomaticNumbers",
     [](const fs::path& path) {
       run(path, "CREATE TABLE n(a INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE n");
     },
     "corrupt_store", "table \"sqlite_sequence\" was added"},
    {"ANameThatBreaksTheLine", [](const fs::path& path) { run(path, "CREATE TABLE \"a\nb\"(a)"); },
     "corrupt_store", "table \"a\\x0ab\" was added"},
    {"TwoTablesOnOnePage",
     [](const fs::path& path) {
       edit_schema(path,
                   "rootpage=(SELECT rootpage FROM sqlite_schema WHERE name='user') WHERE name='token'");
     },
     "corrupt_store", ""},
    {"ATableOfAnotherName",
     [](const fs::path& path) { edit_schema(path, "tbl_name='token' WHERE name='user'"); }, "corrupt_store",
     ""},
    {"ASchemaThatCannotBeRead", [](const fs::path& path) { edit_schema(path, "sql='CREATE nonsense'"); },
     "corrupt_store", "malformed"},
    {"AnExpressionTooDeep",
     [](const fs::path& path) {
       std::string deep = "1";
       for (int i = 0; i < 200; ++i) deep += "+1";
       run(path, ("CREATE VIEW deep AS SELECT " + deep).c_str());
     },
     "corrupt_store", "deep"},
    {"AnotherEncoding",
     [](const fs::path& path) {
       fs::remove(path);
       StockSqlite(path, kMakeIt)
           .run(
               "PRAGMA encoding='UTF-16'; CREATE TABLE t(a); PRAGMA application_id=1970561383;"
               "PRAGMA user_version=4");
     },
     "corrupt_store", "UTF-8"},
};

class BadFileTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadFileTest, IsToldForWhatItIs) {
  const TempDir folder;
  const fs::path path = folder / "a.db";
  make_store(path);
  GetParam().spoil(path);
  const std::string before = test::bytes_of(path);
  for (const OpenMode mode : {OpenMode::read_only, OpenMode::create, OpenMode::read_write}) {
    const auto failure = failure_of([&] { Database database(config_of(path, mode), test::first_state()); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(to_string(failure->code()), GetParam().answer) << failure->message();
    EXPECT_NE(failure->message().find(GetParam().named), std::string::npos) << failure->message();
  }
  EXPECT_EQ(test::bytes_of(path), before) << "opening it changed it";
}

INSTANTIATE_TEST_SUITE_P(Identify, BadFileTest, testing::ValuesIn(kBadFiles),
                         [](const auto& test) { return test.param.name; });

// A header of a kind that SQLite reads and does not write.
TEST(Identify, AFileThatNobodyMayWriteToIsReadOnly) {
  const TempDir folder;
  make_store(folder / "a.db");
  overwrite(folder / "a.db", 18, "\x03");
  EXPECT_EQ(identify_file(folder / "a.db"), FileKind::ours);
  EXPECT_EQ(outcome_of([&] { Database database(config_of(folder / "a.db"), test::first_state()); }),
            "corrupt_store");
}

// What was given the numbers of a store again is one.
TEST(Identify, ACopyWithoutItsNumbersIsAStoreOnceItHasThem) {
  const TempDir folder;
  make_store(folder / "a.db");
  run(folder / "a.db", "PRAGMA application_id=0; PRAGMA user_version=0");
  EXPECT_EQ(outcome_of([&] { identify_file(folder / "a.db"); }), "not_a_store");
  run(folder / "a.db", ("PRAGMA application_id=" + std::to_string(kApplicationId) +
                        "; PRAGMA user_version=" + std::to_string(kFormatVersion))
                           .c_str());
  EXPECT_EQ(identify_file(folder / "a.db"), FileKind::ours);
}

// The schema is sound, and a page of a table is not: what reads it says so.
TEST(Identify, ADamagedTableIsFoundByItsReader) {
  const TempDir folder;
  make_store(folder / "a.db");
  const auto root = std::stoul(
      StockSqlite(folder / "a.db").query("SELECT rootpage FROM sqlite_schema WHERE name='user'")[0][0]);
  overwrite(folder / "a.db", (root - 1) * kPage, std::string(kPage, '\xA5'));
  Database database(config_of(folder / "a.db"), test::first_state());
  EXPECT_EQ(outcome_of([&] {
              UserTable::Reader rows(database.connection());
              while (rows.next()) {
              }
            }),
            "corrupt_store");
}

TEST(Schema, ReadsAsItWasWritten) {
  const TempDir folder;
  make_store(folder / "a.db");
  StockSqlite stock(folder / "a.db");
  EXPECT_EQ(stock.query("PRAGMA integrity_check"), (std::vector<StockSqlite::Row>{{"ok"}}));
  EXPECT_EQ(stock.query("PRAGMA page_size"), (std::vector<StockSqlite::Row>{{"8192"}}));
  EXPECT_EQ(stock.query("SELECT count(*) FROM sqlite_schema WHERE type='table' AND sql NOT LIKE '%STRICT'"),
            (std::vector<StockSqlite::Row>{{"0"}}));
}

// CHECKs count bytes, and hold against a stock shell as well.
class RefusedBySchema : public testing::TestWithParam<const char*> {};

TEST_P(RefusedBySchema, StaysOut) {
  Database database(test::in_memory(), test::first_state());
  EXPECT_EQ(outcome_of([&] { database.connection().execute(GetParam()); }), "corrupt_store");
}

INSTANTIATE_TEST_SUITE_P(
    Schema, RefusedBySchema,
    testing::Values(
        "INSERT INTO state SELECT 2, store_id, 1, 1, 0, 0, last_id, 0, digest, 0, 0, 1, 0, 0, 1, 0, 0, 0, binding, 1, 1, 1, "
        "0, 0, 0, 1, "
        "0, 0 FROM state",
        "UPDATE state SET store_id = x'00'", "UPDATE state SET clean = 2",
        "UPDATE state SET history_keep_all = 2", "UPDATE state SET revision = 'x'",
        "INSERT INTO segment VALUES (2, 1, 0, 0, 0, '[]')",
        "INSERT INTO segment VALUES (1, 1, 0, 0, 0, NULL)",
        "INSERT INTO segment VALUES (1, 1, 0, 0, 0, x'5B5D')", "UPDATE state SET binding = x'00'",
        "INSERT INTO user VALUES (1, 'short', 'ann', 1, 0, '{}')",
        "INSERT INTO user VALUES (1, printf('%.31c', 'x'), '', 1, 0, '{}')",
        "INSERT INTO user VALUES (1, printf('%.31c', 'x'), printf('%.511c', char(233)), 1, 0, '{}')",
        "INSERT INTO token VALUES (1, 1, 1, 0, 0, 0, x'', zeroblob(16))",
        "INSERT INTO token VALUES (1, 1, 1, 0, 0, 0, zeroblob(129), zeroblob(16))",
        "INSERT INTO token VALUES (1, 1, 1, 0, 0, 0, x'01', zeroblob(15))",
        "INSERT INTO token VALUES (1, 1, 1, 2, 0, 0, x'01', zeroblob(16))"));

TEST(Schema, TakesATokenWithoutAUser) {
  Database database(test::in_memory(), test::first_state());
  EXPECT_EQ(
      outcome_of([&] {
        database.connection().execute("INSERT INTO token VALUES (1, NULL, 1, 1, 0, 0, x'01', zeroblob(16))");
      }),
      "ok");
}

}   // namespace
}   // namespace usertags::sqlite
