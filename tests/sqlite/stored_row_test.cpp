#include "sqlite/statement.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

struct Case {
  const char* value;   // SQL
  std::function<void(const StoredRow&)> read;
  bool accepted;
};

constexpr Table kRow{"user", std::array<std::string_view, 1>{"external_id"}};

class StoredRowTest : public testing::TestWithParam<Case> {};

TEST_P(StoredRowTest, TakesWhatAStoreWritesAndNothingElse) {
  Connection connection(test::in_memory());
  Statement select(connection, std::string("SELECT ") + GetParam().value);
  ASSERT_TRUE(select.step());
  const StoredRow row(select, kRow);
  EXPECT_EQ(test::outcome_of([&] { GetParam().read(row); }), GetParam().accepted ? "ok" : "corrupt_store");
}

void any(const StoredRow& row) {
  row.integer(0);
}
void flag(const StoredRow& row) {
  row.integer(0, 0, 1);
}
void number(const StoredRow& row) {
  row.number(0);
}
void bits(const StoredRow& row) {
  row.bits(0);
}
void ordinal(const StoredRow& row) {
  row.ordinal(0);
}
void text(const StoredRow& row) {
  row.text(0);
}
void text_or_null(const StoredRow& row) {
  row.text_or_null(0);
}
void bytes16(const StoredRow& row) {
  row.bytes16(0);
}

INSTANTIATE_TEST_SUITE_P(
    All, StoredRowTest,
    testing::Values(Case{"-9223372036854775808", any, true}, Case{"1.0", any, false}, Case{"'1'", any, false},
                    Case{"NULL", any, false}, Case{"x'01'", any, false}, Case{"1", flag, true},
                    Case{"2", flag, false}, Case{"-1", flag, false},
                    Case{"9223372036854775807", number, true}, Case{"0", number, true},
                    Case{"-1", number, false}, Case{"-1", bits, true}, Case{"NULL", bits, false},
                    Case{"1", ordinal, true}, Case{"4294967295", ordinal, true},
                    Case{"4294967296", ordinal, false}, Case{"0", ordinal, false}, Case{"''", text, true},
                    Case{"1", text, false}, Case{"x'61'", text, false}, Case{"NULL", text, false},
                    Case{"NULL", text_or_null, true}, Case{"'a'", text_or_null, true},
                    Case{"x'61'", text_or_null, false}, Case{"zeroblob(16)", bytes16, true},
                    Case{"zeroblob(15)", bytes16, false}, Case{"zeroblob(17)", bytes16, false},
                    Case{"'0123456789abcdef'", bytes16, false}, Case{"NULL", bytes16, false}));

TEST(StoredRow, NamesTableAndColumn) {
  Connection connection(test::in_memory());
  Statement select(connection, "SELECT NULL");
  ASSERT_TRUE(select.step());
  const std::string message = test::message_of([&] { StoredRow(select, kRow).text(0); });
  EXPECT_NE(message.find("'user'"), std::string::npos) << message;
  EXPECT_NE(message.find("'external_id'"), std::string::npos) << message;
}

}   // namespace
}   // namespace usertags::sqlite
