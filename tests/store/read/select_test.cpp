// Users by their tags: pages, counts, for_each; Kubernetes' selectors mean the same here.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using Names = std::vector<std::string>;

Selector parsed(std::string_view text) {
  return must(Selector::parse(text), text);
}

Names names(const UserPage& page) {
  Names names;
  for (const User& user : page.users) names.emplace_back(user.external_id());
  return names;
}

class Select : public testing::Test {
 protected:
  void SetUp() override {
    must(store_.create_user("ann", {{"tier", "gold"}, {"seats", "12"}, {"env", "production"}}));
    must(store_.create_user("bob", {{"tier", "silver"}, {"seats", "7"}, {"env", "qa"}}));
    must(store_.create_user("cid", {{"tier", "gold"}, {"churned", ""}}));
    must(store_.create_user("dot"));
  }

  Names selected(std::string_view selector) const { return names(must(store_.select(parsed(selector)))); }

  UserTagStore store_ = must(UserTagStore::open_in_memory());
};

TEST_F(Select, TakesTextsAsWell) {
  const std::string text = "tier=gold,!churned";
  EXPECT_EQ(names(must(store_.select(text))), Names{"ann"});
  EXPECT_EQ(names(must(store_.select("tier", {.limit = 1}))), Names{"ann"});
  EXPECT_EQ(must(store_.count(std::string_view(text))).count, 1U);
  EXPECT_EQ(must(store_.count("")).count, 4U);
  EXPECT_EQ(must(store_.count({})).count, 4U) << "every user, as Selector()";
  Names visited;
  const auto visit = [&](const User& user) { visited.emplace_back(user.external_id()); };
  EXPECT_EQ(must(store_.for_each("tier=gold", visit)).users, 2U);
  EXPECT_EQ(visited, (Names{"ann", "cid"}));
  int entered = 0;
  must(store_.membership_changes("tier=gold", Position(), [&](const MembershipChange&) { ++entered; }));
  EXPECT_EQ(entered, 2);

  const auto refused = store_.count("tier=go*");
  EXPECT_EQ(code_of(refused), ErrorCode::invalid_selector);
  EXPECT_EQ(refused.error().position(), 7U);
  EXPECT_EQ(code_of(store_.select("=")), ErrorCode::invalid_selector);
  EXPECT_EQ(code_of(store_.for_each("=", visit)), ErrorCode::invalid_selector);
  EXPECT_EQ(code_of(store_.membership_changes("=", Position(), [](const auto&) {})),
            ErrorCode::invalid_selector);
}

TEST_F(Select, AnswersUsersInTheOrderOfCreationCountedAndStamped) {
  const UserPage page = must(store_.select(parsed("tier=gold")));
  EXPECT_EQ(names(page), (Names{"ann", "cid"}));
  EXPECT_EQ(page.users.front().tag("seats"), "12");
  EXPECT_EQ(page.revision, 4U);
  EXPECT_FALSE(page.next);
  const Count count = must(store_.count(key("tier") == "gold"));
  EXPECT_EQ(count.count, 2U);
  EXPECT_EQ(count.revision, 4U);
}

// What kubernetes.io/docs/concepts/overview/working-with-objects/labels says of each.
TEST_F(Select, MeansWhatKubernetesMeans) {
  const std::map<std::string, Names> meant = {
      {"", {"ann", "bob", "cid", "dot"}},
      {"env=production", {"ann"}},
      {"env==production", {"ann"}},
      {"tier!=gold", {"bob", "dot"}},
      {"env in (production, qa)", {"ann", "bob"}},
      {"tier notin (gold, silver)", {"dot"}},
      {"env", {"ann", "bob"}},
      {"!env", {"cid", "dot"}},
      {"env,env notin (production)", {"bob"}},
      {"env=production,tier!=silver", {"ann"}},
      {"churned=", {"cid"}},
      {"churned in ()", {"cid"}},
      {"churned!=", {"ann", "bob", "dot"}},
      {"seats>7", {"ann"}},
      {"seats<12", {"bob"}},
      {"tier in (gold),seats,seats<13", {"ann"}},
  };
  for (const auto& [selector, users] : meant) {
    EXPECT_EQ(selected(selector), users) << selector;
    EXPECT_EQ(must(store_.count(parsed(selector))).count, users.size()) << selector;
  }
}

TEST_F(Select, KnowsPatternsAndGroups) {
  EXPECT_EQ(selected("tier~g*"), (Names{"ann", "cid"}));
  EXPECT_EQ(selected("tier!~g*"), (Names{"bob", "dot"}));
  EXPECT_EQ(selected("any(churned, seats<10)"), (Names{"bob", "cid"}));
  EXPECT_EQ(selected("not(any(churned, seats<10))"), (Names{"ann", "dot"}));
  EXPECT_EQ(selected("not(tier=gold, seats)"), (Names{"bob", "cid", "dot"}));
}

TEST_F(Select, FollowsEveryChange) {
  must(store_.apply("dot", TagBatch().set("tier", "gold")));
  must(store_.apply("ann", TagBatch().erase("tier")));
  must(store_.delete_user("bob"));
  EXPECT_EQ(selected("tier=gold"), (Names{"cid", "dot"}));
  EXPECT_EQ(selected("!tier"), (Names{"ann"}));
  EXPECT_EQ(must(store_.count(!key("tier").exists())).revision, 7U);
}

TEST_F(Select, GoesOnFromPageToPageWhileUsersComeChangeAndGo) {
  const Selector gold = parsed("tier=gold");
  const UserPage first = must(store_.select(gold, {.limit = 1, .after = {}}));
  EXPECT_EQ(names(first), (Names{"ann"}));
  must(store_.delete_user("ann"));
  must(store_.create_user("eve", {{"tier", "gold"}}));
  const UserPage second = must(store_.select(gold, {.limit = 1, .after = first.next}));
  EXPECT_EQ(names(second), (Names{"cid"}));
  const UserPage third = must(store_.select(key("tier") == "gold", {.limit = 1, .after = second.next}));
  EXPECT_EQ(names(third), (Names{"eve"})) << "an equal selector, otherwise made, is the same question";
  EXPECT_FALSE(third.next);
}

TEST_F(Select, RefusesSelectorsLimitsAndCursorsThatAreNoGood) {
  const Selector refused = key("no/key").exists();
  EXPECT_EQ(code_of(store_.select(refused)), ErrorCode::invalid_selector);
  EXPECT_EQ(code_of(store_.count(refused)), ErrorCode::invalid_selector);
  EXPECT_EQ(code_of(store_.for_each(refused, [](const User&) {})), ErrorCode::invalid_selector);
  EXPECT_EQ(code_of(store_.select(Selector(), {.limit = 0, .after = {}})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store_.select(Selector(), {.limit = 10'001, .after = {}})), ErrorCode::invalid_argument);

  const Selector gold = parsed("tier=gold");
  const Cursor cursor = *must(store_.select(gold, {.limit = 1, .after = {}})).next;
  const auto other = must(UserTagStore::open_in_memory());
  EXPECT_EQ(code_of(other.select(gold, {.limit = 1, .after = cursor})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store_.select(parsed("tier"), {.limit = 1, .after = cursor})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store_.list({.limit = 1, .after = cursor})), ErrorCode::invalid_cursor);
  const Cursor of_list = *must(store_.list({.limit = 1, .after = {}})).next;
  EXPECT_EQ(code_of(store_.select(Selector(), {.limit = 1, .after = of_list})), ErrorCode::invalid_cursor);
  std::string mangled = cursor.text();
  mangled[3] = mangled[3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(code_of(store_.select(gold, {.limit = 1, .after = Cursor(mangled)})), ErrorCode::invalid_cursor);
}

TEST_F(Select, ForEachCallsOnceForEachUserAndEndsWhenTold) {
  Names called;
  const auto all =
      must(store_.for_each(Selector(), [&](const User& user) { called.emplace_back(user.external_id()); }));
  EXPECT_EQ(called, (Names{"ann", "bob", "cid", "dot"}));
  EXPECT_EQ(all.users, 4U);
  EXPECT_EQ(all.revision, 4U);
  const auto some =
      must(store_.for_each(Selector(), [](const User& user) { return user.tag("seats").has_value(); }));
  EXPECT_EQ(some.users, 3U) << "the one who ends it is counted";
}

TEST_F(Select, ForEachLetsTheFunctionCallTheStore) {
  const auto changed = must(store_.for_each(parsed("tier=gold"), [&](const User& user) {
    must(store_.apply(user.id(), TagBatch().set("tier", "platinum")));
    must(store_.create_user(std::string(user.external_id()) + " 2"));
  }));
  EXPECT_EQ(changed.users, 2U);
  EXPECT_EQ(selected("tier=platinum"), (Names{"ann", "cid"}));
}

TEST_F(Select, ForEachGoesThroughManyStretches) {
  std::vector<Write> writes;
  for (int n = 0; n < 3000; ++n)
    writes.push_back(CreateUser{"user " + std::to_string(n), {{"n", std::to_string(n)}}, {}});
  for (const auto& answer : store_.apply_each(writes)) must(answer);
  int next = 0;
  const auto visited = must(store_.for_each(
      key("n").less_than(2500), [&](const User& user) { EXPECT_EQ(user.tag("n"), std::to_string(next++)); }));
  EXPECT_EQ(visited.users, 2500U);
}

TEST(SelectInAFile, KeepsCursorsOverReopening) {
  const TempDir folder;
  auto store = must(UserTagStore::open(folder / "users.db"));
  for (const char* user : {"ann", "bob", "cid"}) must(store.create_user(user, {{"tier", "gold"}}));
  const auto first = must(store.select(parsed("tier"), {.limit = 1, .after = {}}));
  must(store.close());
  store = must(UserTagStore::open(folder / "users.db"));
  EXPECT_EQ(names(must(store.select(parsed("tier"), {.limit = 5, .after = first.next}))),
            (Names{"bob", "cid"}));
}

}   // namespace
}   // namespace usertags::test
