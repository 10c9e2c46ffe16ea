// The history of one user: newest first, by pages, the deleted included.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;
using Revisions = std::vector<std::uint64_t>;

Revisions revisions_of(const HistoryPage& page) {
  Revisions revisions;
  for (const Change& change : page.changes) revisions.push_back(change.revision);
  return revisions;
}

class HistoryTest : public testing::TestWithParam<bool> {
 protected:
  HistoryTest() : store_(GetParam() ? open() : must(UserTagStore::open_in_memory(options_))) {}

  UserTagStore open() const { return must(UserTagStore::open(folder_ / "users.db", options_)); }
  void patch(const char* user, int value) {
    must(store_.apply(user, TagBatch().set("n", std::to_string(value))));
  }
  static Options tight() {
    Options options;
    settings_of(options).history.min_changes = 50;
    return options;
  }

  TempDir folder_;
  Options options_ = tight();
  UserTagStore store_;
};

TEST_P(HistoryTest, HasTheUsersOwnChangesNewestFirst) {
  const std::string ann(must(store_.create_user("ann", {{"n", "0"}}, {.note = "hired"})).user->id());
  must(store_.create_user("bob"));
  patch("ann", 1);
  patch("bob", 1);
  patch("ann", 2);
  for (const UserRef& name : {UserRef("ann"), UserRef(ann), UserRef::id(ann), UserRef::external_id("ann")}) {
    const HistoryPage page = must(store_.history(name));
    EXPECT_EQ(revisions_of(page), (Revisions{5, 3, 1}));
    EXPECT_FALSE(page.next);
    EXPECT_EQ(page.floor, 1U);
    EXPECT_EQ(page.changes[0].tags, (std::vector<TagChange>{{"n", "2", "1"}}));
    EXPECT_EQ(page.changes[2].kind, ChangeKind::created);
    EXPECT_EQ(page.changes[2].note, "hired");
    for (const Change& change : page.changes) EXPECT_EQ(change.user_id, ann);
  }
  EXPECT_EQ(code_of(store_.history("cid")), ErrorCode::user_not_found);
  EXPECT_EQ(code_of(store_.history(UserRef::external_id(ann))), ErrorCode::user_not_found);
  EXPECT_EQ(code_of(store_.history("user_00000000000000000000000000")), ErrorCode::user_not_found);
  EXPECT_EQ(code_of(store_.history("user_7zzzzzzzzzzzzzzzzzzzzzzzzz")), ErrorCode::user_not_found);
}

TEST_P(HistoryTest, GoesOnByCursorsWhileOthersWrite) {
  must(store_.create_user("ann"));
  must(store_.create_user("bob"));
  for (int n = 1; n < 7; ++n) patch("ann", n);
  PageRequest request{.limit = 3};
  Revisions seen;
  do {
    const HistoryPage page = must(store_.history("ann", request));
    for (const std::uint64_t revision : revisions_of(page)) seen.push_back(revision);
    request.after = page.next;
    patch("ann", 100 + static_cast<int>(seen.size()));
  } while (request.after);
  EXPECT_EQ(seen, (Revisions{8, 7, 6, 5, 4, 3, 1}));
}

TEST_P(HistoryTest, TheLastPageIsNeverEmpty) {
  must(store_.create_user("ann"));
  patch("ann", 1);
  const HistoryPage page = must(store_.history("ann", {.limit = 2}));
  EXPECT_EQ(revisions_of(page), (Revisions{2, 1}));
  EXPECT_FALSE(page.next);
}

TEST_P(HistoryTest, CursorsAreBoundToTheUserAndLimitsToTheirBounds) {
  must(store_.create_user("ann"));
  must(store_.create_user("bob"));
  patch("ann", 1);
  patch("bob", 1);
  const auto next = must(store_.history("ann", {.limit = 1})).next;
  ASSERT_TRUE(next);
  EXPECT_TRUE(store_.history("ann", {.after = next}));
  EXPECT_EQ(code_of(store_.history("bob", {.after = next})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store_.history("ann", {.after = Cursor("x")})), ErrorCode::invalid_cursor);
  EXPECT_EQ(code_of(store_.list({.after = next})), ErrorCode::invalid_cursor);
  for (const std::size_t limit : {0U, 10'001U}) {
    EXPECT_EQ(code_of(store_.history("ann", {.limit = limit})), ErrorCode::invalid_argument);
  }
}

TEST_P(HistoryTest, TheDeletedAreFoundByIdAsLongAsTheLogHasThem) {
  std::vector<std::string> ids;
  for (const char* name : {"ann", "bob", "cid", "dan"})
    ids.emplace_back(must(store_.create_user(name)).user->id());
  patch("cid", 1);
  must(store_.delete_user("cid"));
  must(store_.create_user("cid"));
  must(store_.delete_user("ann"));
  EXPECT_EQ(revisions_of(must(store_.history(ids[2]))), (Revisions{6, 5, 3}));
  EXPECT_EQ(revisions_of(must(store_.history(ids[0]))), (Revisions{8, 1}));
  EXPECT_EQ(revisions_of(must(store_.history("cid"))), (Revisions{7})) << "the one who bears the name today";
  EXPECT_EQ(code_of(store_.history("ann")), ErrorCode::user_not_found);
  for (int n = 0; n < 300; ++n) patch("bob", n);
  must(store_.maintain(1min));
  ASSERT_GT(store_.stats().log_floor, 8U);
  EXPECT_EQ(code_of(store_.history(ids[2])), ErrorCode::user_not_found);
  const HistoryPage page = must(store_.history(ids[3]));
  EXPECT_TRUE(page.changes.empty()) << "lives, but all that became of it is pruned";
  EXPECT_EQ(page.floor, store_.stats().log_floor);
}

INSTANTIATE_TEST_SUITE_P(Stores, HistoryTest, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "InAFile" : "InMemory"; });

// More entries than one step looks at lie between two changes of the user.
TEST(LongHistory, IsWalkedInSteps) {
  Options options;
  settings_of(options).history.keep_all = true;
  auto store = must(UserTagStore::open_in_memory(options));
  must(store.create_user("ann"));
  must(store.create_user("bob"));
  must(store.apply("ann", TagBatch().set("n", "1")));
  std::vector<Write> writes;
  for (int n = 0; n < 140'000; ++n)
    writes.push_back(PatchUser{"bob", TagBatch().set("n", std::to_string(n)), {}});
  for (const auto& answer : store.apply_each(writes)) ASSERT_TRUE(answer);
  must(store.apply("ann", TagBatch().set("n", "2")));
  EXPECT_EQ(revisions_of(must(store.history("ann"))), (Revisions{140'004, 3, 1}));
}

}   // namespace
}   // namespace usertags::test
