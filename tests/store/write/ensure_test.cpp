// ensure_user and EnsureUser: the user is found, or created.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

class EnsureUserTest : public testing::Test {
 protected:
  CheckedStore store_{Options{}};
};

TEST_F(EnsureUserTest, CreatesWhoIsNotThere) {
  const Applied created = must(store_.ensure_user("ann", {{"tier", "trial"}}, {.note = "why"}));
  EXPECT_TRUE(created.changed);
  EXPECT_EQ(value_of(*created.user, "tier"), "trial");
  const ChangePage page = must(store_.store().changes(Position()));
  ASSERT_EQ(page.changes.size(), 1U);
  EXPECT_EQ(page.changes[0].kind, ChangeKind::created);
  EXPECT_EQ(page.changes[0].note, "why");
}

TEST_F(EnsureUserTest, LeavesWhoIsThereAsItIs) {
  const Applied created = must(store_.create_user("ann", {{"tier", "gold"}}));
  const Applied found = must(store_.ensure_user("ann", {{"tier", "trial"}, {"a", "1"}}));
  EXPECT_FALSE(found.changed);
  EXPECT_EQ(found.revision, created.revision);
  EXPECT_EQ(found.user->id(), created.user->id());
  EXPECT_EQ(value_of(*found.user, "tier"), "gold");
  store_.check_all();
}

TEST_F(EnsureUserTest, ItsFormIsJudgedAlways) {
  for (int there = 0; there < 2; ++there) {
    EXPECT_EQ(code_of(store_.ensure_user("ann", {{"a", "1"}, {"a", "2"}})), ErrorCode::batch_refused);
    EXPECT_EQ(code_of(store_.ensure_user("ann", {}, {.expected_revision = 1})), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(store_.ensure_user("ann", {}, {.note = std::string(201, 'n')})),
              ErrorCode::invalid_argument);
    if (there == 0) must(store_.create_user("ann"));
  }
  EXPECT_EQ(code_of(store_.ensure_user("")), ErrorCode::invalid_argument);
  EXPECT_EQ(store_.store().revision(), 1U);
}

TEST_F(EnsureUserTest, WithinACallSeesWhatCameBefore) {
  const std::vector<Write> writes{EnsureUser{"ann", {{"a", "1"}}, {}}, EnsureUser{"ann", {{"a", "2"}}, {}},
                                  DeleteUser{"ann", {}}, EnsureUser{"ann", {{"a", "3"}}, {}}};
  const auto answers = store_.apply_each(writes);
  EXPECT_TRUE(answers[0]->changed);
  EXPECT_FALSE(answers[1]->changed);
  EXPECT_TRUE(answers[3]->changed);
  EXPECT_EQ(value_of(store_.store(), "ann", "a"), "3");
  store_.check_all();
}

TEST_F(EnsureUserTest, InATransactionItNamesTheUser) {
  must(store_.create_user("ann"));
  const auto code = [&](const std::vector<Write>& writes) { return code_of(store_.apply_all(writes)); };
  const TagBatch batch = TagBatch().set("a", "1");
  const EnsureUser ann{"ann", {}, {}};
  const EnsureUser bob{"bob", {}, {}};
  EXPECT_EQ(code({ann, PatchUser{"ann", batch, {}}}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({PatchUser{"ann", batch, {}}, ann}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({bob, bob}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({CreateUser{"bob", {}, {}}, bob}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({DeleteUser{"ann", {}}, ann, bob}), std::nullopt);
  store_.check_all();
}

TEST_F(EnsureUserTest, UnderATokenIsARequestOfItsOwnKind) {
  const ApplyOptions options{.token = "t"};
  const Applied created = must(store_.ensure_user("ann", {}, options));
  const Applied again = must(store_.ensure_user("ann", {}, options));
  EXPECT_TRUE(again.replayed);
  EXPECT_TRUE(again.changed) << "as the first time";
  EXPECT_EQ(again.revision, created.revision);
  EXPECT_EQ(code_of(store_.create_user("ann", {}, options)), ErrorCode::token_reused);
  EXPECT_EQ(code_of(store_.ensure_user("ann", {{"a", "1"}}, options)), ErrorCode::token_reused);
  EXPECT_FALSE(must(store_.ensure_user("ann", {}, {.token = "u"})).changed);
  must(store_.delete_user("ann"));
  EXPECT_FALSE(must(store_.ensure_user("ann", {}, {.token = "u"})).user) << "the user it found is gone";
}

}   // namespace
}   // namespace usertags::test
