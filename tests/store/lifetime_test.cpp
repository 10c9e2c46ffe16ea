// Lifetimes: what was handed out outlives the store, and a store that is gone says so. Run under ASan.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

class Lifetime : public testing::Test {
 protected:
  Lifetime() { must(store_->create_user("ann", {{"a", "1"}, {"tier", "gold"}})); }

  void expect_all(ErrorCode code) {
    for (const auto& answers : {answers_to_writing(*store_), answers_to_reading(*store_)}) {
      for (const NamedAnswer& answer : answers) EXPECT_EQ(answer.code, code) << answer.method;
    }
    EXPECT_EQ(store_->revision(), 0U);
    EXPECT_EQ(store_->stats().users, 0U);
  }

  TempDir folder_;
  std::optional<UserTagStore> store_{must(UserTagStore::open(folder_ / "users.db"))};
};

TEST_F(Lifetime, ALoopOverTheTagsOfATemporaryIsSafe) {
  std::string text;
  for (const auto [key, value] : store_->find("ann")->tags())
    text += std::string(key) + "=" + std::string(value) + " ";
  EXPECT_EQ(text, "a=1 tier=gold ");
}

TEST_F(Lifetime, UsersTagsAndValuesOutliveTheStoreAndEachOther) {
  std::optional<User> user = *store_->find("ann");
  const TagsView tags = user->tags();
  const std::optional<TagValue> value = user->tag("tier");
  const auto applied = must(store_->apply("ann", TagBatch().set("tier", "silver")));
  const auto page = must(store_->list());
  must(store_->delete_user("ann"));
  store_.reset();
  EXPECT_EQ(value_of(*user, "tier"), "gold");
  EXPECT_EQ(user->revision(), 1U);
  user.reset();
  EXPECT_EQ(value, "gold");
  EXPECT_EQ(std::ranges::distance(tags), 2);
  EXPECT_EQ(value_of(*applied.user, "tier"), "silver");
  EXPECT_EQ(value_of(page.users.at(0), "tier"), "silver");
}

TEST_F(Lifetime, AnErrorOutlivesTheStore) {
  const Result<Applied> refused = store_->apply("ann", TagBatch().create("tier", "x"));
  store_.reset();
  const Error copy = refused.error();
  EXPECT_EQ(copy.violations()[0].current, "gold");
  EXPECT_FALSE(copy.message().empty());
}

TEST_F(Lifetime, AClosedStoreSaysSo) {
  must(store_->close());
  must(store_->close());
  expect_all(ErrorCode::store_closed);
}

TEST_F(Lifetime, AMovedFromStoreIsAClosedOne) {
  UserTagStore taken = std::move(*store_);
  expect_all(ErrorCode::store_closed);
  EXPECT_TRUE(store_->close());
  EXPECT_EQ(value_of(taken, "ann", "tier"), "gold");
  *store_ = std::move(taken);
  EXPECT_EQ(value_of(*store_, "ann", "tier"), "gold");
}

TEST_F(Lifetime, AssigningClosesTheStoreThatWasThere) {
  auto other = must(UserTagStore::open(folder_ / "other.db"));
  *store_ = std::move(other);
  EXPECT_EQ(code_of(store_->find("ann")), ErrorCode::user_not_found);
  EXPECT_EQ(value_of(must(UserTagStore::open(folder_ / "users.db")), "ann", "tier"), "gold");
}

TEST_F(Lifetime, AReadOnlyStoreReadsAndDoesNotWrite) {
  Options options;
  options.access = Access::read_only;
  store_ = must(UserTagStore::open(folder_ / "users.db", options));
  for (const NamedAnswer& answer : answers_to_writing(*store_)) {
    EXPECT_EQ(answer.code, ErrorCode::read_only) << answer.method;
  }
  EXPECT_EQ(value_of(*store_, "ann", "tier"), "gold");
  EXPECT_TRUE(must(store_->verify()).ok());
}

TEST_F(Lifetime, AReadOnlyStoreShowsTheMomentOfItsOpening) {
  Options options;
  options.access = Access::read_only;
  const auto reader = must(UserTagStore::open(folder_ / "users.db", options));
  must(store_->apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_EQ(value_of(reader, "ann", "tier"), "gold");
  EXPECT_EQ(reader.revision(), 1U);
}

TEST_F(Lifetime, AnExclusiveStoreKeepsReadersOut) {
  store_.reset();
  Options options;
  options.access = Access::exclusive;
  store_ = must(UserTagStore::open(folder_ / "users.db", options));
  must(store_->apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_TRUE(must(store_->verify()).ok());
  options.access = Access::read_only;
  options.busy_timeout = std::chrono::milliseconds(1);
  EXPECT_FALSE(UserTagStore::open(folder_ / "users.db", options));
  must(store_->close());
  EXPECT_EQ(value_of(must(UserTagStore::open(folder_ / "users.db", options)), "ann", "tier"), "silver");
}

TEST(InMemory, EachStoreIsItsOwnAndGoneAtClose) {
  auto first = must(UserTagStore::open_in_memory());
  auto second = must(UserTagStore::open_in_memory());
  must(first.create_user("ann"));
  EXPECT_EQ(code_of(second.find("ann")), ErrorCode::user_not_found);
  must(first.close());
  EXPECT_EQ(code_of(first.find("ann")), ErrorCode::store_closed);
}

}   // namespace
}   // namespace usertags::test
