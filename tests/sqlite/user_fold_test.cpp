// Rows folded many at a time, beside rows folded by hand.
#include "sqlite/user_fold.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "samples.hpp"
#include "sqlite/tables.hpp"

namespace usertags::sqlite {
namespace {

struct Was {
  std::uint64_t revision = 0;
  std::int64_t checksum = 0;
  std::optional<std::string> tags;

  bool operator==(const Was&) const = default;
};
using Rows = std::map<std::uint32_t, Was>;

class UserFoldTest : public testing::Test {
 protected:
  void insert(std::uint32_t ordinal) {
    database_.users().insert(*test::make_record(ordinal, ordinal, {{"k", "old"}}, std::to_string(ordinal)));
  }
  Rows rows() {
    Rows rows;
    UserTable::Reader reader(database_.connection());
    while (const auto row = reader.next()) {
      const auto tags = row->tags ? std::optional<std::string>(*row->tags) : std::nullopt;
      rows[row->ordinal] = {row->revision, row->checksum, tags};
    }
    return rows;
  }

  Database database_{test::in_memory(), test::first_state()};
  UserFold fold_{database_.connection()};
};

// What stands in between stays, across gaps of all lengths.
TEST_F(UserFoldTest, ChangesTheRowsThatAreNamedAndNoOthers) {
  for (std::uint32_t ordinal = 1; ordinal <= 100; ++ordinal) insert(ordinal);
  Rows expected = rows();
  std::vector<UserFold::Row> folded;
  for (std::uint32_t ordinal = 1, gap = 0; ordinal <= 100; ordinal += ++gap) {
    folded.push_back({ordinal, 1000 + ordinal, -std::int64_t{ordinal}, R"({"k":"new"})"});
    expected[ordinal] = {1000 + ordinal, -std::int64_t{ordinal}, R"({"k":"new"})"};
  }
  fold_.run(folded);
  EXPECT_EQ(rows(), expected);
}

TEST_F(UserFoldTest, NothingIsAskedOfNobody) {
  insert(1);
  const Rows before = rows();
  fold_.run({});
  EXPECT_EQ(rows(), before);
}

// Any users in any order, some of them twice, not there, deleted or newer.
RC_GTEST_FIXTURE_PROP(UserFoldTest, IsWhatFoldingOneByOneComesTo, ()) {
  constexpr std::uint32_t kUsers = 60;
  const auto ordinals = rc::gen::inRange<std::uint32_t>(1, kUsers + 1);
  for (std::uint32_t ordinal = 1; ordinal <= kUsers; ++ordinal) {
    if (*rc::gen::inRange(0, 4) != 0) insert(ordinal);
  }
  for (const auto ordinal : *rc::gen::container<std::vector<std::uint32_t>>(ordinals)) {
    const Rows now = rows();
    if (!now.contains(ordinal) || !now.at(ordinal).tags) continue;
    const auto living = test::make_record(ordinal, ordinal, {}, std::to_string(ordinal));
    database_.users().bury(*model::Record::make_tombstone(*living, 100));
  }
  Rows expected = rows();
  std::vector<UserFold::Row> folded;
  std::vector<std::string> texts;
  const auto chosen = *rc::gen::container<std::vector<std::uint32_t>>(ordinals);
  texts.reserve(chosen.size());
  for (const std::uint32_t ordinal : chosen) {
    if (!folded.empty() && folded.back().ordinal == ordinal) continue;
    const auto revision = *rc::gen::inRange<std::uint64_t>(1, 2 * kUsers);
    const std::string& text = texts.emplace_back("{\"k\":\"" + std::to_string(folded.size()) + "\"}");
    folded.push_back({ordinal, revision, static_cast<std::int64_t>(folded.size()), text});
    const auto found = expected.find(ordinal);
    if (found != expected.end() && found->second.tags && found->second.revision < revision)
      found->second = {revision, folded.back().checksum, text};
  }
  fold_.run(folded);
  RC_ASSERT(rows() == expected);
}

}   // namespace
}   // namespace usertags::sqlite
