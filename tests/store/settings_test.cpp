// The settings of a store: they are the file's, whoever opens it, and age is lived time.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

const Settings kOwn{.tags_per_user = 1'000,
                    .operations_per_batch = 7,
                    .history = {.keep_all = true, .min_changes = 5, .min_age = 3h},
                    .tokens = {.max_count = 9, .max_age = 10min}};

class StoreSettings : public testing::Test {
 protected:
  Options options() {
    Options options;
    options.durability = Durability::relaxed;
    options.housekeeping.backlog_users = 1;
    options.uptime = [this] { return uptime_.load(); };
    options.clock = [this] { return clock_.load(); };
    return options;
  }
  Options with(const Settings& settings) {
    Options options = this->options();
    options.settings = settings;
    return options;
  }
  Options looking() {
    Options options = this->options();
    options.access = Access::read_only;
    return options;
  }
  UserTagStore open(const Options& options) { return must(UserTagStore::open(path_, options)); }
  std::string file() const { return file_bytes(path_).first; }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
  std::atomic<std::chrono::nanoseconds> uptime_{1'000s};
  std::atomic<std::chrono::system_clock::time_point> clock_{
      std::chrono::system_clock::time_point(1'800'000'000s)};
};

Settings of(const UserTagStore& store) {
  return must(store.settings());
}

// --- They belong to the file. ---

TEST_F(StoreSettings, ANewStoreHasTheDefaultsOrThoseThatItIsMadeWith) {
  const StoredSettings defaults = must(open(options()).settings());
  EXPECT_EQ(static_cast<const Settings&>(defaults), Settings());
  EXPECT_EQ(defaults.version, 1U);
  path_ = folder_ / "own.db";
  EXPECT_EQ(of(open(with(kOwn))), kOwn);
  EXPECT_EQ(of(must(UserTagStore::open_in_memory(with(kOwn)))), kOwn);
}

TEST_F(StoreSettings, TheyAreThoseOfTheFileWhoeverOpensIt) {
  must(open(with(kOwn)).close());
  EXPECT_EQ(of(open(options())), kOwn);
  EXPECT_EQ(of(open(with(kOwn))), kOwn);
  EXPECT_EQ(of(open(looking())), kOwn);
}

TEST_F(StoreSettings, OthersThanTheFilesAreRefusedAndEachIsNamed) {
  must(open(with(kOwn)).close());
  const std::string before = file();
  Settings asked = kOwn;
  asked.tags_per_user = 256;
  asked.history.min_changes = 6;
  for (const Access access : {Access::read_write, Access::read_only, Access::exclusive}) {
    Options options = with(asked);
    options.access = access;
    const auto refused = UserTagStore::open(path_, options);
    ASSERT_EQ(code_of(refused), ErrorCode::settings_mismatch);
    EXPECT_EQ(
        refused.error().what(),
        "the store has other settings: tags_per_user is 1000, not 256, history_min_changes is 5, not 6");
    EXPECT_EQ(refused.error().current_version(), 1U);
    EXPECT_EQ(file(), before);
  }
}

TEST_F(StoreSettings, ValuesOutOfTheirRangeAreNamedWithIt) {
  const std::vector<std::pair<Settings, std::string>> wrong = {
      {{.tags_per_user = 0}, "the setting tags_per_user is 0, not 1 to 65534"},
      {{.tags_per_user = 65'535}, "the setting tags_per_user is 65535, not 1 to 65534"},
      {{.operations_per_batch = 0}, "the setting operations_per_batch is 0, not 1 to 1000000"},
      {{.history = {.min_changes = kMost + 1}},
       "the setting history_min_changes is 9223372036854775808, not 0 to 9223372036854775807"},
      {{.history = {.min_age = -1s}}, "the setting history_min_age_s is -1, not 0 to 9223372036854775807"},
      {{.tokens = {.max_count = 0}}, "the setting tokens_max_count is 0, not 1 to 9223372036854775807"},
      {{.tokens = {.max_age = -1s}}, "the setting tokens_max_age_s is -1, not 0 to 9223372036854775807"},
  };
  auto store = must(UserTagStore::open_in_memory());
  for (const auto& [settings, what] : wrong) {
    const auto opened = UserTagStore::open(path_, with(settings));
    ASSERT_EQ(code_of(opened), ErrorCode::invalid_argument);
    EXPECT_EQ(opened.error().what(), what);
    const auto changed = store.change_settings(change_to(settings));
    ASSERT_EQ(code_of(changed), ErrorCode::invalid_argument);
    EXPECT_EQ(changed.error().what(), what);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(must(store.settings()), StoredSettings());
}

TEST_F(StoreSettings, TheGreatestValuesMeanWhatTheySay) {
  const Settings greatest{.tags_per_user = 65'534,
                          .operations_per_batch = 1'000'000,
                          .history = {.min_changes = kMost, .min_age = std::chrono::seconds::max()},
                          .tokens = {.max_count = kMost, .max_age = std::chrono::seconds::max()}};
  {
    auto store = open(with(greatest));
    must(store.create_user("ann", {}, {.token = "t"}));
    for (int n = 0; n < 2'000; ++n) must(store.apply("ann", TagBatch().set("n", std::to_string(n))));
    uptime_ = std::chrono::nanoseconds::max();
    must(store.apply("ann", TagBatch().set("n", "last")));
    must(store.maintain(1min));
    EXPECT_EQ(store.stats().log_floor, 1U);
    EXPECT_TRUE(must(store.create_user("ann", {}, {.token = "t"})).replayed);
    must(store.close());
  }
  uptime_ = 0s;
  auto store = open(options());
  EXPECT_EQ(of(store), greatest);
  must(store.maintain(1min));
  EXPECT_EQ(store.stats().log_floor, 1U);
  EXPECT_EQ(store.stats().tokens, 1U);
}

// --- Changing them. ---

TEST_F(StoreSettings, AChangeIsDurableAndGrowsTheVersion) {
  {
    auto store = open(options());
    must(store.create_user("ann"));
    const StoredSettings changed = must(store.change_settings({.tags_per_user = 3, .history = kOwn.history}));
    EXPECT_EQ(changed.version, 2U);
    EXPECT_EQ(changed.tags_per_user, 3U);
    EXPECT_EQ(changed.operations_per_batch, 1'024U);
    EXPECT_EQ(changed.history, kOwn.history);
    EXPECT_EQ(changed.tokens, usertags::Tokens());
    EXPECT_EQ(store.revision(), 1U) << "no revision, and so nothing in the feed";
    EXPECT_TRUE(must(store.verify()).ok());
  }   // dropped, as by a crash
  const StoredSettings found = must(open(options()).settings());
  EXPECT_EQ(found.version, 2U);
  EXPECT_EQ(found.tags_per_user, 3U);
  EXPECT_EQ(found.history, kOwn.history);
}

TEST_F(StoreSettings, WhatChangesNothingWritesNothing) {
  must(open(with(kOwn)).close());
  const std::string before = file();
  auto store = open(options());
  EXPECT_EQ(must(store.change_settings(change_to(kOwn))).version, 1U);
  EXPECT_EQ(must(store.change_settings({})).version, 1U);
  must(store.close());
  EXPECT_EQ(file(), before);
}

TEST_F(StoreSettings, AChangeOfAnotherVersionIsRefused) {
  auto store = open(options());
  EXPECT_EQ(must(store.change_settings({.tags_per_user = 3}, 1)).version, 2U);
  const auto refused = store.change_settings({.tags_per_user = 4}, 1);
  ASSERT_EQ(code_of(refused), ErrorCode::settings_mismatch);
  EXPECT_EQ(refused.error().current_version(), 2U);
  EXPECT_EQ(of(store).tags_per_user, 3U);
  EXPECT_EQ(code_of(store.change_settings({}, 1)), ErrorCode::settings_mismatch)
      << "also where nothing changes";
}

TEST_F(StoreSettings, OnlyAWriterChangesThem) {
  auto store = open(options());
  auto reader = open(looking());
  EXPECT_EQ(code_of(reader.change_settings({.tags_per_user = 3})), ErrorCode::read_only);
  must(store.close());
  EXPECT_EQ(code_of(store.change_settings({.tags_per_user = 3})), ErrorCode::store_closed);
  EXPECT_EQ(code_of(store.settings()), ErrorCode::store_closed);
}

TEST_F(StoreSettings, AChangeHoldsForWritesJudgedLaterAndForPlans) {
  auto store = open(options());
  must(store.create_user("ann", {{"a", ""}, {"b", ""}}));
  must(store.change_settings({.tags_per_user = 2, .operations_per_batch = 1}));
  EXPECT_EQ(code_of(store.apply("ann", TagBatch().set("c", ""))), ErrorCode::batch_refused);
  EXPECT_EQ(code_of(store.plan("ann", TagBatch().set("c", ""))), ErrorCode::batch_refused);
  EXPECT_EQ(code_of(store.apply("ann", TagBatch().set("a", "1").set("b", "1"))), ErrorCode::batch_refused);
  must(store.change_settings({.tags_per_user = 3}));
  EXPECT_TRUE(store.plan("ann", TagBatch().set("c", "")));
  EXPECT_TRUE(store.apply("ann", TagBatch().set("c", "")));
}

TEST_F(StoreSettings, AFollowerTakesThemWithItsNextRefresh) {
  auto store = open(options());
  must(store.create_user("ann"));
  auto reader = open(looking());
  must(store.change_settings({.tags_per_user = 1}));
  must(reader.refresh());
  EXPECT_EQ(must(reader.settings()), must(store.settings()));
  EXPECT_EQ(code_of(reader.plan("ann", TagBatch().set("a", "").set("b", ""))), ErrorCode::batch_refused);
}

TEST_F(StoreSettings, CopiesAndCompactionCarryThem) {
  auto store = open(with(kOwn));
  must(store.create_user("ann"));
  const auto copy = folder_ / "copy.db";
  must(store.backup(copy));
  must(store.compact());
  EXPECT_EQ(of(store), kOwn);
  must(store.close());
  EXPECT_EQ(of(open(options())), kOwn);
  EXPECT_EQ(of(must(UserTagStore::open(copy))), kOwn);
}

// Each change is one that somebody asked for, and none is lost.
TEST_F(StoreSettings, ThreadsThatChangeThemTakeTurns) {
  constexpr int kThreads = 4;
  constexpr int kChanges = 25;
  std::atomic<int> users = 0;
  auto store = open(options());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int done = 0; done < kChanges;) {
        const StoredSettings seen = must(store.settings());
        const auto changed = store.change_settings({.tags_per_user = seen.tags_per_user + 1}, seen.version);
        if (changed) ++done;
        if (!changed) {
          ASSERT_EQ(code_of(changed), ErrorCode::settings_mismatch);
        }
        must(store.create_user("user " + std::to_string(++users)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(of(store).tags_per_user, 256U + kThreads * kChanges);
  EXPECT_EQ(must(store.settings()).version, 1U + kThreads * kChanges);
}

// --- Nobody else's rule prunes. ---

TEST_F(StoreSettings, ACallerWithDefaultsPrunesNothingThatTheStoreKeeps) {
  Settings keeps;
  keeps.history = {.keep_all = true};
  keeps.tokens = {.max_count = 5'000, .max_age = 24h};
  {
    auto store = open(with(keeps));
    must(store.create_user("ann", {}, {.token = "first"}));
    for (int n = 0; n < 3'000; ++n)
      must(store.apply("ann", TagBatch().set("n", std::to_string(n)), {.token = std::to_string(n)}));
    must(store.close());
  }
  auto store = open(options());
  for (int n = 0; n < 50; ++n) must(store.apply("ann", TagBatch().set("m", std::to_string(n))));
  must(store.maintain(1min));
  must(store.compact());
  EXPECT_EQ(store.stats().log_floor, 1U);
  EXPECT_TRUE(must(store.create_user("ann", {}, {.token = "first"})).replayed);
}

TEST_F(StoreSettings, ALowerBoundLetsGoWithLaterHousekeeping) {
  auto store = open(with({.history = {.keep_all = true}}));
  must(store.create_user("ann"));
  for (int n = 0; n < 3'000; ++n) must(store.apply("ann", TagBatch().set("n", std::to_string(n))));
  must(store.change_settings({.history = History{.min_changes = 10}}));
  EXPECT_EQ(store.stats().log_floor, 1U) << "the change itself removes nothing";
  must(store.maintain(1min));
  EXPECT_GT(store.stats().log_floor, 2'900U);
  EXPECT_TRUE(must(store.verify()).ok());
}

// --- Age is lived time. ---

class LivedAge : public StoreSettings {
 protected:
  static constexpr int kTokens = 1'500;

  LivedAge() { store_.emplace(open(with({.tokens = {.max_age = 1h}}))); }
  void give_tokens() {
    std::vector<Write> writes{CreateUser{"ann", {}, {}}};
    for (int n = 0; n < kTokens; ++n)
      writes.push_back(PatchUser{"ann", TagBatch(), {.token = std::to_string(n)}});
    must(store_->apply_each(writes).back());
  }
  void reopen() {
    must(store_->close());
    store_.emplace(open(options()));
  }
  // After a write and maintenance.
  std::uint64_t kept() {
    must(store_->apply("ann", TagBatch().set("n", std::to_string(++value_))));
    must(store_->maintain(1min));
    return store_->stats().tokens;
  }

  std::optional<UserTagStore> store_;
  int value_ = 0;
};

TEST_F(LivedAge, AClockThatIsSetForgetsNothing) {
  give_tokens();
  clock_ = clock_.load() + 24h * 365;
  EXPECT_EQ(kept(), kTokens);
  clock_ = clock_.load() - 24h * 365 * 2;
  EXPECT_EQ(kept(), kTokens);
  EXPECT_TRUE(must(store_->apply("ann", TagBatch(), {.token = "7"})).replayed);
}

TEST_F(LivedAge, TimeInWhichTheStoreIsClosedDoesNotCount) {
  give_tokens();
  uptime_ = uptime_.load() + 30min;
  must(store_->close());
  uptime_ = uptime_.load() + 24h;
  reopen();
  EXPECT_EQ(kept(), kTokens);
  must(store_->close());
  uptime_ = 5s;   // the machine was started anew
  reopen();
  EXPECT_EQ(kept(), kTokens);
  uptime_ = uptime_.load() + 31min;
  EXPECT_LT(kept(), 1'024U) << "30 minutes of the first session, and 31 of this one";
}

TEST_F(LivedAge, AnUncleanEndLosesOnlyWhatWasLivedSinceTheLastCommit) {
  give_tokens();
  uptime_ = uptime_.load() + 40min;
  EXPECT_EQ(kept(), kTokens);
  uptime_ = uptime_.load() + 10h;   // lost: the process is killed
  const auto image = file_bytes(path_);
  path_ = folder_ / "left.db";
  std::ofstream(path_, std::ios::binary) << image.first;
  std::ofstream(path_.string() + "-wal", std::ios::binary) << image.second;
  uptime_ = 0s;
  store_.emplace(open(options()));
  EXPECT_EQ(kept(), kTokens);
  uptime_ = uptime_.load() + 21min;
  EXPECT_LT(kept(), 1'024U);
}

TEST_F(LivedAge, AClockThatRunsBackwardsTakesNothingBack) {
  give_tokens();
  uptime_ = uptime_.load() + 2h;
  EXPECT_LT(kept(), 1'024U);
  uptime_ = std::chrono::nanoseconds::min();
  EXPECT_LT(kept(), 1'024U);
  EXPECT_TRUE(must(store_->verify()).ok());
  reopen();
  EXPECT_TRUE(must(store_->verify()).ok());
}

// --- By name. ---

TEST(NamedSettings, AreAllOfThemAndCanBeSet) {
  Settings settings;
  const std::vector<NamedSetting> all = named(kOwn);
  for (const NamedSetting& setting : all) ASSERT_TRUE(set_named(settings, setting.name, setting.value));
  EXPECT_EQ(settings, kOwn);
  EXPECT_EQ(all.size(), 7U);
}

TEST(NamedSettings, WhatIsNoneIsRefusedAndChangesNothing) {
  Settings settings = kOwn;
  EXPECT_EQ(code_of(set_named(settings, "tags", 1)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(set_named(settings, "", 1)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(set_named(settings, "tags_per_user", 0)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(set_named(settings, "history_keep_all", 2)), ErrorCode::invalid_argument);
  EXPECT_EQ(settings, kOwn);
}

}   // namespace
}   // namespace usertags::test
