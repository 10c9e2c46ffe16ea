#include "sqlite/statement.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

using test::outcome_of;

class StatementTest : public testing::Test {
 protected:
  StatementTest() : connection_(test::in_memory()) { connection_.execute("CREATE TABLE t(a, b)"); }

  Connection connection_;
};

TEST_F(StatementTest, IntegersComeBackBitByBit) {
  Statement echo(connection_, "SELECT ?1");
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63,
                                    std::numeric_limits<std::uint64_t>::max()}) {
    ASSERT_TRUE(echo.bind(1, value).step());
    EXPECT_EQ(static_cast<std::uint64_t>(echo.integer(0)), value);
    EXPECT_EQ(echo.type(0), ColumnType::integer);
    echo.reset();
  }
}

TEST_F(StatementTest, TextsComeBackByteByByte) {
  const std::string texts[] = {"",
                               "plain",
                               std::string("a\0b", 3),
                               "\x01\x1F\x7F",
                               "\"\\'",
                               "\xF0\x9D\x84\x9E",
                               std::string(1'000'000, 'x')};
  Statement insert(connection_, "INSERT INTO t VALUES (?1, NULL)");
  for (const std::string& text : texts) insert.bind_text(1, text).run();
  Statement rows(connection_, "SELECT a FROM t ORDER BY rowid");
  for (const std::string& text : texts) {
    ASSERT_TRUE(rows.step());
    EXPECT_EQ(rows.type(0), ColumnType::text);
    EXPECT_EQ(rows.text(0), text);
  }
  EXPECT_FALSE(rows.step());
}

TEST_F(StatementTest, EmptyIsNotNull) {
  Statement echo(connection_, "SELECT ?1, ?2, ?3");
  ASSERT_TRUE(echo.bind_text(1, {}).bind_blob(2, {}).bind_null(3).step());
  EXPECT_EQ(echo.type(0), ColumnType::text);
  EXPECT_EQ(echo.type(1), ColumnType::blob);
  EXPECT_TRUE(echo.is_null(2));
  EXPECT_EQ(echo.text(0), "");
  EXPECT_NE(echo.text(0).data(), nullptr) << "what is given to functions of C";
  EXPECT_EQ(echo.blob(1).size(), 0U);
}

TEST_F(StatementTest, BlobsComeBackByteByByte) {
  const std::array<std::uint8_t, 4> bytes = {0, 255, 0, 7};
  Statement echo(connection_, "SELECT ?1");
  ASSERT_TRUE(echo.bind_blob(1, bytes).step());
  EXPECT_TRUE(std::ranges::equal(echo.blob(0), bytes));
}

TEST_F(StatementTest, IsReadyAgainAfterItsLastRow) {
  Statement rows(connection_, "SELECT ?1");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(rows.bind(1, i).step());
    EXPECT_EQ(rows.integer(0), i);
    EXPECT_FALSE(rows.step());
  }
}

TEST_F(StatementTest, IsReadyAgainAfterAFailure) {
  connection_.execute("CREATE TABLE narrow(a INTEGER PRIMARY KEY CHECK (a < 10)) STRICT");
  Statement insert(connection_, "INSERT INTO narrow VALUES (?1)");
  EXPECT_EQ(outcome_of([&] { insert.bind(1, 99).run(); }), "corrupt_store");
  EXPECT_EQ(outcome_of([&] { insert.bind(1, 9).run(); }), "ok");
  EXPECT_EQ(connection_.query_integer("SELECT count(*) FROM narrow"), 1);
}

TEST_F(StatementTest, CountsTheRowsItChanged) {
  Statement insert(connection_, "INSERT INTO t VALUES (?1, 0)");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(insert.bind(1, i).run_and_count(), 1);
  Statement update(connection_, "UPDATE t SET b = 1 WHERE a < ?1");
  EXPECT_EQ(update.bind(1, 3).run_and_count(), 3);
  EXPECT_EQ(update.bind(1, 0).run_and_count(), 0);
}

TEST_F(StatementTest, AFailureNamesTheStatementAndSqlitesReason) {
  const std::string message = test::message_of([&] { Statement(connection_, "SELECT x FROM t"); });
  EXPECT_TRUE(message.starts_with("cannot prepare \"SELECT x FROM t\": no such column: x")) << message;
}

TEST_F(StatementTest, ResetAtEndFreesTheRow) {
  connection_.execute("INSERT INTO t VALUES (1, 1), (2, 2)");
  Statement rows(connection_, "SELECT a FROM t");
  {
    const ResetAtEnd reset(rows);
    ASSERT_TRUE(rows.step());
  }
  EXPECT_EQ(outcome_of([&] { connection_.execute("DROP TABLE t"); }), "ok");   // locked while a row stands
}

TEST_F(StatementTest, MayOutliveItsConnectionsMoveAndClose) {
  Connection target(test::in_memory());
  Statement rows(connection_, "SELECT 7");
  target = std::move(connection_);
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.integer(0), 7);
  target.close();
  EXPECT_EQ(target.handle(), nullptr);
}

}   // namespace
}   // namespace usertags::sqlite
