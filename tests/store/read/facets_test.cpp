// Keys and values with the number of users: pages, prefixes, cursors, the most used values.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using Keys = std::vector<KeyCount>;
using Values = std::vector<ValueCount>;

class Facets : public testing::Test {
 protected:
  void SetUp() override {
    must(store_.create_user("ann", {{"tier", "gold"}, {"team", "red"}, {"empty", ""}}));
    must(store_.create_user("bob", {{"tier", "gold"}, {"team", "blue"}}));
    must(store_.create_user("cid", {{"tier", "silver"}}));
    must(store_.create_user("dot"));
  }

  UserTagStore store_ = must(UserTagStore::open_in_memory());
};

TEST_F(Facets, CountTheUsersOfKeysAndValues) {
  const KeyPage keys = must(store_.tag_keys());
  EXPECT_EQ(keys.keys, (Keys{{"empty", 1}, {"team", 2}, {"tier", 3}}));
  EXPECT_EQ(keys.revision, 4U);
  EXPECT_FALSE(keys.next);
  const ValuePage values = must(store_.tag_values("tier"));
  EXPECT_EQ(values.values, (Values{{"gold", 2}, {"silver", 1}}));
  EXPECT_EQ(values.revision, 4U);
  EXPECT_FALSE(values.next);
  EXPECT_EQ(must(store_.tag_values("empty")).values, (Values{{"", 1}}));
}

TEST_F(Facets, FollowEveryChange) {
  must(store_.apply("cid", TagBatch().set("tier", "gold").set("team", "red")));
  EXPECT_EQ(must(store_.tag_values("tier")).values, (Values{{"gold", 3}}));
  must(store_.delete_user("ann"));
  EXPECT_EQ(must(store_.tag_keys()).keys, (Keys{{"team", 2}, {"tier", 2}}));
  EXPECT_EQ(must(store_.tag_values("team")).revision, 6U);
}

TEST_F(Facets, OfAKeyThatNobodyHasAreNone) {
  const ValuePage values = must(store_.tag_values("nothing"));
  EXPECT_TRUE(values.values.empty());
  EXPECT_EQ(values.revision, 4U);
}

TEST_F(Facets, ComeInPagesThatGoOnWhereTheLastOneEnded) {
  const KeyPage first = must(store_.tag_keys({.limit = 2}));
  EXPECT_EQ(first.keys, (Keys{{"empty", 1}, {"team", 2}}));
  must(store_.apply("dot", TagBatch().set("a", "").set("team", "red").set("x", "")));
  const KeyPage second = must(store_.tag_keys({.limit = 2, .after = first.next}));
  EXPECT_EQ(second.keys, (Keys{{"tier", 3}, {"x", 1}}));
  EXPECT_FALSE(second.next);
  const ValuePage values = must(store_.tag_values("team", {.limit = 1}));
  EXPECT_EQ(must(store_.tag_values("team", {.limit = 1, .after = values.next})).values, (Values{{"red", 2}}));
}

TEST_F(Facets, HaveThePrefixThatIsAskedFor) {
  EXPECT_EQ(must(store_.tag_keys({.prefix = "t"})).keys, (Keys{{"team", 2}, {"tier", 3}}));
  EXPECT_EQ(must(store_.tag_keys({.prefix = "tea", .limit = 1})).keys, (Keys{{"team", 2}}));
  EXPECT_EQ(must(store_.tag_values("tier", {.prefix = "s"})).values, (Values{{"silver", 1}}));
  EXPECT_TRUE(must(store_.tag_values("tier", {.prefix = "\xFF"})).values.empty());
}

TEST_F(Facets, ByUsersAreTheMostUsedOnes) {
  for (const char* user : {"ann", "bob", "cid"})
    must(store_.apply(user, TagBatch().set("n", std::string(user) == "ann" ? "a" : "b")));
  must(store_.apply("dot", TagBatch().set("n", "c")));
  const ValuePage top = must(store_.tag_values("n", {.limit = 2, .order = ValueOrder::by_users}));
  EXPECT_EQ(top.values, (Values{{"b", 2}, {"a", 1}}));
  EXPECT_EQ(top.revision, 8U);
  EXPECT_FALSE(top.next);
}

TEST_F(Facets, RefuseLimitsAndKeysThatCanBeNoGood) {
  for (const std::size_t limit : {0U, 10'001U}) {
    EXPECT_EQ(code_of(store_.tag_keys({.limit = limit})), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(store_.tag_values("tier", {.limit = limit})), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(store_.tag_values("tier", {.limit = limit, .order = ValueOrder::by_users})),
              ErrorCode::invalid_argument);
  }
  for (const std::string& key :
       {std::string(), std::string("a/b"), std::string("\xFF"), std::string(51, 'k')}) {
    EXPECT_EQ(code_of(store_.tag_values(key)), ErrorCode::invalid_argument) << key;
  }
}

TEST_F(Facets, RefuseACursorOfAnotherQuestion) {
  const Cursor keys = *must(store_.tag_keys({.limit = 1})).next;
  const Cursor tiers = *must(store_.tag_values("tier", {.limit = 1})).next;
  const Cursor users = *must(store_.list({.limit = 1, .after = {}})).next;
  const auto other = must(UserTagStore::open_in_memory());
  EXPECT_EQ(code_of(other.tag_keys({.after = keys})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(other.tag_values("tier", {.after = tiers})), ErrorCode::invalid_cursor);
  for (const Cursor& cursor : {tiers, users}) {
    EXPECT_EQ(code_of(store_.tag_keys({.after = cursor})), ErrorCode::invalid_cursor);
    EXPECT_EQ(code_of(store_.tag_values("team", {.after = cursor})), ErrorCode::invalid_cursor);
    EXPECT_EQ(code_of(store_.tag_values("tier", {.after = cursor, .order = ValueOrder::by_users})),
              ErrorCode::invalid_cursor);
  }
  EXPECT_EQ(code_of(store_.list({.limit = 1, .after = keys})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store_.tag_keys({.prefix = "t", .after = keys})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store_.tag_values("tier", {.prefix = "g", .after = tiers})), ErrorCode::invalid_cursor);
  for (const std::string& text : {std::string(), tiers.text() + "A", tiers.text().substr(1),
                                  std::string("\xFF\0", 2), std::string(100'000, 'a')}) {
    EXPECT_EQ(code_of(store_.tag_values("tier", {.after = Cursor(text)})), ErrorCode::invalid_cursor);
  }
}

TEST(FacetsOfAFile, AreTheSameAfterReopeningAndReadOnly) {
  const TempDir folder;
  auto store = must(UserTagStore::open(folder / "users.db"));
  must(store.create_user("ann", {{"tier", "gold"}, {"team", "red"}}));
  must(store.apply("ann", TagBatch().set("tier", "zinc")));
  const auto first = must(store.tag_keys({.limit = 1}));
  must(store.close());
  Options options;
  options.access = Access::read_only;
  store = must(UserTagStore::open(folder / "users.db", options));
  EXPECT_EQ(must(store.tag_keys({.limit = 1, .after = first.next})).keys, (Keys{{"tier", 1}}));
  EXPECT_EQ(must(store.tag_values("tier")).values, (Values{{"zinc", 1}}));
}

}   // namespace
}   // namespace usertags::test
