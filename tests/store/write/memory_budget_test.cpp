// Options::memory_budget: a typed refusal instead of running out.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <string>
#include <tuple>
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
  // Creates users until one is refused; answers the first number that is free.
  static int fill(UserTagStore& store, int n = 0) {
    for (;; ++n) {
      const auto created = store.create_user("user " + std::to_string(n), {{"n", std::to_string(n)}});
      if (created) continue;
      EXPECT_EQ(code_of(created), ErrorCode::memory_budget_exceeded) << told(created);
      return n;
    }
  }
  // What no user has room for any more may yet be room for a tag.
  static void fill_up(UserTagStore& store) {
    for (int n = 1; store.apply("user " + std::to_string(n), TagBatch().set("l", std::string(150, 'v')));
         ++n) {
    }
  }

  static constexpr std::uint64_t kBudget = 400'000;
  // What one more user may take at once: a leaf of the order of creation.
  static constexpr std::uint64_t kLargestStep = 16'384;
  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_F(MemoryBudgetTest, RefusesWhatWouldTakeMore) {
  auto store = must(UserTagStore::open(path_, with(kBudget)));
  const std::uint64_t empty = store.stats().memory_bytes();
  const int users = fill(store);
  EXPECT_GT(users, 500);
  const Stats stats = store.stats();
  EXPECT_LE(stats.memory_bytes(), kBudget);
  EXPECT_GT(stats.memory_bytes(), kBudget - kLargestStep);
  EXPECT_GT(stats.memory_bytes(), empty);
  EXPECT_EQ(stats.revision, static_cast<std::uint64_t>(users)) << "nothing of the refused write is there";
  fill_up(store);
  const std::string value(200, 'v');
  EXPECT_EQ(code_of(store.apply("user 0", TagBatch().set("more", value))), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(code_of(store.plan("user 0", TagBatch().set("more", value))), ErrorCode::memory_budget_exceeded);
}

TEST_F(MemoryBudgetTest, WhatTakesLessOrAsMuchGoesOn) {
  auto store = must(UserTagStore::open(path_, with(kBudget)));
  const int users = fill(store);
  must(store.apply("user 1", TagBatch().set("n", "2")));
  must(store.apply("user 1", TagBatch().erase("n")));
  must(store.apply("user 2", TagBatch().set("n", "2")));
  // More than the largest step takes: the next may be such a one.
  for (int n = 0; n < 400; ++n) must(store.delete_user("user " + std::to_string(n)));
  const int now = fill(store, users);
  EXPECT_GT(now, users + 200) << "what was freed is free again";
  EXPECT_LE(store.stats().memory_bytes(), kBudget);
}

TEST_F(MemoryBudgetTest, CountsTheGroupUnderWay) {
  auto store = must(UserTagStore::open_in_memory(with(kBudget)));
  std::vector<Write> writes;
  for (int n = 0; n < 4'000; ++n)
    writes.push_back(CreateUser{std::to_string(n), {{"k", std::string(100, 'v')}}, {}});
  const auto each = store.apply_each(writes);
  EXPECT_TRUE(each.front());
  EXPECT_EQ(code_of(each.back()), ErrorCode::memory_budget_exceeded);
  EXPECT_LE(store.stats().memory_bytes(), kBudget);
  EXPECT_GT(store.stats().memory_bytes(), kBudget - kLargestStep);
}

// Each fills a store with something else; false: it was refused.
struct Growth {
  const char* what;
  std::function<bool(UserTagStore&, int)> grow;
};

bool is_refused(const Result<Applied>& answer) {
  EXPECT_TRUE(answer || answer.error() == ErrorCode::memory_budget_exceeded) << told(answer);
  return !answer;
}

std::vector<Growth> growths() {
  const auto user = [](int n) { return "user " + std::to_string(n); };
  return {
      {"users without tags",
       [=](UserTagStore& store, int n) { return !is_refused(store.create_user(user(n))); }},
      {"users with long names",
       [=](UserTagStore& store, int n) {
         return !is_refused(store.create_user(user(n) + std::string(230, 'x')));
       }},
      {"short values",
       [=](UserTagStore& store, int n) {
         return !is_refused(store.create_user(user(n), {{"n", std::to_string(n)}}));
       }},
      {"long values",
       [=](UserTagStore& store, int n) {
         return !is_refused(store.create_user(user(n), {{"n", std::string(190, 'v') + std::to_string(n)}}));
       }},
      {"keys",
       [=](UserTagStore& store, int n) {
         return !is_refused(store.create_user(user(n), {{std::string(40, 'k') + std::to_string(n), ""}}));
       }},
      {"few values of many keys",
       [=](UserTagStore& store, int n) {
         return !is_refused(store.create_user(user(n), {{std::to_string(n / 5), std::to_string(n % 5)}}));
       }},
      {"sets",
       [=](UserTagStore& store, int n) {
         return !is_refused(store.create_user(user(n), {{"n", std::to_string(n / 200)}}));
       }},
      {"tokens", [=](UserTagStore& store, int n) {
         std::ignore = store.create_user("ann");
         return !is_refused(store.apply("ann", {}, {.token = std::to_string(n)}));
       }}};
}

TEST_F(MemoryBudgetTest, WhatWasAcceptedKeepsToItAndOpensAgain) {
  for (const Growth& growth : growths()) {
    SCOPED_TRACE(growth.what);
    const auto path = folder_ / (std::string(growth.what) + ".db");
    std::uint64_t revision = 0;
    {
      auto store = must(UserTagStore::open(path, with(kBudget)));
      int n = 0;
      while (growth.grow(store, n)) {
        ASSERT_LE(store.stats().memory_bytes(), kBudget) << n;
        ++n;
      }
      EXPECT_GT(store.stats().memory_bytes(), kBudget - kLargestStep);
      revision = store.revision();
      must(store.close());
    }
    auto store = must(UserTagStore::open(path, with(kBudget)));
    EXPECT_EQ(store.revision(), revision);
    EXPECT_LE(store.stats().memory_bytes(), kBudget);
  }
}

TEST_F(MemoryBudgetTest, HoldsInOneLargeTransaction) {
  const auto creations = [](int users) {
    std::vector<Write> writes;
    for (int n = 0; n < users; ++n) {
      CreateUser creation{.external_id = std::to_string(n)};
      for (int tag = 0; tag < 20; ++tag)
        creation.tags.add("key " + std::to_string(tag), std::string(150, 'x') + std::to_string(n * 20 + tag));
      writes.emplace_back(creation);
    }
    return writes;
  };
  constexpr std::uint64_t kMuch = 4'000'000;
  int fits = 0;
  int exceeds = 1'000;
  while (exceeds - fits > 1) {
    const int users = (fits + exceeds) / 2;
    auto store = must(UserTagStore::open_in_memory(with(kMuch)));
    const bool accepted = store.apply_all(creations(users)).has_value();
    (accepted ? fits : exceeds) = users;
    EXPECT_EQ(store.stats().users, accepted ? static_cast<std::uint64_t>(users) : 0U);
    EXPECT_LE(store.stats().memory_bytes(), kMuch);
  }
  auto store = must(UserTagStore::open_in_memory(with(kMuch)));
  must(store.apply_all(creations(fits)));
  EXPECT_GT(store.stats().memory_bytes(), kMuch - 2 * kLargestStep);
}

TEST_F(MemoryBudgetTest, ExtremeValuesMeanWhatTheySay) {
  auto tiny = must(UserTagStore::open_in_memory(with(1)));
  EXPECT_EQ(code_of(tiny.create_user("ann")), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(tiny.stats().users, 0U);
  auto vast = must(UserTagStore::open(path_, with(std::numeric_limits<std::uint64_t>::max())));
  must(vast.create_user("ann", {{"k", "v"}}));
  must(vast.plan("ann", TagBatch().set("k", "w")));
  must(vast.close());
  must(UserTagStore::open(path_, with(std::numeric_limits<std::uint64_t>::max())));
}

TEST_F(MemoryBudgetTest, RefusalLeavesTheNeighboursAlone) {
  auto store = must(UserTagStore::open_in_memory(with(kBudget)));
  fill(store);
  fill_up(store);
  const std::string value(200, 'v');
  const std::vector<Write> writes = {PatchUser{"user 1", TagBatch().set("n", "2"), {}},
                                     PatchUser{"user 0", TagBatch().set("more", value), {}},
                                     PatchUser{"user 3", TagBatch().erase("n"), {}}};
  const auto answers = store.apply_each(writes);
  must(answers[0]);
  EXPECT_EQ(code_of(answers[1]), ErrorCode::memory_budget_exceeded);
  must(answers[2]);
  EXPECT_EQ(must(store.find("user 0")).tags().size(), 1U);
}

// Whatever is written: no group passes the budget, what is refused has left no trace, and the store opens
// again.
TEST_F(MemoryBudgetTest, HoldsWhateverIsWritten) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](int bound) { return std::uniform_int_distribution(0, bound - 1)(random); };
    const auto tag = [&](TagBatch& batch) {
      const std::string key =
          std::string(static_cast<std::size_t>(1 + below(40)), 'k') + std::to_string(below(8));
      const auto size = static_cast<std::size_t>(below(3) == 0 ? below(190) : below(8));
      batch.set(key, std::string(size, 'v') + std::to_string(below(3) == 0 ? below(100'000) : below(5)));
    };
    const auto write = [&]() -> Write {
      const std::string user = std::to_string(below(3'000));
      const std::string token = below(5) == 0 ? std::to_string(random()) : std::string();
      if (below(4) == 0) return CreateUser{user, {{"k", std::to_string(below(5'000))}}, {.token = token}};
      if (below(8) == 0) return DeleteUser{user, {.token = token}};
      PatchUser patch{user, {}, {.token = token}};
      if (below(6) == 0)
        patch.batch.erase(std::string(static_cast<std::size_t>(1 + below(40)), 'k') +
                          std::to_string(below(8)));
      else
        tag(patch.batch);
      return patch;
    };
    const auto path = folder_ / (std::to_string(seed) + ".db");
    std::size_t refused = 0;
    for (int session = 0; session < 3; ++session) {
      auto store = must(UserTagStore::open(path, with(kBudget)));
      for (int group = 0; group < 60; ++group) {
        std::vector<Write> writes;
        for (int n = 1 + below(200); n > 0; --n) writes.push_back(write());
        for (const auto& answer : store.apply_each(writes))
          refused += code_of(answer) == ErrorCode::memory_budget_exceeded ? 1U : 0U;
        ASSERT_LE(store.stats().memory_bytes(), kBudget + 4'096) << session << ' ' << group;
      }
      EXPECT_TRUE(must(store.verify()).ok());
      must(store.close());
    }
    EXPECT_GT(refused, 100U) << "the budget has to matter";
  }
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
  for (int n = 0; n < 8'000; ++n) writes.push_back(CreateUser{std::to_string(n), {{"k", "v"}}, {}});
  for (const auto& answer : store.apply_each(writes)) must(answer);
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(follower.revision(), 0U);
  must(store.close());
  EXPECT_EQ(code_of(UserTagStore::open(path_, with(kBudget))), ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(code_of(UserTagStore::open(path_, with(kBudget, Access::read_only))),
            ErrorCode::memory_budget_exceeded);
  EXPECT_EQ(must(UserTagStore::open(path_, with(0))).stats().users, 8'000U);
}

}   // namespace
}   // namespace usertags::test
