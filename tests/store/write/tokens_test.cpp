// Idempotency tokens: the same request under the same token takes effect once, and is answered as it was the
// first time, whatever happened in between.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/fault_vfs.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

ApplyOptions under(std::string token) {
  return {.token = std::move(token)};
}

TagBatch gold() {
  return TagBatch().set("tier", "gold");
}

class Tokens : public testing::Test {
 protected:
  Options options() const {
    Options options;
    options.uptime = [this] { return now_; };
    options.durability = Durability::relaxed;
    return options;
  }
  std::string ask(const char* sql) const {
    return StockSqlite(path_, SQLITE_OPEN_READONLY).query(sql).at(0).at(0);
  }

  std::chrono::nanoseconds now_{1'800'000s};
  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_F(Tokens, ARepeatedPatchIsAnsweredAsTheFirstTimeWithTheUserAsHeIsNow) {
  CheckedStore store(path_, options());
  must(store.create_user("ann"));
  const Applied first = must(store.apply("ann", gold(), under("t")));
  EXPECT_FALSE(first.replayed);
  must(store.apply("ann", TagBatch().set("tier", "silver")));
  const Applied again = must(store.apply("ann", gold(), under("t")));
  EXPECT_TRUE(again.replayed);
  EXPECT_TRUE(again.changed);
  EXPECT_EQ(again.revision, first.revision);
  EXPECT_EQ(value_of(*again.user, "tier"), "silver");
  EXPECT_EQ(store.store().revision(), 3U);
}

TEST_F(Tokens, EveryKindOfWriteCanBearOne) {
  CheckedStore store(path_, options());
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Applied created = must(store.create_user("ann", {{"tier", "trial"}}, under("create")));
    EXPECT_EQ(created.replayed, attempt > 0);
    EXPECT_EQ(must(store.apply("ann", gold(), under("patch"))).replayed, attempt > 0);
  }
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Applied deleted = must(store.delete_user("ann", under("delete")));
    EXPECT_EQ(deleted.replayed, attempt > 0);
    EXPECT_EQ(deleted.revision, 3U);
    EXPECT_FALSE(deleted.user);
  }
  EXPECT_EQ(store.store().revision(), 3U);
}

TEST_F(Tokens, AfterTheUserIsGoneTheAnswerHasNone) {
  CheckedStore store(path_, options());
  must(store.create_user("ann", {}, under("create")));
  must(store.apply("ann", gold(), under("patch")));
  must(store.delete_user("ann"));
  must(store.create_user("ann"));   // another user of the same name
  const Applied again = must(store.apply("ann", gold(), under("patch")));
  EXPECT_TRUE(again.replayed);
  EXPECT_FALSE(again.user);
  EXPECT_FALSE(must(store.create_user("ann", {}, under("create"))).user);
}

TEST_F(Tokens, AnotherRequestUnderItIsRefused) {
  CheckedStore store(path_, options());
  must(store.create_user("ann"));
  must(store.apply("ann", gold(), under("t")));
  EXPECT_EQ(code_of(store.apply("ann", TagBatch().set("tier", "silver"), under("t"))),
            ErrorCode::token_reused);
  EXPECT_EQ(code_of(store.apply("bob", gold(), under("t"))), ErrorCode::token_reused);
  EXPECT_EQ(code_of(store.delete_user("ann", under("t"))), ErrorCode::token_reused);
  EXPECT_EQ(code_of(store.create_user("bob", {}, under("t"))), ErrorCode::token_reused);
  EXPECT_EQ(code_of(store.apply("ann", gold(), {.expected_revision = 1, .token = "t"})),
            ErrorCode::token_reused);
  EXPECT_TRUE(must(store.apply("ann", gold(), {.token = "t", .note = "another word"})).replayed);
}

// A store that judged the rest first would refuse the retry of a request that has changed the user.
TEST_F(Tokens, TheTokenIsJudgedBeforeAllElse) {
  CheckedStore store(path_, options());
  const Applied created = must(store.create_user("ann", {}, under("create")));
  const TagBatch once = TagBatch().create("tier", "gold");
  must(store.apply("ann", once, {.expected_revision = created.revision, .token = "patch"}));
  EXPECT_TRUE(
      must(store.apply("ann", once, {.expected_revision = created.revision, .token = "patch"})).replayed);
  EXPECT_TRUE(must(store.create_user("ann", {}, under("create"))).replayed);
  const TagBatch malformed = TagBatch().set("", "");
  EXPECT_EQ(code_of(store.apply("ann", malformed, under("patch"))), ErrorCode::token_reused);
}

TEST_F(Tokens, AFailureIsNotRemembered) {
  CheckedStore store(path_, options());
  EXPECT_EQ(code_of(store.apply("ann", gold(), under("t"))), ErrorCode::user_not_found);
  must(store.create_user("ann"));
  EXPECT_EQ(code_of(store.apply("ann", TagBatch().update("tier", "x"), under("t"))),
            ErrorCode::batch_refused);
  EXPECT_FALSE(must(store.apply("ann", gold(), under("t"))).replayed);
  EXPECT_EQ(store.store().stats().tokens, 1U);
}

TEST_F(Tokens, ABatchThatChangesNothingIsRememberedWithoutARevision) {
  CheckedStore store(path_, options());
  must(store.create_user("ann", {{"tier", "gold"}}));
  const Applied nothing = must(store.apply("ann", gold(), under("t")));
  EXPECT_FALSE(nothing.changed);
  must(store.apply("ann", TagBatch().set("tier", "silver")));
  store.reopen(Ending::killed, options());
  const Applied again = must(store.apply("ann", gold(), under("t")));
  EXPECT_TRUE(again.replayed);
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.revision, nothing.revision);
  EXPECT_EQ(value_of(*again.user, "tier"), "silver");
}

TEST_F(Tokens, AreReplayedWithinOneGroup) {
  CheckedStore store(path_, options());
  const std::vector<Write> writes{CreateUser{"ann", {}, under("c")},
                                  PatchUser{"ann", gold(), under("p")},
                                  CreateUser{"ann", {}, under("c")},
                                  PatchUser{"ann", gold(), under("p")},
                                  PatchUser{"ann", TagBatch().set("tier", "tin"), under("p")},
                                  DeleteUser{"ann", under("d")},
                                  PatchUser{"ann", gold(), under("p")},
                                  DeleteUser{"ann", under("d")}};
  const auto answers = store.apply_each(writes);
  EXPECT_TRUE(answers[2]->replayed && answers[3]->replayed && answers[6]->replayed && answers[7]->replayed);
  EXPECT_EQ(value_of(*answers[2]->user, "tier"), "gold");
  EXPECT_EQ(code_of(answers[4]), ErrorCode::token_reused);
  EXPECT_FALSE(answers[6]->user);
  EXPECT_EQ(store.store().revision(), 3U);
}

TEST_F(Tokens, SurviveEveryEnding) {
  CheckedStore store(path_, options());
  must(store.create_user("ann", {}, under("t0")));
  int number = 1;
  for (const Ending ending : {Ending::closed, Ending::dropped, Ending::killed}) {
    must(store.apply("ann", gold(), under("t" + std::to_string(number++))));
    store.reopen(ending, options());
    EXPECT_TRUE(must(store.create_user("ann", {}, under("t0"))).replayed);
    for (int n = 1; n < number; ++n) {
      EXPECT_TRUE(must(store.apply("ann", gold(), under("t" + std::to_string(n)))).replayed);
    }
  }
  store.check_all();
}

TEST_F(Tokens, OneTo128Bytes) {
  CheckedStore store(path_, options());
  const std::string longest(128, '\xFF');
  must(store.create_user("ann", {}, under(longest)));
  EXPECT_TRUE(must(store.create_user("ann", {}, under(longest))).replayed);
  EXPECT_EQ(code_of(store.create_user("bob", {}, under(longest + "x"))), ErrorCode::invalid_argument);
  must(store.create_user("cid", {}, under(std::string("\0", 1))));
  EXPECT_TRUE(must(store.create_user("cid", {}, under(std::string("\0", 1)))).replayed);
}

TEST_F(Tokens, APlanAnswersWhatApplyWould) {
  CheckedStore store(path_, options());
  must(store.create_user("ann"));
  EXPECT_FALSE(must(store.plan("ann", gold(), under("t"))).replayed);
  EXPECT_EQ(store.store().stats().tokens, 0U);
  must(store.apply("ann", gold(), under("t")));
  EXPECT_TRUE(must(store.plan("ann", gold(), under("t"))).replayed);
  EXPECT_EQ(code_of(store.plan("ann", TagBatch(), under("t"))), ErrorCode::token_reused);
  must(store.store().close());
  Options looking = options();
  looking.access = Access::read_only;
  const auto reader = must(UserTagStore::open(path_, looking));
  EXPECT_TRUE(must(reader.plan("ann", gold(), under("t"))).replayed);
}

// --- What is kept, and for how long. ---

TEST_F(Tokens, AreKeptUpToTheirNumberAndNoShorterThanTheLog) {
  Options options = this->options();
  settings_of(options).tokens.max_count = 50;
  settings_of(options).history.min_changes = 3;
  options.housekeeping.backlog_users = 1;
  CheckedStore store(path_, options);
  must(store.create_user("ann"));
  for (int n = 1; n <= 500; ++n) {
    const TagBatch batch = TagBatch().set("n", std::to_string(n));
    must(store.apply("ann", batch, under(std::to_string(n))));
    if (n > 40) {
      const std::string earlier = std::to_string(n - 40);
      EXPECT_TRUE(must(store.apply("ann", TagBatch().set("n", earlier), under(earlier))).replayed);
    }
    ASSERT_LE(store.store().stats().tokens, 102U) << n;
  }
  EXPECT_GT(store.store().stats().log_floor, 480U);
  EXPECT_EQ(ask("SELECT count(*) FROM token"), std::to_string(store.store().stats().tokens));
  EXPECT_FALSE(must(store.apply("ann", TagBatch().set("n", "1"), under("1"))).replayed) << "long forgotten";
  store.reopen(Ending::killed, options);
  store.check_all();
}

TEST_F(Tokens, AreForgottenByTheirAge) {
  Options options = this->options();
  settings_of(options).tokens.max_age = 3600s;
  CheckedStore store(path_, options);
  must(store.create_user("ann"));
  const auto apply_many = [&](const std::string& prefix) {
    std::vector<Write> writes;
    for (int n = 0; n < 1'100; ++n)
      writes.push_back(PatchUser{"ann", TagBatch(), under(prefix + std::to_string(n))});
    for (const auto& answer : store.store().apply_each(writes)) must(answer);
  };
  apply_many("old ");
  now_ += 3599s;
  apply_many("young ");
  must(store.store().maintain(1h));
  EXPECT_EQ(store.store().stats().tokens, 2'200U);
  now_ += 1s;
  must(store.store().apply("ann", TagBatch(), under("now")));
  must(store.store().maintain(1h));
  const Stats stats = store.store().stats();
  EXPECT_GE(stats.tokens, 1'101U);
  EXPECT_LE(stats.tokens, 1'101U + 76U) << "forgotten in chunks of 1,024";
  EXPECT_TRUE(must(store.store().apply("ann", TagBatch(), under("young 0"))).replayed);
  EXPECT_FALSE(must(store.store().apply("ann", TagBatch(), under("old 0"))).replayed);
}

TEST_F(Tokens, OptionsOutOfRangeAreRefused) {
  Options none = options();
  settings_of(none).tokens.max_count = 0;
  EXPECT_EQ(code_of(UserTagStore::open(path_, none)), ErrorCode::invalid_argument);
  Options backwards = options();
  settings_of(backwards).tokens.max_age = -1s;
  EXPECT_EQ(code_of(UserTagStore::open(path_, backwards)), ErrorCode::invalid_argument);
}

// --- What can go wrong. ---

TEST_F(Tokens, ACommitThatFailsRemembersNothing) {
  FaultVfs faults;
  auto store = must(UserTagStore::open(path_, options()));
  must(store.create_user("ann"));
  faults.arm({.operation = FileOperation::write,
              .files = {FileRole::wal},
              .result = SQLITE_FULL,
              .system_error = ENOSPC});
  EXPECT_EQ(code_of(store.apply("ann", gold(), under("t"))), ErrorCode::disk_full);
  faults.disarm();
  EXPECT_EQ(store.stats().tokens, 0U);
  EXPECT_FALSE(must(store.apply("ann", gold(), under("t"))).replayed);
  EXPECT_TRUE(must(store.apply("ann", gold(), under("t"))).replayed);
}

TEST_F(Tokens, RowsThatAreNotTheStoresAreFoundAtOpen) {
  {
    CheckedStore store(path_, options());
    for (const char* name : {"a", "b", "c"}) must(store.create_user(name, {}, under(name)));
    must(store.store().close());
  }
  std::ifstream file(path_, std::ios::binary);
  const std::string image(std::istreambuf_iterator<char>(file), {});
  for (const char* change : {"DELETE FROM token WHERE seq = 1", "DELETE FROM token WHERE seq = 2",
                             "DELETE FROM token WHERE seq = 3", "UPDATE token SET revision = 9 WHERE seq = 2",
                             "UPDATE token SET token = x'61' WHERE seq = 2",
                             "INSERT INTO token SELECT 4, ordinal, revision, changed, lived_ms, checksum, "
                             "x'64', digest FROM token LIMIT 1"}) {
    std::ofstream(path_, std::ios::binary) << image;
    StockSqlite(path_).run(change);
    const auto opened = UserTagStore::open(path_, options());
    EXPECT_EQ(code_of(opened), ErrorCode::foreign_write) << change << ": " << told(opened);
  }
  std::ofstream(path_, std::ios::binary) << image;
  StockSqlite(path_).run("UPDATE token SET ordinal = -1 WHERE seq = 2");
  EXPECT_EQ(code_of(UserTagStore::open(path_, options())), ErrorCode::corrupt_store);
}

}   // namespace
}   // namespace usertags::test
