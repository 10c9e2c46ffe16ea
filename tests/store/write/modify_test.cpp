// modify: a user is read, a function decides, and what it decides is applied to what it has seen.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using Decided = std::optional<TagBatch>;

class Modify : public testing::Test {
 protected:
  Modify() { must(store_.create_user("ann", {{"n", "1"}})); }

  static TagBatch one_more(const User& user) {
    return TagBatch().set("n", std::to_string(std::stoi(value_of(user, "n")) + 1));
  }
  void come_between() { must(store_.apply("ann", TagBatch().set("other", std::to_string(++others_)))); }

  UserTagStore store_ = must(UserTagStore::open_in_memory());
  int others_ = 0;
  int calls_ = 0;
};

TEST_F(Modify, AppliesWhatTheFunctionDecides) {
  const Applied applied = must(store_.modify("ann", one_more));
  EXPECT_TRUE(applied.changed);
  EXPECT_EQ(applied.revision, 2U);
  EXPECT_EQ(value_of(*applied.user, "n"), "2");
}

TEST_F(Modify, WhereItDecidesNothingTheUserIsAnsweredAsItWasRead) {
  const Applied applied = must(store_.modify("ann", [](const User&) { return Decided(); }));
  EXPECT_FALSE(applied.changed);
  EXPECT_EQ(applied.revision, 1U);
  EXPECT_EQ(value_of(*applied.user, "n"), "1");
  EXPECT_EQ(store_.revision(), 1U);
}

TEST_F(Modify, DecidesAgainOnWhatAnotherWriteHasMadeOfTheUser) {
  const Applied applied = must(store_.modify("ann", [&](const User& user) {
    if (++calls_ <= 3) must(store_.modify("ann", one_more));   // no lock is held
    return one_more(user);
  }));
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(value_of(*applied.user, "n"), "5");
}

TEST_F(Modify, AnotherUserOfTheSameNameIsDecidedOnAnew) {
  const Applied applied = must(store_.modify("ann", [&](const User& user) {
    if (++calls_ == 1) {
      must(store_.delete_user("ann"));
      must(store_.create_user("ann", {{"n", "7"}}));
    }
    return one_more(user);
  }));
  EXPECT_EQ(value_of(*applied.user, "n"), "8");
}

TEST_F(Modify, TriesSixtyFourTimes) {
  const auto answer = store_.modify("ann", [&](const User& user) {
    ++calls_;
    come_between();
    return one_more(user);
  });
  EXPECT_EQ(code_of(answer), ErrorCode::revision_mismatch);
  EXPECT_EQ(answer.error().current_revision(), store_.revision());
  EXPECT_EQ(calls_, 64);
  EXPECT_EQ(value_of(store_, "ann", "n"), "1");
}

TEST_F(Modify, TheDeadlineEndsTheTries) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
  const auto answer = store_.modify("ann",
                                    [&](const User& user) {
                                      ++calls_;
                                      come_between();
                                      std::this_thread::sleep_until(deadline + std::chrono::milliseconds(1));
                                      return one_more(user);
                                    },
                                    {.deadline = deadline});
  EXPECT_EQ(code_of(answer), ErrorCode::timeout);
  EXPECT_LE(calls_, 1);
  const auto late = store_.modify("ann", one_more, {.deadline = deadline});
  EXPECT_EQ(code_of(late), ErrorCode::timeout);
  EXPECT_EQ(value_of(store_, "ann", "n"), "1");
}

TEST_F(Modify, WithARevisionToExpectThereIsOneTry) {
  const auto never = [&](const User&) { return ++calls_, TagBatch(); };
  const auto refused = store_.modify("ann", never, {.expected_revision = 7});
  EXPECT_EQ(code_of(refused), ErrorCode::revision_mismatch);
  EXPECT_EQ(refused.error().current_revision(), 1U);
  EXPECT_EQ(calls_, 0);
  const auto outrun = store_.modify("ann",
                                    [&](const User& user) {
                                      ++calls_;
                                      come_between();
                                      return one_more(user);
                                    },
                                    {.expected_revision = 1});
  EXPECT_EQ(code_of(outrun), ErrorCode::revision_mismatch);
  EXPECT_EQ(calls_, 1);
}

TEST_F(Modify, WhoIsNotThereIsNotAskedAbout) {
  const auto decide = [&](const User& user) {
    ++calls_;
    must(store_.delete_user("ann"));
    return one_more(user);
  };
  EXPECT_EQ(code_of(store_.modify("bob", decide)), ErrorCode::user_not_found);
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(code_of(store_.modify("ann", decide)), ErrorCode::user_not_found) << "gone meanwhile";
  EXPECT_EQ(calls_, 1);
}

TEST_F(Modify, AViolationIsThatOfASingleWrite) {
  const auto refused = store_.modify("ann", [](const User&) { return TagBatch().create("n", "2"); });
  ASSERT_EQ(code_of(refused), ErrorCode::batch_refused);
  EXPECT_EQ(refused.error().violations()[0].current, "1");
  EXPECT_FALSE(refused.error().violations()[0].item);
}

struct Surprise {};

TEST_F(Modify, WhatTheFunctionThrowsReachesTheCaller) {
  const auto throws = [](auto what) { return [what](const User&) -> Decided { throw what; }; };
  EXPECT_THROW(std::ignore = store_.modify("ann", throws(Surprise())), Surprise);
  EXPECT_THROW(std::ignore = store_.modify("ann", throws(std::bad_alloc())), std::bad_alloc);
  EXPECT_THROW(std::ignore = store_.modify("ann", throws(Error(ErrorCode::busy))), Error);
  EXPECT_EQ(store_.revision(), 1U);
  EXPECT_EQ(must(store_.modify("ann", one_more)).revision, 2U) << "the store goes on";
}

TEST_F(Modify, AKnownTokenIsAnsweredBeforeTheFunctionIsCalled) {
  const Applied first = must(store_.modify("ann", one_more, {.token = "t"}));
  come_between();
  const Applied again = must(
      store_.modify("ann", [&](const User&) { return ++calls_, TagBatch().set("n", "77"); }, {.token = "t"}));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.revision, first.revision);
  EXPECT_EQ(value_of(*again.user, "other"), "1") << "the user as it is by now";
  EXPECT_EQ(calls_, 0);
}

TEST_F(Modify, TheRequestOfATokenIsTheCallAndTheUser) {
  must(store_.create_user("bob", {{"n", "1"}}));
  must(store_.modify("ann", one_more, {.token = "t"}));
  const auto batch = TagBatch().set("n", "2");
  EXPECT_EQ(code_of(store_.modify("bob", one_more, {.token = "t"})), ErrorCode::token_reused);
  EXPECT_EQ(code_of(store_.apply("ann", batch, {.token = "t"})), ErrorCode::token_reused);
  EXPECT_TRUE(must(store_.modify("ann", one_more, {.expected_revision = 7, .token = "t"})).replayed)
      << "its guard is no part of it";
  EXPECT_EQ(code_of(store_.modify("ann", one_more, {.token = std::string(129, 't')})),
            ErrorCode::invalid_argument);
}

TEST_F(Modify, ADecisionForNothingIsRemembered) {
  const ApplyOptions options{.token = "t"};
  EXPECT_FALSE(must(store_.modify("ann", [](const User&) { return Decided(); }, options)).changed);
  const Applied again = must(store_.modify("ann", one_more, options));
  EXPECT_TRUE(again.replayed);
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(value_of(store_, "ann", "n"), "1");
}

TEST_F(Modify, OfTwoUnderOneTokenOneTakesEffect) {
  const ApplyOptions options{.token = "t"};
  const Applied outer = must(store_.modify(
      "ann",
      [&](const User& user) {
        if (++calls_ == 1) must(store_.modify("ann", one_more, options));
        return one_more(user);
      },
      options));
  EXPECT_TRUE(outer.replayed);
  EXPECT_EQ(value_of(store_, "ann", "n"), "2");
}

TEST_F(Modify, ThreadsLoseNoUpdate) {
  constexpr int kEach = 300;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int left = kEach; left > 0;) left -= store_.modify("ann", one_more).has_value() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(value_of(store_, "ann", "n"), std::to_string(1 + 4 * kEach));
}

}   // namespace
}   // namespace usertags::test
