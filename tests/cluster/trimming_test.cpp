#include "cluster/trimming.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace usertags::cluster {
namespace {

std::vector<Member> members(std::initializer_list<std::uint64_t> synced) {
  std::vector<Member> members;
  for (const std::uint64_t entry : synced) members.emplace_back().synced = entry;
  return members;
}

TEST(TrimBound, IsBehindTheSnapshotAndEveryMember) {
  EXPECT_EQ(trim_bound(members({30, 20, 25}), {.entry = 40}, false), 20U);
  EXPECT_EQ(trim_bound(members({30, 20, 25}), {.entry = 10}, false), 10U);
}

TEST(TrimBound, NeedsTwoDisks) {
  EXPECT_EQ(trim_bound(members({30}), {.entry = 40}, false), 0U);
  EXPECT_EQ(trim_bound(members({30}), {.entry = 40, .remote = true}, false), 30U);
  EXPECT_EQ(trim_bound(members({}), {.entry = 40, .remote = true}, false), 0U);
}

TEST(TrimBound, LeavesBehindWhoLagsOnlyOverTheCap) {
  EXPECT_EQ(trim_bound(members({30, 2, 25}), {.entry = 40}, true), 25U);
  EXPECT_EQ(trim_bound(members({30, 2, 25}), {.entry = 40, .remote = true}, true), 30U);
  EXPECT_EQ(trim_bound(members({30, 2}), {.entry = 40}, true), 2U);   // never this
}

}   // namespace
}   // namespace usertags::cluster
