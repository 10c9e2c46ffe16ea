// apply_all: several writes as one transaction, whole to everyone.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

TagBatch set_tier(std::string_view tier) {
  return TagBatch().set("tier", tier);
}

class ApplyAll : public testing::Test {
 protected:
  ApplyAll() {
    must(store_.create_user("ann", {{"tier", "trial"}}));
    must(store_.create_user("bob"));
  }

  static Options relaxed() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }

  TempDir folder_{memory_folder()};
  CheckedStore store_{folder_ / "users.db", relaxed()};
};

TEST_F(ApplyAll, AppliesEveryKindOfWriteAsOneTransaction) {
  const std::vector<Write> writes{PatchUser{"ann", set_tier("gold"), {.note = "why"}},
                                  CreateUser{"cid", {{"tier", "new"}}, {}}, DeleteUser{"bob", {}}};
  const auto applied = must(store_.apply_all(writes));
  EXPECT_EQ(applied[0].revision, 3U);
  EXPECT_EQ(applied[2].revision, 5U);
  const ChangePage page = must(store_.store().changes(Position().at(2), 1));
  ASSERT_EQ(page.changes.size(), 3U) << "a page does not tear it apart";
  for (const Change& change : page.changes) EXPECT_EQ(change.transaction, 5U);
  store_.reopen(Ending::killed, relaxed());
  store_.check_all();
}

TEST_F(ApplyAll, OneThatTheLogHasNoRoomForIsRefused) {
  TagList tags;
  for (int n = 0; n < 250; ++n)
    tags.add(std::to_string(n), std::string(200, '\x01'));   // six bytes each in JSON
  std::vector<Write> writes;
  for (int n = 0; n < 250; ++n) writes.push_back(CreateUser{"user " + std::to_string(n), tags, {}});
  auto& store = store_.store();
  const auto refused = store.apply_all(writes);
  ASSERT_EQ(code_of(refused), ErrorCode::transaction_too_large);
  EXPECT_EQ(store.revision(), 2U);
  EXPECT_EQ(must(store.count(Selector())).count, 2U);
  writes.resize(200);
  EXPECT_EQ(must(store.apply_all(writes)).back().revision, 202U);
  EXPECT_EQ(must(store.changes(Position().at(2), 1)).changes.size(), 200U);
  EXPECT_TRUE(must(store.verify()).ok());
  must(store.close());
  EXPECT_EQ(must(UserTagStore::open(folder_ / "users.db")).revision(), 202U);
}

TEST_F(ApplyAll, OneThatFailsTakesAllWithIt) {
  const std::vector<Write> writes{CreateUser{"cid", {}, {.token = "t"}},
                                  PatchUser{"ann", set_tier("gold"), {}},
                                  PatchUser{"nobody", set_tier("gold"), {}}, DeleteUser{"nobody else", {}}};
  const auto refused = store_.apply_all(writes);
  ASSERT_EQ(code_of(refused), ErrorCode::user_not_found);
  EXPECT_EQ(refused.error().item(), 2U);
  EXPECT_TRUE(refused.error().message().starts_with("write 2: ")) << refused.error().message();
  EXPECT_EQ(store_.store().revision(), 2U);
  EXPECT_EQ(store_.store().stats().tokens, 0U);
  EXPECT_FALSE(must(store_.create_user("cid", {}, {.token = "t"})).replayed);
  store_.check_all();
}

TEST_F(ApplyAll, TellsTheViolationsOfAllBatches) {
  const std::vector<Write> writes{PatchUser{"bob", TagBatch().update("a", "1").set("", "x"), {}},
                                  PatchUser{"ann", set_tier("gold"), {}},
                                  CreateUser{"cid", {{"a/b", ""}}, {}}};
  const auto refused = store_.apply_all(writes);
  ASSERT_EQ(code_of(refused), ErrorCode::batch_refused);
  ASSERT_EQ(refused.error().violations().size(), 3U);
  EXPECT_EQ(refused.error().violations()[0].item, 0U);
  EXPECT_EQ(refused.error().violations()[2].item, 2U);
}

TEST_F(ApplyAll, AUserIsNamedOnce) {
  const std::string id(must(store_.find("ann")).id());
  const std::vector<std::vector<Write>> pairs{
      {PatchUser{"ann", set_tier("a"), {}}, PatchUser{"ann", set_tier("b"), {}}},
      {PatchUser{"ann", set_tier("a"), {}}, PatchUser{id, set_tier("b"), {}}},
      {PatchUser{"ann", TagBatch(), {}}, DeleteUser{"ann", {}}},
      {CreateUser{"cid", {}, {}}, PatchUser{"cid", set_tier("b"), {}}},
      {CreateUser{"cid", {}, {}}, DeleteUser{"cid", {}}},
      {CreateUser{"cid", {}, {}}, CreateUser{"cid", {}, {}}},
  };
  for (const auto& writes : pairs) {
    const auto refused = store_.apply_all(writes);
    EXPECT_EQ(code_of(refused), ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().item(), 1U);
  }
  EXPECT_EQ(store_.store().revision(), 2U);
}

TEST_F(ApplyAll, ACreationCanTakeANameThatADeletionFrees) {
  const std::string old_id(must(store_.find("ann")).id());
  const auto applied =
      must(store_.apply_all(std::vector<Write>{DeleteUser{"ann", {}}, CreateUser{"ann", {}, {}}}));
  EXPECT_NE(applied[1].user->id(), old_id);
  EXPECT_EQ(code_of(store_.apply_all(std::vector<Write>{CreateUser{"ann", {}, {}}, DeleteUser{"ann", {}}})),
            ErrorCode::user_exists);
  store_.check_all();
}

TEST_F(ApplyAll, GuardsHoldForTheWhole) {
  const std::vector<Write> writes{PatchUser{"ann", set_tier("gold"), {.expected_revision = 1}},
                                  PatchUser{"bob", set_tier("gold"), {.expected_revision = 1}}};
  const auto refused = store_.apply_all(writes);
  ASSERT_EQ(code_of(refused), ErrorCode::revision_mismatch);
  EXPECT_EQ(refused.error().current_revision(), 2U);
  EXPECT_EQ(refused.error().item(), 1U);
}

TEST_F(ApplyAll, IsReplayedWholeWhereEveryWriteBearsAToken) {
  const std::vector<Write> writes{PatchUser{"ann", TagBatch().update("tier", "gold"), {.token = "1"}},
                                  CreateUser{"cid", {}, {.token = "2"}}, DeleteUser{"bob", {.token = "3"}}};
  must(store_.apply_all(writes));
  store_.reopen(Ending::killed, relaxed());
  for (const Applied& again : must(store_.apply_all(writes))) EXPECT_TRUE(again.replayed);
  EXPECT_EQ(store_.store().revision(), 5U);
}

TEST_F(ApplyAll, NothingAndTooMuch) {
  EXPECT_TRUE(must(store_.apply_all({})).empty());
  const std::vector<Write> too_many(65'537, DeleteUser{"nobody", {}});
  EXPECT_EQ(code_of(store_.store().apply_all(too_many)), ErrorCode::invalid_argument);
  EXPECT_EQ(store_.store().revision(), 2U);
}

TEST_F(ApplyAll, ALongOneIsStillOne) {
  std::vector<Write> writes;
  for (int n = 0; n < 20'000; ++n) writes.push_back(CreateUser{"user " + std::to_string(n), {}, {}});
  ASSERT_EQ(must(store_.store().apply_all(writes)).size(), 20'000U);
  const ChangePage page = must(store_.store().changes(Position().at(2), 1));
  EXPECT_EQ(page.changes.size(), 20'000U);
  EXPECT_EQ(store_.store().stats().commits, 3U);
}

TEST_F(ApplyAll, AFullDiskAppliesNothingOfIt) {
  FaultVfs faults;
  const auto path = folder_ / "full.db";
  auto store = must(UserTagStore::open(path, relaxed()));
  faults.arm({.operation = FileOperation::write,
              .files = {FileRole::wal},
              .nth = 2,
              .result = SQLITE_FULL,
              .system_error = ENOSPC});
  std::vector<Write> writes;
  for (int n = 0; n < 500; ++n) writes.push_back(CreateUser{std::to_string(n), {}, {}});
  EXPECT_EQ(code_of(store.apply_all(writes)), ErrorCode::disk_full);
  faults.disarm();
  EXPECT_EQ(store.stats().users, 0U);
  EXPECT_EQ(must(store.apply_all(writes)).size(), 500U);
}

// Two users are always moved together: nobody ever sees them apart.
TEST(ApplyAllThreads, NoReaderSeesHalfOfOne) {
  auto store = must(UserTagStore::open_in_memory());
  must(store.create_user("left", {{"n", "0"}}));
  must(store.create_user("right", {{"n", "0"}}));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  const auto read = [&] {
    const std::vector<UserRef> both{"left", "right"};
    do {
      const auto found = store.find_each(both);
      EXPECT_EQ(value_of(*found[0], "n"), value_of(*found[1], "n"));
      const UserPage page = must(store.list());
      EXPECT_EQ(value_of(page.users[0], "n"), value_of(page.users[1], "n"));
      const std::string n = value_of(page.users[0], "n");
      EXPECT_NE(must(store.count(key("n") == n)).count, 1U);
      ++reads;
    } while (!done);
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (int n = 1; n <= 500 || reads < 30; ++n) {
    const TagBatch batch = TagBatch().set("n", std::to_string(n));
    must(store.apply_all(std::vector<Write>{PatchUser{"left", batch, {}}, PatchUser{"right", batch, {}}}));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

// --- Deadlines. ---

TEST_F(ApplyAll, AWriteThatIsTooLateIsNotApplied) {
  UserTagStore& store = store_.store();
  const ApplyOptions late{.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1)};
  const ApplyOptions early{.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1)};
  EXPECT_EQ(code_of(store.apply("ann", set_tier("late"), late)), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.create_user("cid", {}, late)), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.delete_user("ann", late)), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.apply_all(std::vector<Write>{PatchUser{"ann", set_tier("late"), early},
                                                       PatchUser{"bob", set_tier("late"), late}})),
            ErrorCode::timeout);
  EXPECT_EQ(value_of(store, "ann", "tier"), "trial");
  const auto each = store.apply_each(std::vector<Write>{PatchUser{"ann", set_tier("late"), late},
                                                        PatchUser{"bob", set_tier("early"), early}});
  EXPECT_EQ(code_of(each[0]), ErrorCode::timeout);
  EXPECT_TRUE(each[1]);
  EXPECT_TRUE(store.apply("ann", set_tier("early"), early));
}

}   // namespace
}   // namespace usertags::test
