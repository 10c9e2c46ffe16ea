// Files of an older version, and the columns of this one.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>

#include "samples.hpp"
#include "sqlite/columns.hpp"
#include "sqlite/schema.hpp"
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

static_assert(kFormatVersion == 4, "a step of the tests leads from each version before this one");

// The version before this one, as these tests have it, knew no view of tags.
void add_view(Connection& connection) {
  connection.execute(
      "CREATE VIEW user_tag(user_id, external_id, key, value) AS\n"
      "  SELECT user_now.id, user_now.external_id, tag.key, tag.value\n"
      "    FROM user_now, json_each(user_now.tags) AS tag");
}

constexpr std::array kFromThree = {FormatStep{3, add_view}};
constexpr std::array kFailing = {FormatStep{3, [](Connection& connection) {
                                              add_view(connection);
                                              connection.execute("INSERT INTO no_such_table VALUES (1)");
                                            }}};
constexpr std::array kIncomplete = {FormatStep{3, [](Connection&) {}}};

class FormatStepsTest : public testing::Test {
 protected:
  void SetUp() override {
    Database database(config_of(path_), test::first_state());
    Transaction transaction(database.connection());
    database.users().insert(*test::make_record(1, 1));
    ASSERT_EQ(transaction.commit().outcome, CommitOutcome::committed);
    database.checkpoint();
    database.close();
    StockSqlite(path_).run("DROP VIEW user_tag; PRAGMA user_version=3");
  }

  std::int64_t version() {
    Connection connection(config_of(path_, OpenMode::read_only));
    return connection.query_integer("PRAGMA user_version");
  }

  TempDir folder_;
  const fs::path path_ = folder_ / "a.db";
};

TEST_F(FormatStepsTest, AnOlderFileIsMigratedAndIdentified) {
  Connection connection(config_of(path_, OpenMode::read_write));
  ASSERT_TRUE(can_be_migrated(connection, kFromThree));
  migrate(connection, kFromThree);
  EXPECT_FALSE(can_be_migrated(connection, kFromThree));
  EXPECT_EQ(identify(connection, kFromThree), FileKind::ours);
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM user"), 1);
}

TEST_F(FormatStepsTest, AReaderIsToldThatOpeningForWritingMigrates) {
  Connection connection(config_of(path_, OpenMode::read_only));
  const auto failure = failure_of([&] { identify(connection, kFromThree); });
  ASSERT_TRUE(failure);
  const Error& error = *failure;
  EXPECT_EQ(error.code(), ErrorCode::unsupported_format);
  EXPECT_NE(
      error.message().find("has format version 3, this library reads version 4; open it for writing once: "
                           "that migrates it"),
      std::string::npos)
      << error.message();
}

TEST_F(FormatStepsTest, WithoutAStepItIsRefusedByName) {
  Connection connection(config_of(path_, OpenMode::read_write));
  EXPECT_FALSE(can_be_migrated(connection));
  EXPECT_EQ(outcome_of([&] { identify(connection); }), "unsupported_format");
}

TEST_F(FormatStepsTest, AStepThatFailsLeavesTheFileAsItWas) {
  {
    Connection connection(config_of(path_, OpenMode::read_write));
    EXPECT_NE(outcome_of([&] { migrate(connection, kFailing); }), "ok");
  }
  EXPECT_EQ(version(), 3);
  Connection connection(config_of(path_, OpenMode::read_write));
  migrate(connection, kFromThree);
  EXPECT_EQ(identify(connection), FileKind::ours);
}

TEST_F(FormatStepsTest, AStepThatMakesNoStoreOfTheNextVersionLeavesTheFileAsItWas) {
  {
    Connection connection(config_of(path_, OpenMode::read_write));
    EXPECT_EQ(outcome_of([&] { migrate(connection, kIncomplete); }), "corrupt_store");
  }
  EXPECT_EQ(version(), 3);
}

TEST_F(FormatStepsTest, ACurrentFileAndAnotherApplicationsAreNotMigrated) {
  StockSqlite(path_).run("PRAGMA user_version=4");
  {
    Connection connection(config_of(path_, OpenMode::read_write));
    EXPECT_FALSE(can_be_migrated(connection, kFromThree));
  }
  StockSqlite(path_).run("PRAGMA user_version=3; PRAGMA application_id=7");
  Connection connection(config_of(path_, OpenMode::read_write));
  EXPECT_FALSE(can_be_migrated(connection, kFromThree));
}

// --- The columns, as SQLite has understood the schema. ---

std::string columns_in_file(Connection& connection, const std::string& table) {
  Statement rows(connection, "SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info('" +
                                 table + "') ORDER BY cid)");
  return rows.step() ? std::string(rows.text(0)) : "";
}

TEST(Columns, AreThoseOfTheSchema) {
  Database database(test::in_memory(), test::first_state());
  Connection& connection = database.connection();
  EXPECT_EQ(list_of(kSegment), columns_in_file(connection, "segment"));
  EXPECT_EQ(list_of(kUser), columns_in_file(connection, "user"));
  EXPECT_EQ(list_of(kExternalIdHash), columns_in_file(connection, "external_id_hash"));
  EXPECT_EQ(list_of(kToken), columns_in_file(connection, "token"));
  EXPECT_EQ("id, " + list_of(kState), columns_in_file(connection, "state"));
}

}   // namespace
}   // namespace usertags::sqlite
