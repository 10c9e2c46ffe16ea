// Options::memory_budget: a typed refusal instead of running out.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

class MemoryBudgetTest : public testing::Test {
 protected:
  static Options with(std::uint64_t bytes, Access access = Access::read_write) {
    Options options;
    options.durability = Durability::relaxed;
    options.memory_budget = bytes;
    options.access = access;
    return options;
  }
  // Creates users until one is refused; answers how many there are.
  static int fill(UserTagStore& store) {
    for (int n = 0;; ++n) {
      const auto created = store.create_user("user " + std::to_string(n), {{"n", std::to_string(n)}});
      if (created) continue;
      EXPECT_EQ(code_of(created), ErrorCode::memory_budget_exceeded) << told(created);
      return n;
    }
  }

  static constexpr std::uint64_t kBudget = 400'000;
  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_F(MemoryBudgetTest, RefusesWhatWouldTakeMore) {
  auto store = must(UserTagStore::open(path_, with(kBudget)));
  const std::uint64_t empty = store.stats().memory_bytes();
  const int users = fill(store);
  EXPECT_GT(users, 500);
  const Stats stats = store.stats();
  EXPECT_LE(stats.memory_bytes(), kBudget + 2'000) << "at most what one group takes beyond its estimate";
  EXPECT_GT(stats.memory_bytes(), kBudget - 2'000);
  EXPECT_GT(stats.memory_bytes(), empty);
  EXPECT_EQ(stats.revision, static_cast<std::uint64_t>(users)) << "nothing of the refused write is there";
  const std::string value(200, 'v');
  EXPECT_EQ(code_of(store.apply("user 0", TagBatch().set("more", value))), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(code_of(store.plan("user 0", TagBatch().set("more", value))), ErrorCode::memory_budget_exceeded);
}

TEST_F(MemoryBudgetTest, WhatTakesLessOrAsMuchGoesOn) {
  auto store = must(UserTagStore::open(path_, with(kBudget)));
  const int users = fill(store);
  must(store.apply("user 1", TagBatch().set("n", "2")));
  must(store.apply("user 1", TagBatch().erase("n")));
  must(store.apply("user 2", TagBatch().set("n", "2"), {.token = "t"}));
  for (int n = 0; n < 50; ++n) must(store.delete_user("user " + std::to_string(n)));
  EXPECT_GT(fill(store), 20) << "what was freed is free again";
  EXPECT_GE(store.stats().users, static_cast<std::uint64_t>(users - 50));
}

TEST_F(MemoryBudgetTest, CountsTheGroupUnderWay) {
  auto store = must(UserTagStore::open_in_memory(with(kBudget)));
  std::vector<Write> writes;
  for (int n = 0; n < 4'000; ++n)
    writes.push_back(CreateUser{std::to_string(n), {{"k", std::string(100, 'v')}}, {}});
  const auto each = store.apply_each(writes);
  EXPECT_TRUE(each.front());
  EXPECT_EQ(code_of(each.back()), ErrorCode::memory_budget_exceeded);
  EXPECT_LE(store.stats().memory_bytes(), kBudget * 11 / 10);
}

TEST_F(MemoryBudgetTest, ATransactionThatIsTakenBackGivesItsRoomBack) {
  auto store = must(UserTagStore::open_in_memory(with(kBudget)));
  std::vector<Write> too_many;
  for (int n = 0; n < 8'000; ++n) too_many.push_back(CreateUser{std::to_string(n), {}, {}});
  const auto refused = store.apply_all(too_many);
  ASSERT_EQ(code_of(refused), ErrorCode::memory_budget_exceeded);
  EXPECT_GT(refused.error().item(), 100U);
  EXPECT_EQ(store.stats().users, 0U);
  EXPECT_TRUE(store.create_user("ann"));
}

TEST_F(MemoryBudgetTest, HoldsForOpeningAndForFollowing) {
  auto store = must(UserTagStore::open(path_, with(0)));
  auto follower = must(UserTagStore::open(path_, with(kBudget, Access::read_only)));
  std::vector<Write> writes;
  for (int n = 0; n < 5'000; ++n) writes.push_back(CreateUser{std::to_string(n), {{"k", "v"}}, {}});
  for (const auto& answer : store.apply_each(writes)) must(answer);
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(follower.revision(), 0U);
  must(store.close());
  EXPECT_EQ(code_of(UserTagStore::open(path_, with(kBudget))), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(code_of(UserTagStore::open(path_, with(kBudget, Access::read_only))),
            ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(must(UserTagStore::open(path_, with(0))).stats().users, 5'000U);
}

}   // namespace
}   // namespace usertags::test
