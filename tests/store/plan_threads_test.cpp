// What `plan` and `find` answer beside a writer, in its process and on a follower: each answer is of one
// moment, and no two of a thread are in the wrong order.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

constexpr int kGroups = 150;
constexpr int kGroupWrites = 32;

// All changes are of one user: change number n, which comes under the token n, sets the tag n to n, and is
// revision n + 1. So every answer tells of which moment it is.
PatchUser change(int number) {
  const std::string n = std::to_string(number);
  return {"ann", TagBatch().set("n", n), {.token = n}};
}

std::uint64_t number_of(const User& user) {
  const std::string value = value_of(user, "n");
  return std::stoull(value);
}

void write(UserTagStore& store) {
  for (int group = 0; group < kGroups; ++group) {
    std::vector<Write> writes;
    for (int i = 1; i <= kGroupWrites; ++i) writes.push_back(change(group * kGroupWrites + i));
    // Its token comes without a revision.
    writes.push_back(
        PatchUser{"ann", TagBatch().erase("none"), {.token = "unchanged " + std::to_string(group)}});
    for (const auto& answer : store.apply_each(writes)) must(answer);
  }
}

// Looks until all is written.
void watch(const UserTagStore& store) {
  const TagBatch batch = TagBatch().set("planned", "yes");
  std::uint64_t newest = 0;
  while (newest < kGroups * kGroupWrites && !testing::Test::HasFailure()) {
    const std::uint64_t before = store.revision();
    const Applied planned = must(store.plan("ann", batch));
    const std::uint64_t after = store.revision();
    ASSERT_EQ(number_of(*planned.user), planned.revision - 2) << "user and revision are not of one moment";
    ASSERT_GE(planned.revision, before + 1);
    ASSERT_LE(planned.revision, after + 1);

    // What is visible has its token, …
    newest = number_of(must(store.find("ann")));
    if (newest == 0) continue;
    const PatchUser done = change(static_cast<int>(newest));
    const Applied again = must(store.plan("ann", done.batch, done.options));
    ASSERT_TRUE(again.replayed) << newest;
    ASSERT_EQ(again.revision, newest + 1);

    // … and a token's change is visible.
    const PatchUser next = change(static_cast<int>(newest + 1 + newest % kGroupWrites));
    const auto perhaps = store.plan("ann", next.batch, next.options);
    if (!perhaps || !perhaps->replayed) continue;
    ASSERT_GE(number_of(*perhaps->user) + 1, perhaps->revision);
    ASSERT_GE(store.revision(), perhaps->revision);
    ASSERT_GE(must(store.find("ann")).revision(), perhaps->revision);
  }
}

Options without_sync() {
  Options options;
  options.durability = Durability::relaxed;
  return options;
}

TEST(PlanThreads, AnswersAreOfOneMoment) {
  auto store = must(UserTagStore::open_in_memory());
  must(store.create_user("ann", {{"n", "0"}}));
  std::vector<std::jthread> watching;
  for (int i = 0; i < 2; ++i) watching.emplace_back([&] { watch(store); });
  write(store);
}

TEST(PlanThreads, AFollowersAnswersAreOfOneMoment) {
  const TempDir folder(memory_folder());
  auto store = must(UserTagStore::open(folder / "users.db", without_sync()));
  must(store.create_user("ann", {{"n", "0"}}));
  Options options;
  options.access = Access::read_only;
  auto follower = must(UserTagStore::open(folder / "users.db", options));
  std::atomic<bool> ends = false;
  std::jthread following([&] {
    while (!ends) must(follower.refresh());
  });
  {
    std::jthread watching([&] { watch(follower); });
    write(store);
  }
  ends = true;
}

// It is forgotten in the file, and used again, before the follower looks.
TEST(FollowerTokens, MayComeAgain) {
  const TempDir folder(memory_folder());
  Options options = without_sync();
  settings_of(options).tokens.max_count = 2;
  auto store = must(UserTagStore::open(folder / "users.db", options));
  must(store.create_user("ann", {{"n", "0"}}));
  must(store.apply("ann", TagBatch().set("n", "1"), {.token = "again"}));
  Options read_only;
  read_only.access = Access::read_only;
  auto follower = must(UserTagStore::open(folder / "users.db", read_only));
  const TagBatch second = TagBatch().set("n", "2");
  for (int i = 0; i < 5; ++i)
    must(store.apply("ann", TagBatch().set("i", std::to_string(i)), {.token = std::to_string(i)}));
  must(store.maintain(std::chrono::hours(1)));
  EXPECT_FALSE(must(store.apply("ann", second, {.token = "again"})).replayed);
  EXPECT_EQ(must(follower.refresh()), store.revision());
  EXPECT_TRUE(must(follower.plan("ann", second, {.token = "again"})).replayed);
  EXPECT_EQ(follower.stats().tokens, store.stats().tokens);
}

}   // namespace
}   // namespace usertags::test
