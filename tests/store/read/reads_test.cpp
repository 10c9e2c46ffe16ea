// Reads: references, pages, cursors, and one moment for many users.
#include <gtest/gtest.h>

#include <list>
#include <map>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

std::vector<Write> creations(int count) {
  std::vector<Write> writes;
  for (int n = 0; n < count; ++n) writes.push_back(CreateUser{"user " + std::to_string(n), {}, {}});
  return writes;
}

std::vector<std::string> external_ids(const UserPage& page) {
  std::vector<std::string> names;
  for (const User& user : page.users) names.emplace_back(user.external_id());
  return names;
}

TEST(Find, TellsIdsFromExternalIds) {
  CheckedStore store(Options{});
  const std::string id(must(store.create_user("ann")).user->id());
  EXPECT_TRUE(store.find(id));
  EXPECT_TRUE(store.find("ann"));
  EXPECT_TRUE(store.find(UserRef::id(id)));
  EXPECT_TRUE(store.find(UserRef::external_id("ann")));
  const std::string upper = "USER_" + id.substr(5);
  const std::string shorter = id.substr(0, 30);
  for (const UserRef& other : {UserRef::id("ann"), UserRef::external_id(id), UserRef(""), UserRef(upper),
                               UserRef(shorter), UserRef("\xFF")}) {
    EXPECT_EQ(code_of(store.find(other)), ErrorCode::user_not_found) << other.text();
  }
}

TEST(FindEach, AnswersInOrderAlsoForTheAbsentAndTheRepeated) {
  CheckedStore store(Options{});
  must(store.create_user("ann"));
  must(store.create_user("bob"));
  const std::vector<UserRef> refs{"bob", "nobody", "ann", "bob"};
  const auto found = store.store().find_each(refs);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0]->external_id(), "bob");
  EXPECT_EQ(code_of(found[1]), ErrorCode::user_not_found);
  EXPECT_EQ(found[2]->external_id(), "ann");
  EXPECT_EQ(*found[3], *found[0]);
}

TEST(FindEach, TakesAnyRangeOfTextsOrReferences) {
  CheckedStore checked(Options{});
  must(checked.create_user("ann"));
  must(checked.create_user("bob"));
  const UserTagStore& store = checked.store();
  const auto expect_both = [](const std::vector<Result<User>>& found) {
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(must(found[0]).external_id(), "ann");
    EXPECT_EQ(must(found[1]).external_id(), "bob");
  };
  const std::vector<std::string> strings{"ann", "bob"};
  expect_both(store.find_each(strings));
  expect_both(store.find_each(std::set<std::string>{"bob", "ann"}));
  expect_both(store.find_each(std::list<std::string_view>{"ann", "bob"}));
  const char* const texts[] = {"ann", "bob"};
  expect_both(store.find_each(texts));
  expect_both(store.find_each({"ann", UserRef::external_id("bob")}));
  expect_both(store.find_each(std::list<UserRef>{"ann", "bob"}));
  const std::map<std::string, int> counts{{"ann", 1}, {"bob", 2}};
  expect_both(store.find_each(std::views::keys(counts)));
  EXPECT_TRUE(store.find_each(std::list<std::string>{}).empty());
  EXPECT_TRUE(store.find_each({}).empty());

  // Texts that are gone when they are looked at, and one text, which is no range of them.
  const auto upper = strings | std::views::transform([](const std::string& text) { return text + "!"; });
  static_assert(!RangeOfUsers<decltype(upper)>);
  static_assert(!RangeOfUsers<std::string>);
}

TEST(Read, ShowsTheUserAndCallsOnce) {
  CheckedStore store(Options{});
  must(store.create_user("ann", {{"tier", "gold"}}));
  int calls = 0;
  EXPECT_TRUE(store.store().read("ann", [&](const UserView& user) {
    ++calls;
    EXPECT_EQ(user.tag("tier"), "gold");
    EXPECT_EQ(user.tag("absent"), std::nullopt);
  }));
  EXPECT_EQ(code_of(store.store().read("bob", [&](const UserView&) { ++calls; })), ErrorCode::user_not_found);
  EXPECT_EQ(calls, 1);
}

TEST(List, IsInTheOrderOfCreation) {
  CheckedStore store(Options{});
  for (const char* name : {"zoe", "ann", "max", "bob"}) must(store.create_user(name));
  must(store.delete_user("max"));
  must(store.apply("zoe", TagBatch().set("tier", "gold")));
  const auto page = must(store.list({}));
  EXPECT_EQ(external_ids(page), (std::vector<std::string>{"zoe", "ann", "bob"}));
  EXPECT_EQ(page.revision, 6U);
  EXPECT_FALSE(page.next);
}

TEST(List, APageThatEndsWithTheLastUserIsTheLast) {
  CheckedStore store(Options{});
  std::ignore = store.apply_each(creations(6));
  const auto first = must(store.list({.limit = 3}));
  ASSERT_TRUE(first.next);
  const auto second = must(store.list({.limit = 3, .after = first.next}));
  EXPECT_EQ(external_ids(second), (std::vector<std::string>{"user 3", "user 4", "user 5"}));
  EXPECT_FALSE(second.next);
}

TEST(List, ReturnsAUserThatIsThereThroughoutExactlyOnce) {
  const TempDir folder;
  CheckedStore store(folder / "users.db", {});
  std::ignore = store.apply_each(creations(20));
  std::map<std::string, int> seen;
  PageRequest request{.limit = 3};
  for (int round = 0;; ++round) {
    const auto page = must(store.list(request));
    for (const std::string& name : external_ids(page)) ++seen[name];
    if (!page.next) break;
    request.after = page.next;
    if (round < 6) {   // users before, within and after the cursor come, change and go
      const std::string place = std::to_string(round * 3 + 2);
      must(store.delete_user("user " + place));
      must(store.create_user("new " + place));
      must(store.apply("user 19", TagBatch().set("a", place)));
      store.reopen(Ending::closed, {});
    }
  }
  for (int n = 0; n < 20; ++n) EXPECT_EQ(seen["user " + std::to_string(n)], 1) << n;
  for (const auto& [name, times] : seen) EXPECT_EQ(times, 1) << name;
}

TEST(List, RefusesLimitsAndCursorsThatAreNotItsOwn) {
  CheckedStore store(Options{});
  CheckedStore other(Options{});
  std::ignore = store.apply_each(creations(3));
  std::ignore = other.apply_each(creations(3));
  const std::string cursor = must(store.list({.limit = 1})).next->text();
  EXPECT_EQ(code_of(other.store().list({.limit = 1, .after = Cursor(cursor)})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store.store().list({.limit = 0})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store.store().list({.limit = 10'001})), ErrorCode::invalid_argument);
  for (const std::string& text : {std::string(), cursor + "x", cursor.substr(1), std::string("1"),
                                  std::string("\xFF\0", 2), std::string(100'000, 'a')}) {
    EXPECT_EQ(code_of(store.store().list({.limit = 1, .after = Cursor(text)})), ErrorCode::invalid_cursor);
  }
}

TEST(List, RefusesACursorWithAnyCharacterChanged) {
  CheckedStore store(Options{});
  std::ignore = store.apply_each(creations(3));
  const std::string cursor = must(store.list({.limit = 1})).next->text();
  for (std::size_t at = 0; at < cursor.size(); ++at) {
    std::string changed = cursor;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    EXPECT_EQ(code_of(store.store().list({.limit = 1, .after = Cursor(changed)})), ErrorCode::invalid_cursor)
        << at;
  }
}

}   // namespace
}   // namespace usertags::test
