#include "store/write/folded_rows.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "../../index/make_step.hpp"
#include "model/digest.hpp"
#include "sqlite/tables.hpp"

namespace usertags::store {
namespace {

using Ordinals = std::vector<std::uint32_t>;

// A row that owns its text.
struct Copy {
  std::uint32_t ordinal;
  std::uint64_t revision;
  std::int64_t checksum;
  std::string tags;

  bool operator==(const Copy&) const = default;
};

class FoldedRowsTest : public testing::Test {
 protected:
  void publish(std::vector<index::Transition> transitions, std::uint64_t revision) {
    auto publication = projection_.prepare(std::move(transitions), revision);
    publication->expect();
    projection_.publish(std::move(publication));
  }
  void create(std::uint32_t users, const std::string& value) {
    std::vector<index::Transition> transitions;
    for (std::uint32_t user = 1; user <= users; ++user)
      transitions.push_back({{}, index::version(user, user, std::to_string(user), {{"k", value}})});
    publish(std::move(transitions), users);
  }
  Copy copy_of(std::uint32_t ordinal) const {
    const model::RecordPtr user = projection_.find_ordinal(ordinal);
    std::string text;
    const auto row = sqlite::UserTable::folded(*user, text);
    return {row.ordinal, row.revision, row.checksum, std::string(row.tags)};
  }
  std::vector<Copy> copies_of(const Ordinals& ordinals) const {
    std::vector<Copy> copies;
    for (const std::uint32_t ordinal : ordinals) copies.push_back(copy_of(ordinal));
    return copies;
  }
  std::vector<Copy> visit(const Ordinals& ordinals, std::uint64_t revision) {
    std::vector<Copy> copies;
    pieces_ = 0;
    rows_.visit(ordinals, revision, [&](std::span<const sqlite::UserFold::Row> rows) {
      ++pieces_;
      for (const auto& row : rows)
        copies.push_back({row.ordinal, row.revision, row.checksum, std::string(row.tags)});
    });
    return copies;
  }

  index::Projection projection_;
  FoldedRows rows_{projection_};
  int pieces_ = 0;
};

TEST_F(FoldedRowsTest, AreWhatTheUsersAre) {
  create(200, "a value");
  Ordinals all(200);
  std::iota(all.begin(), all.end(), 1U);
  EXPECT_EQ(visit(all, 200), copies_of(all));
  rows_.begin(Ordinals(all), 200);
  EXPECT_EQ(visit(all, 200), copies_of(all));
  EXPECT_EQ(pieces_, 1);
}

TEST_F(FoldedRowsTest, FewerOrMoreOrOthersMayBeAskedFor) {
  create(9, "a value");
  for (const Ordinals& asked : {Ordinals{2}, Ordinals{2, 5}, Ordinals{2, 5, 7, 1}, Ordinals{3}, Ordinals{}}) {
    rows_.begin({2, 5, 7}, 9);
    EXPECT_EQ(visit(asked, 9), copies_of(asked));
  }
}

// What was made before something was published is not what is there.
TEST_F(FoldedRowsTest, OfAnotherRevisionAreMadeAnew) {
  create(3, "old");
  rows_.begin({1, 2, 3}, 3);
  rows_.finish();
  publish({{projection_.find_ordinal(2), index::version(2, 4, "2", {{"k", "new"}})}}, 4);
  const auto rows = visit({1, 2, 3}, 4);
  EXPECT_EQ(rows, copies_of({1, 2, 3}));
  EXPECT_EQ(rows[1].tags, R"({"k":"new"})");
}

TEST_F(FoldedRowsTest, TheDeletedHaveNone) {
  create(3, "a value");
  const model::RecordPtr gone = projection_.find_ordinal(2);
  publish({{gone, model::Record::make_tombstone(*gone, 4)}}, 4);
  rows_.begin({1, 2, 3}, 4);
  EXPECT_EQ(visit({1, 2, 3}, 4), copies_of({1, 3}));
}

// Some at a time, so that the texts of large users are not all there at once.
TEST_F(FoldedRowsTest, OfLargeUsersComeInPieces) {
  create(500, std::string(10'000, 'x'));
  Ordinals all(500);
  std::iota(all.begin(), all.end(), 1U);
  rows_.begin(Ordinals(all), 500);
  EXPECT_EQ(visit(all, 500), copies_of(all));
  EXPECT_GE(pieces_, 4);
}

}   // namespace
}   // namespace usertags::store
