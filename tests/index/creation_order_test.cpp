#include "index/creation_order.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace usertags::index {
namespace {

std::vector<std::uint32_t> ordinals_after(const CreationOrder& order, std::uint32_t after) {
  std::vector<std::uint32_t> ordinals;
  order.visit_after(after, [&](const CreationOrder::Place& place) {
    ordinals.push_back(place.ordinal);
    return true;
  });
  return ordinals;
}

TEST(CreationOrder, IsEmptyAtFirst) {
  Limbo limbo;
  const CreationOrder order(limbo);
  EXPECT_FALSE(order.find_ordinal(0));
  EXPECT_FALSE(order.find_id(5));
  EXPECT_TRUE(ordinals_after(order, 0).empty());
  EXPECT_TRUE(ordinals_after(order, UINT32_MAX).empty());
}

TEST(CreationOrder, FreesALeafWhenAllItsUsersAreGone) {
  Limbo limbo;
  CreationOrder order(limbo);
  constexpr std::uint32_t kUsers = 10'000;
  for (std::uint32_t ordinal = 1; ordinal <= kUsers; ++ordinal) {
    order.reserve(ordinal);
    order.append({ordinal, ordinal}, ordinal);
  }
  const std::size_t full = order.heap_bytes();
  for (std::uint32_t ordinal = 1; ordinal < kUsers; ++ordinal) order.remove(ordinal);
  EXPECT_LT(order.heap_bytes(), full / 2);
  EXPECT_EQ(ordinals_after(order, 0), (std::vector<std::uint32_t>{kUsers}));
  EXPECT_TRUE(order.find_id(kUsers));
}

TEST(CreationOrder, FindsUsersBeyondAGapOfManyLeaves) {
  Limbo limbo;
  CreationOrder order(limbo);
  for (const std::uint32_t ordinal : {1U, 2U, 5000U, 5001U, 90'000U}) {
    order.reserve(ordinal);
    order.append({ordinal, ordinal}, ordinal);
  }
  for (const std::uint32_t ordinal : {1U, 2U, 5000U, 5001U, 90'000U}) {
    ASSERT_TRUE(order.find_id(ordinal)) << ordinal;
    EXPECT_EQ(order.find_id(ordinal)->ordinal, ordinal);
  }
  EXPECT_FALSE(order.find_id(3000));
  EXPECT_EQ(ordinals_after(order, 2), (std::vector<std::uint32_t>{5000, 5001, 90'000}));
}

// Gaps in front of, between and behind users, over several leaves, as a store with deleted users has them.
RC_GTEST_PROP(CreationOrder, EqualsAMap, ()) {
  Limbo limbo;
  CreationOrder order(limbo);
  std::map<std::uint32_t, std::uint64_t> model;   // ordinal to id
  std::uint32_t ordinal = *rc::gen::inRange<std::uint32_t>(0, 3000);
  std::uint64_t id = 1'000'000;
  const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 700));
  for (const std::uint32_t step : steps) {
    ordinal += step % 5 == 0 ? step : 1;
    id += step;
    order.reserve(ordinal);
    order.append({ordinal, ordinal ^ 0xABCD}, id);
    model[ordinal] = id;
    if (step % 3 == 0) {
      const auto gone = model.lower_bound(ordinal - std::min(ordinal, step % 7));
      order.remove(gone->first);
      model.erase(gone);
    }
  }
  std::vector<std::uint32_t> living;
  for (const auto& [user, its_id] : model) {
    living.push_back(user);
    RC_ASSERT(order.find_ordinal(user)->hash == (user ^ 0xABCD));
    RC_ASSERT(order.find_id(its_id)->ordinal == user);
    RC_ASSERT(!order.find_id(its_id - 1) || model.contains(order.find_id(its_id - 1)->ordinal));
  }
  RC_ASSERT(ordinals_after(order, 0) == living);
  RC_ASSERT(!order.find_ordinal(ordinal + 1));
}

}   // namespace
}   // namespace usertags::index
