// Functions of hosts that the store calls: what they may call, and where what they throw goes.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

const Selector kGold = key("tier") == "gold";

class Callbacks : public testing::Test {
 protected:
  void SetUp() override {
    must(store_.create_user("ann", {{"tier", "gold"}}));
    must(store_.create_user("bob", {{"tier", "gold"}}));
  }

  // Answers of all calls that can wait, by name.
  std::map<std::string, std::optional<ErrorCode>> call_all_that_wait() {
    UserTagStore& store = store_;
    std::map<std::string, std::optional<ErrorCode>> answers;
    answers["create_user"] = code_of(store.create_user("cyd " + std::to_string(++calls_)));
    answers["apply"] = code_of(store.apply("ann", TagBatch().set("n", std::to_string(calls_))));
    answers["delete_user"] = code_of(store.delete_user("cyd " + std::to_string(calls_)));
    const std::array<Write, 1> write{PatchUser{"bob", TagBatch().set("n", std::to_string(calls_)), {}}};
    answers["apply_each"] = code_of(store.apply_each(write).at(0));
    answers["apply_all"] = code_of(store.apply_all(write));
    answers["changes"] = code_of(store.changes(Position()));
    answers["membership_changes"] = code_of(store.membership_changes(kGold, Position(), [](const auto&) {}));
    answers["wait_for_changes"] = code_of(store.wait_for_changes(Position(), 1min));
    answers["history"] = code_of(store.history("ann"));
    answers["refresh"] = code_of(store.refresh());
    answers["read_at_least"] = code_of(store.read_at_least(1, 1min));
    answers["verify"] = code_of(store.verify());
    answers["change_settings"] = code_of(store.change_settings({.tags_per_user = 100 + calls_}));
    answers["checkpoint"] = code_of(store.checkpoint());
    answers["maintain"] = code_of(store.maintain(1s));
    answers["backup"] = code_of(store.backup(folder_ / ("copy " + std::to_string(calls_))));
    answers["compact"] = code_of(store.compact());
    return answers;
  }
  void expect_all(std::optional<ErrorCode> code) {
    for (const auto& [name, answer] : call_all_that_wait()) EXPECT_EQ(answer, code) << name;
  }
  void expect_all_refused() {
    expect_all(ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(store_.close()), ErrorCode::invalid_argument);
    call_all_that_never_wait();
  }
  void call_all_that_never_wait() {
    EXPECT_TRUE(store_.find("ann"));
    EXPECT_EQ(store_.find_each({"ann", "bob"}).size(), 2U);
    EXPECT_TRUE(store_.read("ann", [](const UserView&) {}));
    EXPECT_TRUE(store_.list());
    EXPECT_TRUE(store_.select(kGold));
    EXPECT_TRUE(store_.for_each(kGold, [](const User&) {}));
    EXPECT_TRUE(store_.count(kGold));
    EXPECT_TRUE(store_.tag_keys());
    EXPECT_TRUE(store_.tag_values("tier"));
    EXPECT_TRUE(store_.plan("ann", TagBatch().set("tier", "silver")));
    EXPECT_TRUE(store_.settings());
    EXPECT_TRUE(store_.metrics_text());
    EXPECT_GT(store_.revision(), 0U);
    EXPECT_EQ(store_.position().revision(), store_.revision());
    EXPECT_EQ(store_.stats().users, store_.list({.limit = 10'000})->users.size());
  }
  // Runs the function once, at the first call.
  template <class Function>
  Progress once(Function function) {
    return [function, is_first = true](auto, auto) mutable {
      if (std::exchange(is_first, false)) function();
      return true;
    };
  }

  TempDir folder_;
  Options options_;
  UserTagStore store_ = must(UserTagStore::open(folder_ / "users.db"));
  std::size_t calls_ = 0;
};

// --- What they may call. ---

TEST_F(Callbacks, OfReadMayCallEverything) {
  must(store_.read("ann", [&](const UserView& view) {
    expect_all(std::nullopt);
    call_all_that_never_wait();
    EXPECT_EQ(view.tag("tier"), "gold");
    EXPECT_TRUE(store_.close());
    EXPECT_EQ(view.external_id(), "ann");
  }));
}

TEST_F(Callbacks, OfForEachMayCallEverything) {
  int called = 0;
  must(store_.for_each(kGold, [&](const User&) {
    if (++called == 1) expect_all(std::nullopt);
    call_all_that_never_wait();
  }));
  EXPECT_EQ(called, 2);
  must(store_.for_each(kGold, [&](const User&) {
    EXPECT_TRUE(store_.close());
    return false;
  }));
}

TEST_F(Callbacks, OfMembershipChangesMayCallEverything) {
  int called = 0;
  must(store_.membership_changes(kGold, Position(), [&](const MembershipChange&) {
    if (++called == 1) expect_all(std::nullopt);
    call_all_that_never_wait();
    if (called == 2) must(store_.close());
  }));
  EXPECT_EQ(called, 2);
}

TEST_F(Callbacks, OfBackupMayCallWhatNeverWaits) {
  must(store_.backup(folder_ / "copy.db", once([&] { expect_all_refused(); })));
  expect_all(std::nullopt);
}

TEST_F(Callbacks, OfCompactMayCallWhatNeverWaits) {
  bool called = false;
  must(store_.compact(once([&] {
    called = true;
    expect_all_refused();
  })));
  EXPECT_TRUE(called);
  expect_all(std::nullopt);
}

TEST_F(Callbacks, OfABackupInMemoryMayCallWhatNeverWaits) {
  store_ = must(UserTagStore::open_in_memory());
  SetUp();
  must(store_.backup(folder_ / "copy.db", once([&] { expect_all_refused(); })));
}

TEST_F(Callbacks, OfOptionsMayCallWhatNeverWaits) {
  int asked = 0;
  const auto ask = [&] {
    if (++asked <= 3) expect_all_refused();   // one of each
  };
  bool is_open = false;
  int logged = 0;
  int clock = 0;
  int uptime = 0;
  const auto first = [&](int& count) {
    if (is_open && ++count == 1) ask();
  };
  Options options;
  options.slow_commit = 0ms;   // each commit is reported
  options.log = [&](LogLevel, std::string_view) { first(logged); };
  options.clock = [&] { return first(clock), std::chrono::system_clock::now(); };
  options.uptime = [&] { return first(uptime), std::chrono::nanoseconds(1); };
  must(store_.close());
  store_ = must(UserTagStore::open(folder_ / "users.db", options));
  is_open = true;
  must(store_.create_user("dan"));
  EXPECT_EQ(asked, 3);
  expect_all(std::nullopt);
  store_ = must(UserTagStore::open_in_memory());   // these functions end here
}

// Only the store that called is meant, and what it calls itself counts for it still.
TEST_F(Callbacks, OfOneStoreMayCallAnother) {
  auto other = must(UserTagStore::open_in_memory());
  must(store_.backup(folder_ / "copy.db", once([&] {
                       must(other.create_user("ann"));
                       must(other.backup(folder_ / "other.db", once([&] {
                                           EXPECT_EQ(code_of(store_.create_user("eve")),
                                                     ErrorCode::invalid_argument);
                                         })));
                     })));
  EXPECT_TRUE(other.find("ann"));
}

// --- What they throw. ---

struct Mistake : std::runtime_error {
  Mistake() : std::runtime_error("a mistake of the host") {}
};

TEST_F(Callbacks, OfReadThrowToTheCaller) {
  EXPECT_THROW(std::ignore = store_.read("ann", [](const UserView&) { throw Mistake(); }), Mistake);
  EXPECT_THROW(std::ignore = store_.read("ann", [](const UserView&) { throw std::bad_alloc(); }),
               std::bad_alloc);
  expect_all(std::nullopt);
}

TEST_F(Callbacks, OfForEachThrowToTheCallerAndEndTheWalk) {
  int called = 0;
  const auto fail = [&](const User&) -> bool {
    ++called;
    throw Mistake();
  };
  EXPECT_THROW(std::ignore = store_.for_each(kGold, fail), Mistake);
  EXPECT_THROW(std::ignore = store_.for_each("tier=gold", fail), Mistake);
  EXPECT_EQ(called, 2);
  expect_all(std::nullopt);
}

TEST_F(Callbacks, OfMembershipChangesThrowToTheCaller) {
  int called = 0;
  const auto fail = [&](const MembershipChange&) {
    ++called;
    throw Mistake();
  };
  EXPECT_THROW(std::ignore = store_.membership_changes(kGold, Position(), fail), Mistake);
  EXPECT_EQ(called, 1);
  expect_all(std::nullopt);
}

TEST_F(Callbacks, OfTheLogAreSwallowed) {
  Options options;
  options.slow_commit = 0ms;
  int logged = 0;
  options.log = [&](LogLevel, std::string_view) {
    ++logged;
    throw Mistake();
  };
  store_ = must(UserTagStore::open_in_memory(options));
  EXPECT_TRUE(store_.create_user("ann"));
  EXPECT_GT(logged, 1);
  store_ = must(UserTagStore::open_in_memory());
}

using CallbacksDeathTest = Callbacks;

// In a child the parent's store answers `forked`: it opens its own.
TEST_F(CallbacksDeathTest, OfProgressEndTheProcess) {
  const Progress fail = [](auto, auto) -> bool { throw Mistake(); };
  const auto own = [&] { return must(UserTagStore::open(folder_ / "own.db")); };
  EXPECT_DEATH(std::ignore = own().backup(folder_ / "copy.db", fail),
               "usertags: a Progress threw, which it must not; the process ends: a mistake of the host");
  EXPECT_DEATH(std::ignore = own().compact(fail), "usertags: a Progress threw");
}

TEST_F(CallbacksDeathTest, OfClockEndTheProcess) {
  Options options;
  options.clock = []() -> std::chrono::system_clock::time_point { throw 42; };
  EXPECT_DEATH(
      {
        auto store = must(UserTagStore::open_in_memory(options));
        std::ignore = store.create_user("ann");
      },
      "usertags: Options::clock threw, which it must not; the process ends");
}

}   // namespace
}   // namespace usertags::test
