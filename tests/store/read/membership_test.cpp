// Who came to a selector's users and who went from them: what is told, and where it cannot be.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/property.hpp"
#include "support/selector_oracle.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;
using Told = std::vector<std::string>;   // "+ann" entered, "-ann" left

const Selector kGold = key("tier") == "gold";

class Membership : public testing::Test {
 protected:
  // What was told since, from where the last call ended.
  Told told_since(Position& position, const Selector& selector = kGold) {
    Told told;
    position = must(store_.membership_changes(selector, position, [&](const MembershipChange& change) {
      const bool entered = change.kind == MembershipChange::Kind::entered;
      told.push_back((entered ? "+" : "-") + change.external_id);
      ids_[change.external_id] = change.user_id;
    }));
    return told;
  }
  void create(std::string_view name, const TagList& tags = {}) { must(store_.create_user(name, tags)); }
  void patch(std::string_view name, const TagBatch& batch) { must(store_.apply(name, batch)); }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "users.db";
  UserTagStore store_ = must(UserTagStore::open(path_));
  std::map<std::string, std::string> ids_;
};

// --- What is told. ---

TEST_F(Membership, TellsWhoEnteredAndWhoLeftInTheOrderOfCreation) {
  create("ann", {{"tier", "gold"}});
  create("bob", {{"tier", "trial"}});
  create("cyd", {{"tier", "gold"}});
  Position position;
  EXPECT_EQ(told_since(position), (Told{"+ann", "+cyd"}));
  EXPECT_EQ(ids_["ann"], must(store_.find("ann")).id());
  EXPECT_EQ(position, store_.position());

  patch("cyd", TagBatch().erase("tier"));
  patch("bob", TagBatch().set("tier", "gold"));
  must(store_.delete_user("ann"));
  create("dan", {{"tier", "gold"}});
  EXPECT_EQ(told_since(position), (Told{"-ann", "+bob", "-cyd", "+dan"}));
  EXPECT_EQ(told_since(position), Told{});
}

TEST_F(Membership, IsSilentOfWhoCameAndWentInBetween) {
  create("ann");
  create("bob", {{"tier", "gold"}});
  Position position = store_.position();
  patch("ann", TagBatch().set("tier", "gold"));
  patch("ann", TagBatch().set("tier", "trial"));
  patch("bob", TagBatch().erase("tier"));
  patch("bob", TagBatch().set("tier", "gold"));
  create("eve", {{"tier", "gold"}});
  must(store_.delete_user("eve"));
  EXPECT_EQ(told_since(position), Told{});
}

// A user of the same name is another user.
TEST_F(Membership, TellsOfBothUsersThatHadOneName) {
  create("ann", {{"tier", "gold"}});
  Position position = store_.position();
  must(store_.delete_user("ann"));
  create("ann", {{"tier", "gold"}});
  EXPECT_EQ(told_since(position), (Told{"-ann", "+ann"}));
}

TEST_F(Membership, KnowsTagsThatNoChangeHasTouched) {
  const Selector selector = must(Selector::parse("tier=gold,!banned"));
  create("ann", {{"tier", "gold"}});
  create("bob", {{"tier", "trial"}});
  create("cyd", {{"tier", "gold"}, {"banned", "yes"}});
  Position position = store_.position();
  patch("ann", TagBatch().set("banned", "yes"));
  patch("bob", TagBatch().set("banned", "yes"));
  patch("cyd", TagBatch().erase("banned"));
  EXPECT_EQ(told_since(position, selector), (Told{"-ann", "+cyd"}));
}

TEST_F(Membership, KnowsTheTagsOfWhoWasDeleted) {
  const Selector selector = must(Selector::parse("!banned,tier=gold"));
  create("ann", {{"tier", "gold"}});
  create("bob", {{"tier", "gold"}, {"banned", "yes"}});
  Position position = store_.position();
  must(store_.delete_user("ann"));
  must(store_.delete_user("bob"));
  EXPECT_EQ(told_since(position, selector), (Told{"-ann"}));
}

TEST_F(Membership, OfEveryUserIsWhoWasCreatedAndDeleted) {
  create("ann");
  Position position = store_.position();
  patch("ann", TagBatch().set("tier", "gold"));
  create("bob");
  EXPECT_EQ(told_since(position, Selector()), (Told{"+bob"}));
  must(store_.delete_user("ann"));
  EXPECT_EQ(told_since(position, Selector()), (Told{"-ann"}));
}

TEST_F(Membership, LetsTheFunctionCallTheStore) {
  create("ann", {{"tier", "gold"}});
  Position position;
  must(store_.membership_changes(kGold, position, [&](const MembershipChange& change) {
    must(store_.apply(UserRef::id(change.user_id), TagBatch().set("welcomed", "yes")));
  }));
  EXPECT_EQ(value_of(store_, "ann", "welcomed"), "yes");
}

TEST_F(Membership, OfAFollowerEndsWithWhatItsReadsShow) {
  Options options;
  options.access = Access::read_only;
  create("ann", {{"tier", "gold"}, {"seats", "1"}});
  auto follower = must(UserTagStore::open(path_, options));
  const Position before = follower.position();
  patch("ann", TagBatch().set("tier", "trial"));
  const auto count = [&] {
    int told = 0;
    const auto end = must(follower.membership_changes(kGold, before, [&](const auto&) { ++told; }));
    EXPECT_EQ(end, follower.position());
    return told;
  };
  EXPECT_EQ(count(), 0);
  must(follower.refresh());
  EXPECT_EQ(count(), 1);
}

TEST_F(Membership, WorksWithoutAFile) {
  store_ = must(UserTagStore::open_in_memory());
  create("ann", {{"tier", "gold"}});
  Position position;
  EXPECT_EQ(told_since(position), (Told{"+ann"}));
}

// --- Where it cannot be told. ---

TEST_F(Membership, IsRefusedWhereThePositionIsOfAnotherStoreOrOfTheFuture) {
  create("ann");
  const auto ask = [&](const Position& after) {
    return code_of(store_.membership_changes(kGold, after, [](const auto&) { FAIL(); }));
  };
  EXPECT_EQ(ask(must(UserTagStore::open_in_memory()).position()), ErrorCode::invalid_argument);
  EXPECT_EQ(ask(store_.position().at(2)), ErrorCode::future_revision);
  EXPECT_EQ(ask(store_.position()), std::nullopt);
}

TEST_F(Membership, IsRefusedInAnotherEpoch) {
  create("ann", {{"tier", "gold"}});
  const Position before = store_.position();
  must(store_.backup(folder_ / "copy.db"));
  auto copy = must(UserTagStore::open(folder_ / "copy.db"));
  must(copy.create_user("bob", {{"tier", "gold"}}));
  const auto answer = copy.membership_changes(kGold, before, [](const auto&) { FAIL(); });
  EXPECT_EQ(code_of(answer), ErrorCode::history_pruned);
}

TEST_F(Membership, IsRefusedWhereTheLogIsPruned) {
  store_ = must(UserTagStore::open_in_memory());
  must(store_.change_settings(change_to({.history = {.min_changes = 10}})));
  create("ann", {{"tier", "gold"}});
  const Position before = store_.position();
  for (int n = 0; n < 2'000; ++n) patch("ann", TagBatch().set("n", std::to_string(n)));
  must(store_.maintain(1min));
  ASSERT_GT(store_.stats().log_floor, 2U);
  const auto answer = store_.membership_changes(kGold, before, [](const auto&) { FAIL(); });
  ASSERT_EQ(code_of(answer), ErrorCode::history_pruned);
  EXPECT_EQ(answer.error().floor(), store_.stats().log_floor);
}

TEST_F(Membership, TakesADeadlineAndNoRefusedSelector) {
  create("ann");
  const auto ask = [&](const Selector& selector, const AskOptions& options = {}) {
    return code_of(store_.membership_changes(selector, Position(), [](const auto&) { FAIL(); }, options));
  };
  EXPECT_EQ(ask(key("") == "gold"), ErrorCode::invalid_selector);
  EXPECT_EQ(ask(kGold, {.deadline = std::chrono::steady_clock::now() - 1s}), ErrorCode::timeout);
}

// --- An audience that is kept is the audience that is selected. ---

std::set<std::string> selected(const UserTagStore& store, const Selector& selector) {
  std::set<std::string> users;
  must(store.for_each(selector, [&](const User& user) { users.emplace(user.id()); }));
  return users;
}

void take(std::set<std::string>& audience, const MembershipChange& change) {
  if (change.kind == MembershipChange::Kind::entered) {
    ASSERT_TRUE(audience.insert(change.user_id).second);
  } else {
    ASSERT_EQ(audience.erase(change.user_id), 1U);
  }
}

TEST(MembershipProperty, KeepsAnyAudience) {
  check_property(200, [] {
    auto store = must(UserTagStore::open_in_memory());
    const Selector selector = *any_selector();
    Position position;
    std::set<std::string> audience;
    for (int round = *rc::gen::inRange(1, 6); round > 0; --round) {
      for (int writes = *rc::gen::inRange(0, 12); writes > 0; --writes) {
        const std::string name = std::to_string(*rc::gen::inRange(0, 4));
        const TagMap tags = *any_tag_map();
        const bool is_there = store.find(name).has_value();
        if (!is_there) {
          must(store.create_user(name, tags));
        } else if (*rc::gen::inRange(0, 4) == 0) {
          must(store.delete_user(name));
        } else {
          TagBatch batch;
          const User user = must(store.find(name));
          for (const auto& [key, value] : user.tags()) {
            if (!tags.contains(std::string(key)) && value.size() % 2 == 0) batch.erase(key);
          }
          for (const auto& [key, value] : tags) batch.set(key, value);
          must(store.apply(name, batch));
        }
      }
      position = must(store.membership_changes(
          selector, position, [&](const MembershipChange& change) { take(audience, change); }));
      RC_ASSERT(audience == selected(store, selector));
    }
  });
}

// While another thread writes, the end is in the past when users are asked for what no change has touched. The judge
// follows the feed up to the same end.
TEST(MembershipThreads, KeepAnAudienceBesideAWriter) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  TempDir folder;
  Options options;
  options.durability = Durability::relaxed;
  auto store = must(UserTagStore::open(folder / "users.db", options));
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    std::minstd_rand random(seed);
    const auto dice = [&](unsigned sides) { return static_cast<unsigned>(random()) % sides; };
    for (int n = 0; n < 6'000; ++n) {
      const std::string name = std::to_string(dice(12));
      const std::string key = dice(2) == 0 ? "a" : "b";
      if (dice(20) == 0) {
        std::ignore = store.delete_user(name);
      } else if (!store.find(name)) {
        must(store.create_user(name, {{key, std::to_string(dice(2))}}));
      } else if (dice(3) == 0) {
        must(store.apply(name, TagBatch().erase(key)));
      } else {
        must(store.apply(name, TagBatch().set(key, std::to_string(dice(2)))));
      }
    }
    done = true;
  });

  const Selector selector = (key("a") == "1" && !key("b").exists()) || key("b") == "0";
  Position position;
  Position read;
  std::set<std::string> audience;
  std::map<std::string, TagMap> users;   // by the feed, up to `position`
  std::vector<Change> ahead;
  while (true) {
    const bool is_last = done;
    position = must(store.membership_changes(
        selector, position, [&](const MembershipChange& change) { take(audience, change); }));
    while (read.revision() < position.revision()) {
      const auto page = must(store.changes(read));
      ahead.insert(ahead.end(), page.changes.begin(), page.changes.end());
      read = page.next;
    }
    std::size_t taken = 0;
    for (; taken < ahead.size() && ahead[taken].revision <= position.revision(); ++taken) {
      const Change& change = ahead[taken];
      if (change.kind == ChangeKind::deleted) {
        users.erase(change.user_id);
        continue;
      }
      TagMap& tags = users[change.user_id];
      for (const TagChange& tag : change.tags) {
        tags.erase(tag.key);
        if (tag.value) tags.emplace(tag.key, *tag.value);
      }
    }
    ahead.erase(ahead.begin(), ahead.begin() + static_cast<std::ptrdiff_t>(taken));
    std::set<std::string> meant;
    for (const auto& [id, tags] : users) {
      if (selects(selector, tags)) meant.insert(id);
    }
    ASSERT_EQ(audience, meant);
    if (is_last) break;
  }
  writer.join();
  EXPECT_EQ(audience, selected(store, selector));
}

}   // namespace
}   // namespace usertags::test
