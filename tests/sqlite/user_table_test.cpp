#include "sqlite/tables.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "model/digest.hpp"
#include "model/tag_rules.hpp"
#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

using model::Record;
using test::make_record;
using test::outcome_of;

// A row that owns its texts.
struct Copy {
  std::uint32_t ordinal;
  std::string id;
  std::string external_id;
  std::uint64_t revision;
  std::optional<std::string> tags;
  std::int64_t checksum;

  bool operator==(const Copy&) const = default;
};

Copy row_of(const Record& record, std::optional<std::string> tags) {
  return {record.ordinal(),  std::string(record.id()), std::string(record.external_id()),
          record.revision(), std::move(tags),          model::row_checksum(record)};
}

class UserTableTest : public testing::Test {
 protected:
  std::vector<Copy> rows() {
    std::vector<Copy> rows;
    UserTable::Reader reader(database_.connection());
    while (const auto row = reader.next()) {
      rows.push_back({row->ordinal, std::string(row->id), std::string(row->external_id), row->revision,
                      row->tags ? std::optional<std::string>(*row->tags) : std::nullopt, row->checksum});
    }
    return rows;
  }
  void bury(const Record& record, std::uint64_t revision) {
    users_.bury(*Record::make_tombstone(record, revision));
  }
  void fold(const Record& record) {
    std::string text;
    users_.fold(std::array{UserTable::folded(record, text)});
  }

  Database database_{test::in_memory(), test::first_state()};
  UserTable& users_ = database_.users();
};

TEST_F(UserTableTest, RowsComeBackInTheOrderOfOrdinals) {
  const auto second = make_record(2, 9, {{"tier", "gold"}, {"a", ""}}, "bob");
  const auto first = make_record(1, 8, {});
  users_.insert(*second);
  users_.insert(*first);
  EXPECT_EQ(rows(), (std::vector{row_of(*first, "{}"), row_of(*second, R"({"a":"","tier":"gold"})")}));
}

// Some in statements of many rows, and the rest one by one.
TEST_F(UserTableTest, ManyUsersComeBackEachWithItsOwnTexts) {
  constexpr std::uint32_t kUsers = 2 * RowInserter::kRows + 3;
  std::vector<model::RecordPtr> users;
  std::vector<const Record*> all;
  std::vector<Copy> expected;
  for (std::uint32_t i = 1; i <= kUsers; ++i) {
    const std::string number = std::to_string(i);
    users.push_back(make_record(i, 100 + i, {{"number", number}}, "user " + number));
    all.push_back(users.back().get());
    expected.push_back(row_of(*users.back(), R"({"number":")" + number + "\"}"));
  }
  users_.insert(all);
  EXPECT_EQ(rows(), expected);
}

TEST_F(UserTableTest, EveryColumnComesBackAtItsExtreme) {
  std::string longest_name;
  for (int i = 0; i < 255; ++i) longest_name += "\xF0\x9D\x84\x9E";
  const std::string key = "\x01\"\\";
  const std::string value(800, '\x1F');
  const auto record = make_record(std::numeric_limits<std::uint32_t>::max(),
                                  std::numeric_limits<std::int64_t>::max(), {{key, value}}, longest_name);
  users_.insert(*record);
  std::string json = R"({"\u0001\"\\":")";
  for (int i = 0; i < 800; ++i) json += "\\u001f";
  EXPECT_EQ(rows(), std::vector{row_of(*record, json + "\"}")});
}

// The most tags that a record can hold, of the longest keys and values, in the longest escaping:
// "key":"value",
TEST_F(UserTableTest, TheLargestRowFits) {
  constexpr std::size_t kTagBytes = 6 * (model::kMaxKeyCodePoints + model::kMaxValueCodePoints) + 6;
  const std::string tags(Record::kMaxTags * kTagBytes, 'x');
  Statement insert(database_.connection(), "INSERT INTO user VALUES (1, ?1, ?2, 1, 0, ?3)");
  const std::string id = test::id_of(1);
  const std::string external_id(1020, 'x');
  insert.bind_text(1, id).bind_text(2, external_id).bind_text(3, tags);
  EXPECT_EQ(outcome_of([&] { insert.run(); }), "ok");
  EXPECT_EQ(rows()[0].tags->size(), tags.size());
}

TEST_F(UserTableTest, AnOrdinalThatIsThereIsNotWrittenOver) {
  users_.insert(*make_record(1, 1));
  EXPECT_EQ(outcome_of([&] { users_.insert(*make_record(1, 2)); }), "corrupt_store");
}

TEST_F(UserTableTest, FoldingBringsARowUpToTheRecord) {
  users_.insert(*make_record(1, 1, {{"tier", "gold"}}));
  users_.insert(*make_record(2, 2, {{"tier", "gold"}}, "bob"));
  const auto newer = make_record(1, 7, {{"level", "9"}});
  fold(*newer);
  EXPECT_EQ(rows()[0], row_of(*newer, R"({"level":"9"})"));
  EXPECT_EQ(rows()[1].revision, 2U);
}

TEST_F(UserTableTest, FoldingNeverGoesBack) {
  const auto newer = make_record(1, 7, {{"tier", "new"}});
  users_.insert(*newer);
  fold(*make_record(1, 6, {{"tier", "old"}}));
  fold(*make_record(1, 7, {{"tier", "same revision"}}));
  EXPECT_EQ(rows(), std::vector{row_of(*newer, R"({"tier":"new"})")});
}

TEST_F(UserTableTest, FoldingNeverRevivesOrCreates) {
  const auto record = make_record(1, 1, {{"tier", "gold"}});
  users_.insert(*record);
  bury(*record, 5);
  fold(*make_record(1, 9, {{"tier", "back"}}));
  fold(*make_record(2, 9));
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows()[0].tags, std::nullopt);
  EXPECT_EQ(rows()[0].revision, 5U);
}

TEST_F(UserTableTest, ABuriedUserLeavesATombstone) {
  const auto record = make_record(1, 1, {{"tier", "gold"}});
  users_.insert(*record);
  const auto tombstone = Record::make_tombstone(*record, 5);
  users_.bury(*tombstone);
  EXPECT_EQ(rows(), std::vector{row_of(*tombstone, std::nullopt)});
}

TEST_F(UserTableTest, NobodyIsBuriedTwice) {
  const auto record = make_record(1, 1);
  EXPECT_EQ(outcome_of([&] { bury(*record, 2); }), "corrupt_store");
  users_.insert(*record);
  bury(*record, 2);
  EXPECT_EQ(outcome_of([&] { bury(*record, 3); }), "corrupt_store");
}

TEST_F(UserTableTest, ARowIsPutWhateverStandsInItsPlace) {
  const auto record = make_record(1, 7, {{"tier", "gold"}});
  users_.insert(*record);
  const auto older = make_record(1, 3, {{"tier", "trial"}}, "of another name");
  users_.put(*older);
  EXPECT_EQ(rows(), std::vector{row_of(*older, R"({"tier":"trial"})")});
  const auto tombstone = Record::make_tombstone(*record, 5);
  users_.put(*tombstone);
  EXPECT_EQ(rows(), std::vector{row_of(*tombstone, std::nullopt)});
  users_.put(*record);
  EXPECT_EQ(rows(), std::vector{row_of(*record, R"({"tier":"gold"})")});
  const auto another = make_record(2, 8);
  users_.put(*another);
  EXPECT_EQ(rows()[1], row_of(*another, "{}"));
}

TEST_F(UserTableTest, ARowIsTakenAwayAlone) {
  users_.insert(*make_record(1, 1));
  users_.insert(*make_record(2, 2, {}, "bob"));
  users_.remove(1);
  users_.remove(9);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows()[0].ordinal, 2U);
}

TEST_F(UserTableTest, OnlyATombstoneIsForgotten) {
  for (std::uint32_t i = 1; i <= 3; ++i) users_.insert(*make_record(i, i, {}, "user " + std::to_string(i)));
  for (std::uint32_t i = 2; i <= 3; ++i) bury(*make_record(i, i, {}, "user " + std::to_string(i)), 10 + i);
  for (const std::uint32_t ordinal : {1U, 2U, 9U}) users_.forget_deleted(ordinal);
  const auto left = rows();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].ordinal, 1U);   // living
  EXPECT_EQ(left[1].ordinal, 3U);
}

TEST_F(UserTableTest, AFinderFindsTheFirstRowAtOrBehindAnOrdinal) {
  for (const std::uint32_t ordinal : {2U, 5U}) users_.insert(*make_record(ordinal, ordinal));
  UserTable::Finder finder(database_.connection());
  EXPECT_EQ(finder.find_from(1)->ordinal, 2U);
  EXPECT_EQ(finder.find_from(2)->ordinal, 2U);
  EXPECT_EQ(finder.find_from(3)->ordinal, 5U);
  EXPECT_FALSE(finder.find_from(6));
}

class DamagedUser : public UserTableTest, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedUser, IsCorrupt) {
  users_.insert(*make_record(1, 1));
  database_.connection().execute(GetParam());
  EXPECT_EQ(outcome_of([&] { rows(); }), "corrupt_store");
}

INSTANTIATE_TEST_SUITE_P(All, DamagedUser,
                         testing::Values("UPDATE user SET ordinal = 0",
                                         "UPDATE user SET ordinal = 4294967296",
                                         "UPDATE user SET ordinal = -1", "UPDATE user SET revision = 0",
                                         "UPDATE user SET revision = -1"));

}   // namespace
}   // namespace usertags::sqlite
