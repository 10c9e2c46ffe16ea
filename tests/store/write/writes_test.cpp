// Creations, deletions, and many writes in one call.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

std::vector<std::optional<ErrorCode>> codes_of(const std::vector<Result<Applied>>& answers) {
  std::vector<std::optional<ErrorCode>> codes;
  for (const auto& answer : answers) codes.push_back(code_of(answer));
  return codes;
}

TEST(CreateUser, GivesIdRevisionAndTags) {
  CheckedStore store(Options{});
  const auto created = must(store.create_user("ann", {{"tier", "gold"}, {"a", "1"}}));
  EXPECT_TRUE(created.changed);
  EXPECT_EQ(created.revision, 1U);
  EXPECT_EQ(created.user->external_id(), "ann");
  EXPECT_EQ(value_of(*created.user, "tier"), "gold");
  EXPECT_EQ(store.store().revision(), 1U);
}

TEST(CreateUser, ATakenExternalIdNamesItsHolder) {
  CheckedStore store(Options{});
  const auto first = must(store.create_user("ann"));
  const auto second = store.create_user("ann", {{"tier", "gold"}});
  ASSERT_EQ(code_of(second), ErrorCode::user_exists);
  EXPECT_EQ(second.error().existing_id(), first.user->id());
}

TEST(CreateUser, ReportsEveryViolationOfItsTagsByPosition) {
  CheckedStore store(Options{});
  const auto refused = store.create_user("ann", {{"a", "1"}, {"", "x"}, {"a", "2"}});
  ASSERT_EQ(code_of(refused), ErrorCode::batch_refused);
  const auto violations = refused.error().violations();
  ASSERT_EQ(violations.size(), 2U);
  EXPECT_EQ(violations[0].reason, Violation::Reason::empty_key);
  EXPECT_EQ(violations[0].index, 1U);
  EXPECT_EQ(violations[1].reason, Violation::Reason::duplicate_key);
  EXPECT_EQ(violations[1].first_index, 0U);
}

TEST(CreateUser, ExternalIdsAreStrictTextThatIsNoId) {
  CheckedStore store(Options{});
  const std::string longest(255, 'x');
  for (const std::string& sound :
       {std::string("a#b/c:d"), longest, std::string("user_8zzzzzzzzzzzzzzzzzzzzzzzzz"), std::string("user_"),
        std::string(" ")}) {
    EXPECT_TRUE(store.create_user(sound)) << sound;
  }
  for (const std::string& broken :
       {std::string(), longest + "x", std::string("a\0b", 3), std::string("\xC0\x80"),
        std::string("user_01h455vb4pex5vsknk084sn02q")}) {
    EXPECT_EQ(code_of(store.create_user(broken)), ErrorCode::invalid_argument) << broken;
    EXPECT_EQ(code_of(store.find(broken)), ErrorCode::user_not_found) << broken;
  }
}

TEST(DeleteUser, FreesTheExternalIdAndNeverTheId) {
  CheckedStore store(Options{});
  const auto first = must(store.create_user("ann", {{"tier", "gold"}}));
  const auto deleted = must(store.delete_user(first.user->id()));
  EXPECT_FALSE(deleted.user);
  EXPECT_TRUE(deleted.changed);
  EXPECT_EQ(deleted.revision, 2U);
  const auto second = must(store.create_user("ann"));
  EXPECT_GT(second.user->id(), first.user->id());
  EXPECT_EQ(second.user->tags().size(), 0U);
  EXPECT_EQ(code_of(store.find(first.user->id())), ErrorCode::user_not_found);
  EXPECT_EQ(code_of(store.delete_user(first.user->id())), ErrorCode::user_not_found);
  store.check_all();
}

TEST(Unchanged, AddsNoRevisionAndNoBytes) {
  const TempDir folder;
  CheckedStore store(folder / "users.db", {});
  must(store.create_user("ann", {{"tier", "gold"}}));
  must(store.create_user("bob"));
  const std::uint64_t commits = store.store().stats().commits;
  const auto same = must(store.apply("ann", TagBatch().set("tier", "gold").erase("absent")));
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(same.revision, 1U);
  EXPECT_EQ(store.store().stats().commits, commits);
}

TEST(ApplyEach, EachWriteHasItsOwnOutcome) {
  const TempDir folder;
  CheckedStore store(folder / "users.db", {});
  must(store.create_user("old", {{"tier", "gold"}}));
  const std::vector<Write> writes{
      CreateUser{"new", {{"a", "1"}}, {}},
      CreateUser{"old", {}, {}},
      PatchUser{"new", TagBatch().update("a", "2"), {}},
      PatchUser{"new", TagBatch().create("a", "3"), {}},
      PatchUser{"nobody", TagBatch().set("a", "1"), {}},
      DeleteUser{"old", {}},
      PatchUser{"old", TagBatch().set("a", "1"), {}},
      CreateUser{"old", {{"b", ""}}, {}},
      PatchUser{"old", TagBatch().erase("b"), {}},
      PatchUser{"old", TagBatch().erase("b"), {}},
      DeleteUser{"new", {.expected_revision = 2}},
      DeleteUser{"new", {.expected_revision = 3}},
      CreateUser{"new", {}, {}},
      CreateUser{"new", {}, {}},
  };
  const auto answers = store.apply_each(writes);
  const std::vector<std::optional<ErrorCode>> expected{{},
                                                       ErrorCode::user_exists,
                                                       {},
                                                       ErrorCode::batch_refused,
                                                       ErrorCode::user_not_found,
                                                       {},
                                                       ErrorCode::user_not_found,
                                                       {},
                                                       {},
                                                       {},
                                                       ErrorCode::revision_mismatch,
                                                       {},
                                                       {},
                                                       ErrorCode::user_exists};
  EXPECT_EQ(codes_of(answers), expected);
  EXPECT_EQ(answers[3].error().violations()[0].item, 3U);
  EXPECT_EQ(answers[3].error().violations()[0].current, "2");
  EXPECT_TRUE(answers[8]->changed);
  EXPECT_FALSE(answers[9]->changed);
  EXPECT_EQ(answers[13].error().existing_id(), answers[12]->user->id());
  store.check_all();
  store.reopen(Ending::killed, {});
  store.check_all();
}

TEST(ApplyEach, NothingIsAnsweredWithNothing) {
  CheckedStore store(Options{});
  EXPECT_TRUE(store.apply_each({}).empty());
}

TEST(ApplyEach, ManyWritesKeepTheirOrderAcrossGroups) {
  const TempDir folder;
  CheckedStore store(folder / "users.db", {});
  std::vector<Write> writes{CreateUser{"ann", {{"n", "0"}}, {}}};
  for (int n = 1; n <= 10'000; ++n) {
    const std::string before = std::to_string(n - 1);
    writes.push_back(PatchUser{"ann", TagBatch().update("n", std::to_string(n), {before}), {}});
  }
  for (const auto& answer : store.apply_each(writes)) ASSERT_TRUE(answer) << told(answer);
  EXPECT_EQ(value_of(store.store(), "ann", "n"), "10000");
  store.check_all();
}

TEST(Plan, ChangesNothing) {
  CheckedStore store(Options{});
  must(store.create_user("ann", {{"tier", "gold"}}));
  const auto planned = must(store.plan("ann", TagBatch().set("tier", "silver")));
  EXPECT_TRUE(planned.changed);
  EXPECT_EQ(planned.revision, 2U);
  EXPECT_EQ(value_of(*planned.user, "tier"), "silver");
  EXPECT_EQ(value_of(store.store(), "ann", "tier"), "gold");
  store.check_all();
}

}   // namespace
}   // namespace usertags::test
