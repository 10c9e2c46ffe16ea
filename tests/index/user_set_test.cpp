#include "index/user_set.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

namespace usertags::index {
namespace {

using Model = std::set<std::uint32_t>;

Model members(const UserSet& set) {
  Model members;
  set.visit_from(0, [&](std::uint32_t ordinal) { return members.insert(ordinal).second; });
  return members;
}

void add(UserSet& set, std::uint32_t ordinal) {
  set.reserve();
  set.add(ordinal);
}

TEST(UserSet, HoldsItsMembersAcrossEveryChangeOfForm) {
  UserSet set;
  Model model;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::uint32_t ordinal = i * 7919 % 100'003;
    add(set, ordinal);
    model.insert(ordinal);
    ASSERT_EQ(set.size(), model.size());
    ASSERT_TRUE(set.contains(ordinal));
  }
  ASSERT_EQ(members(set), model);
  while (!model.empty()) {
    const std::uint32_t ordinal = *model.begin();
    model.erase(model.begin());
    set.remove(ordinal);
    ASSERT_FALSE(set.contains(ordinal));
    if (model.size() % 50 == 0 || model.size() < 4) {
      ASSERT_EQ(members(set), model);
    }
  }
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.heap_bytes(), 0U);
}

TEST(UserSet, VisitsFromAnOrdinalUntilToldToStop) {
  for (const std::uint32_t count : {2U, 100U, 500U}) {
    UserSet set;
    for (std::uint32_t i = 1; i <= count; ++i) add(set, 10 * i);
    std::vector<std::uint32_t> visited;
    set.visit_from(11, [&](std::uint32_t ordinal) {
      visited.push_back(ordinal);
      return visited.size() < 2;
    });
    EXPECT_EQ(visited.front(), 20U);
    EXPECT_EQ(visited.size(), count == 2 ? 1U : 2U);
  }
}

TEST(UserSet, KeepsRoomForAllThatIsReserved) {
  for (const std::uint32_t count : {1U, 2U, 3U, 256U, 257U, 600U}) {
    UserSet set;
    for (std::uint32_t i = 0; i < count; ++i) set.reserve();
    EXPECT_TRUE(set.is_reserved());
    for (std::uint32_t i = count; i > 1; --i) set.add(i);
    set.cancel_reservation();
    EXPECT_FALSE(set.is_reserved());
    EXPECT_EQ(set.size(), count - 1);
  }
}

TEST(UserSet, ARemovalDoesNotTakeRoomThatIsReserved) {
  UserSet set;
  for (std::uint32_t i = 1; i <= 4; ++i) add(set, i);
  for (int i = 0; i < 4; ++i) set.reserve();
  for (std::uint32_t i = 1; i <= 4; ++i) set.remove(i);
  for (std::uint32_t i = 11; i <= 14; ++i) set.add(i);
  EXPECT_EQ(members(set), (Model{11, 12, 13, 14}));
}

TEST(UserSet, MovesWhatItHolds) {
  for (const std::uint32_t count : {1U, 50U, 500U}) {
    UserSet from;
    for (std::uint32_t i = 0; i < count; ++i) add(from, i);
    UserSet to;
    add(to, 9999);
    to = std::move(from);
    EXPECT_EQ(to.size(), count);
    EXPECT_FALSE(to.contains(9999));
    const UserSet last(std::move(to));
    EXPECT_EQ(members(last).size(), count);
  }
}

RC_GTEST_PROP(UserSet, MadeInOnePieceEqualsOneMadeByAdding, ()) {
  const auto drawn = *rc::gen::container<Model>(rc::gen::inRange<std::uint32_t>(0, 100'000));
  const auto repeat = *rc::gen::inRange<std::uint32_t>(1, 8);
  Model model;
  for (const std::uint32_t ordinal : drawn) {
    for (std::uint32_t i = 0; i < repeat; ++i) model.insert(ordinal + i);
  }
  const UserSet whole(std::vector<std::uint32_t>(model.begin(), model.end()));
  RC_ASSERT(members(whole) == model);
  RC_ASSERT(whole.size() == model.size());
}

}   // namespace
}   // namespace usertags::index
