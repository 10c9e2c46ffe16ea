// The seam between a store and a log outside of its file: a store that leads makes entries, another one applies
// them, and both come to the same state; and what becomes of writes whatever the log, or the file, says.
#include "store/write/outer_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/failure.hpp"
#include "sqlite/transaction.hpp"
#include "store/store_access.hpp"
#include "support/answers.hpp"
#include "support/fault_vfs.hpp"
#include "support/outcome_of.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

using sqlite::CommitOutcome;
using test::code_of;
using test::must;
using test::outcome_of;

// An entry that lives on its own.
struct KeptEntry {
  explicit KeptEntry(const Entry& given) : entry(given) {
    for (Entry::Text& text : entry.segments) text.entries = keep(text.entries);
    for (model::Token& token : entry.tokens) token.text = keep(token.text);
  }
  std::string_view keep(std::string_view text) {
    return *texts.emplace_back(std::make_shared<const std::string>(text));
  }

  Entry entry;
  std::vector<std::shared_ptr<const std::string>> texts;
};

// Says what the test wants it to say.
struct FakeLog : OuterLog {
  void expect_lead() override {
    if (!leads) throw model::Failure{ErrorCode::not_leader};
  }
  void confirm_lead() override {
    ++confirmations;
    if (!is_newest) throw model::Failure{ErrorCode::not_leader};
  }
  sqlite::Transaction::Commit append(const Entry& entry) noexcept override {
    if (outcome == CommitOutcome::committed) entries.emplace_back(entry);
    return {outcome, outcome == CommitOutcome::committed ? std::nullopt : std::optional(error)};
  }
  void note_lost_file(const Error& why) noexcept override { lost = why; }

  bool leads = true;
  bool is_newest = true;
  int confirmations = 0;
  CommitOutcome outcome = CommitOutcome::committed;
  Error error = ErrorCode::busy;
  std::vector<KeptEntry> entries;
  std::optional<Error> lost;
};

sqlite::Binding some_binding(std::uint8_t node) {
  sqlite::Binding binding{};
  binding.front() = 1;
  binding.back() = node;
  return binding;
}

Options relaxed() {
  Options options;
  options.durability = Durability::relaxed;
  options.housekeeping.backlog_users = 4;
  return options;
}

// A store that is bound, and a copy of it.
class OuterLogTest : public testing::Test {
 protected:
  void make(const Settings& settings = {}) {
    Options options = relaxed();
    options.settings = settings;
    UserTagStore store = must(UserTagStore::open(folder_ / "leader.db", options));
    must(store.create_user("base", {{"tier", "gold"}}));
    StoreAccess::engine(store).bind(some_binding(1), 5);
    must(store.close());
    std::filesystem::copy_file(folder_ / "leader.db", folder_ / "other.db");
  }
  UserTagStore open(const char* name, FakeLog& log) {
    return must(StoreAccess::open(folder_ / name, relaxed(), log));
  }
  static Engine& engine(UserTagStore& store) { return StoreAccess::engine(store); }

  // The states that entries settle; what is done with rows is each store's own business.
  static void expect_same(UserTagStore& left, UserTagStore& right) {
    sqlite::State a = engine(left).state();
    sqlite::State b = engine(right).state();
    for (sqlite::State* state : {&a, &b}) {
      state->clean = false;
      state->folded_revision = state->floor_checksum = 0;
      state->log_floor = state->token_floor = 1;
    }
    EXPECT_EQ(a, b);
    EXPECT_TRUE(must(left.verify()).ok());
    EXPECT_TRUE(must(right.verify()).ok());
  }

  const test::TempDir folder_;
  FakeLog log_;
  FakeLog other_log_;
};

TEST_F(OuterLogTest, AnotherStoreComesToTheSameState) {
  make();
  UserTagStore leader = open("leader.db", log_);
  engine(leader).lead();
  for (int i = 0; i < 40; ++i) {
    const std::string name = "u" + std::to_string(i);
    must(leader.create_user(name, {{"n", std::to_string(i)}}, {.token = name}));
    must(leader.apply("base", TagBatch().set("n", std::to_string(i)), {.note = "why"}));
    if (i % 3 == 0) must(leader.delete_user(name));
    if (i % 7 == 0) must(leader.apply(UserRef("base"), TagBatch().erase("none"), {.token = "same" + name}));
  }
  must(leader.change_settings({.tags_per_user = 300}));
  const std::vector<Write> all = {CreateUser{"all", {{"a", "b"}}}, DeleteUser{"u1"}};
  must(leader.apply_all(all));

  UserTagStore other = open("other.db", other_log_);
  for (const KeptEntry& kept : log_.entries) EXPECT_TRUE(engine(other).apply(kept.entry));
  expect_same(leader, other);
  EXPECT_EQ(must(other.settings()), must(leader.settings()));
  EXPECT_FALSE(engine(other).apply(log_.entries.back().entry)) << "it is there already";
  EXPECT_EQ(engine(other).state().epoch, 5U);

  // It goes on where the other one was.
  engine(other).lead();
  EXPECT_TRUE(must(other.create_user("u5", {{"n", "5"}}, {.token = "u5"})).replayed);
  must(other.create_user("late"));
  EXPECT_TRUE(engine(leader).apply(other_log_.entries.back().entry));
  expect_same(leader, other);
}

TEST_F(OuterLogTest, EntriesThatDoNotFollowAreRefused) {
  make();
  UserTagStore leader = open("leader.db", log_);
  for (const char* name : {"a", "b"}) must(leader.create_user(name, {}, {.token = name}));
  must(leader.apply("a", TagBatch().set("k", "v")));
  UserTagStore other = open("other.db", other_log_);
  const auto refused = [&](const Entry& entry) { return outcome_of([&] { engine(other).apply(entry); }); };
  EXPECT_EQ(refused(log_.entries[1].entry), "corrupt_store") << "a gap";
  KeptEntry changed = log_.entries[0];
  const std::string text = std::string(changed.entry.segments[0].entries);
  std::string other_text = text;
  other_text[other_text.find("\"a\"") + 1] = 'z';
  changed.entry.segments[0].entries = other_text;
  EXPECT_EQ(refused(changed.entry), "corrupt_store") << "another user";
  KeptEntry without_token = log_.entries[0];
  without_token.entry.tokens.clear();
  EXPECT_EQ(refused(without_token.entry), "corrupt_store");
  KeptEntry other_digest = log_.entries[0];
  other_digest.entry.digest.low ^= 1;
  EXPECT_EQ(refused(other_digest.entry), "corrupt_store");
  KeptEntry earlier = log_.entries[0];
  earlier.entry.at_ms = 0;
  EXPECT_EQ(refused(earlier.entry), "corrupt_store");
  // Nothing of it stays, and the store goes on.
  EXPECT_EQ(other.revision(), 1U);
  for (const KeptEntry& kept : log_.entries) EXPECT_TRUE(engine(other).apply(kept.entry));
  expect_same(leader, other);
}

TEST_F(OuterLogTest, NobodyElseOpensTheFileForWriting) {
  make();
  EXPECT_EQ(code_of(UserTagStore::open(folder_ / "leader.db")), ErrorCode::cluster_member);
  must(must(UserTagStore::open(folder_ / "free.db")).close());
  EXPECT_EQ(code_of(StoreAccess::open(folder_ / "free.db", relaxed(), log_)), ErrorCode::invalid_argument);
}

TEST_F(OuterLogTest, WritesHaveTheOutcomeThatTheLogSays) {
  make();
  UserTagStore store = open("leader.db", log_);
  log_.outcome = CommitOutcome::not_applied;
  log_.error = ErrorCode::disk_full;
  EXPECT_EQ(code_of(store.create_user("a")), ErrorCode::disk_full);
  EXPECT_EQ(code_of(store.change_settings({.tags_per_user = 300})), ErrorCode::disk_full);
  log_.outcome = CommitOutcome::unknown;
  log_.error = ErrorCode::outcome_unknown;
  const auto unknown = store.create_user("a");
  ASSERT_EQ(code_of(unknown), ErrorCode::outcome_unknown);
  EXPECT_FALSE(unknown.error().intended_revision()) << "another change may come to have it";
  EXPECT_EQ(code_of(store.change_settings({.tags_per_user = 300})), ErrorCode::outcome_unknown);
  EXPECT_EQ(store.revision(), 1U);
  EXPECT_FALSE(store.find("a"));
  // The store goes on.
  log_.outcome = CommitOutcome::committed;
  EXPECT_EQ(must(store.create_user("a")).revision, 2U);
  EXPECT_EQ(must(store.settings()).tags_per_user, Settings().tags_per_user);
  log_.leads = false;
  EXPECT_EQ(code_of(store.create_user("b")), ErrorCode::not_leader);
  EXPECT_EQ(code_of(store.change_settings({.tags_per_user = 300})), ErrorCode::not_leader);
}

// An answer without an entry says what the newest state is.
TEST_F(OuterLogTest, WhatChangesNothingIsConfirmed) {
  make();
  UserTagStore store = open("leader.db", log_);
  EXPECT_FALSE(must(store.apply("base", TagBatch().set("tier", "gold"))).changed);
  EXPECT_EQ(code_of(store.create_user("base")), ErrorCode::user_exists);
  EXPECT_EQ(log_.confirmations, 2);
  log_.is_newest = false;
  EXPECT_EQ(code_of(store.apply("base", TagBatch().set("tier", "gold"))), ErrorCode::not_leader);
  EXPECT_EQ(code_of(store.create_user("base")), ErrorCode::not_leader);
  EXPECT_TRUE(log_.entries.empty());
}

// The log has it: it is applied, whatever the file says.
TEST_F(OuterLogTest, WhatTheFileDoesNotTakeIsAppliedAllTheSame) {
  make();
  {
    test::FaultVfs vfs;
    UserTagStore store = open("leader.db", log_);
    must(store.create_user("first"));
    vfs.arm({.files = {test::FileRole::wal}, .sticky = true});
    EXPECT_EQ(must(store.create_user("late")).revision, 3U);
    vfs.disarm();
    EXPECT_TRUE(log_.lost);
    EXPECT_TRUE(store.find("late")) << "memory is read";
    EXPECT_EQ(code_of(store.create_user("later")), ErrorCode::store_failed);
    EXPECT_EQ(code_of(store.changes(Position())), ErrorCode::store_failed);
    EXPECT_EQ(code_of(store.verify()), ErrorCode::store_failed);
    EXPECT_EQ(code_of(store.backup(folder_ / "copy.db")), ErrorCode::store_failed);
  }
  ASSERT_EQ(log_.entries.size(), 2U);
  // The next process has the file as it was, and takes the entry from the log.
  const KeptEntry last = log_.entries.back();
  UserTagStore again = open("leader.db", log_);
  EXPECT_FALSE(again.find("late"));
  EXPECT_TRUE(engine(again).apply(last.entry));
  EXPECT_TRUE(again.find("late"));
  EXPECT_TRUE(must(again.verify()).ok());
}

// A token that the leader has forgotten can come again, while the other store has not pruned by itself.
TEST_F(OuterLogTest, FloorsComeBeforeTokens) {
  Settings settings;
  settings.tokens.max_count = 3;
  settings.history.min_changes = 5;
  make(settings);
  UserTagStore leader = open("leader.db", log_);
  engine(leader).lead();
  for (int i = 0; i < 60; ++i) {
    const auto applied = must(leader.apply("base", TagBatch().set("n", std::to_string(i)),
                                           {.token = "t" + std::to_string(i % 12)}));
    EXPECT_FALSE(applied.replayed) << i;
  }
  EXPECT_GT(engine(leader).state().token_floor, 40U);
  UserTagStore other = open("other.db", other_log_);
  for (const KeptEntry& kept : log_.entries) EXPECT_TRUE(engine(other).apply(kept.entry));
  expect_same(leader, other);
  EXPECT_LE(engine(other).state().log_floor, engine(leader).state().log_floor);
  EXPECT_GT(engine(other).state().log_floor, 1U);
  EXPECT_EQ(engine(other).state().token_floor, log_.entries.back().entry.floors.tokens);
}

// Lived time is what entries say: a store that follows adds nothing to it.
TEST_F(OuterLogTest, LivedTimeComesFromEntries) {
  make();
  std::chrono::nanoseconds uptime(0);
  Options options = relaxed();
  options.uptime = [&] { return uptime; };
  UserTagStore leader = must(StoreAccess::open(folder_ / "leader.db", options, log_));
  UserTagStore other = must(StoreAccess::open(folder_ / "other.db", options, other_log_));
  const std::int64_t lived_ms = engine(leader).state().lived_ms;
  uptime = std::chrono::hours(1);
  engine(leader).lead();
  uptime = std::chrono::hours(1) + std::chrono::milliseconds(70);
  must(leader.create_user("a"));
  EXPECT_EQ(log_.entries.back().entry.lived_ms, lived_ms + 70);
  EXPECT_TRUE(engine(other).apply(log_.entries.back().entry));
  uptime = std::chrono::hours(2);
  must(other.maintain(std::chrono::seconds(1)));
  must(other.close());
  EXPECT_EQ(engine(leader).state().lived_ms, lived_ms + 70);
  UserTagStore again = must(StoreAccess::open(folder_ / "other.db", options, other_log_));
  expect_same(leader, again);
}

}   // namespace
}   // namespace usertags::store
