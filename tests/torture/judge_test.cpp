// The linearizability judge, on histories that are right, and on such as must never be: each is small enough to see
// why.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "torture/judge.hpp"

namespace usertags::torture {
namespace {

using View = Question::View;
using Kind = Observation::Kind;
using Guard = Effect::Guard;

// Calls of threads, each from one tick to another. Users are created by the first calls: users 0 and 1 with key 0.
class Judged : public testing::Test {
 protected:
  struct At {
    std::uint64_t start;
    std::uint64_t end;
  };

  Judged() : threads_(3) {
    create({1, 2}, 0, 1);
    create({3, 4}, 1, 2);
  }

  Observation& note(std::size_t thread, At at, Kind kind, std::uint32_t users, std::uint64_t told) {
    Observation& seen = threads_[thread].emplace_back();
    seen.start = at.start, seen.end = at.end, seen.kind = kind, seen.users = users, seen.told = told;
    return seen;
  }
  static std::uint64_t whole(std::size_t user, const Version& version) {
    return part({.view = View::whole}, user, version, 0);
  }
  static Version version(std::size_t user, std::uint64_t revision, std::uint32_t value) {
    return {revision, 100 + user, {value}};
  }

  void create(At at, std::size_t user, std::uint64_t revision) {
    Observation& seen = note(0, at, Kind::change, 1U << user, whole(user, version(user, revision, 1)));
    seen.effect = {.kind = Effect::Kind::create, .keys = 1, .value = 1, .id = 100 + user};
    seen.revision = seen.transaction = revision;
  }
  Observation& patch(std::size_t thread, At at, std::size_t user, std::uint64_t revision,
                     std::uint32_t value) {
    Observation& seen =
        note(thread, at, Kind::change, 1U << user, whole(user, version(user, revision, value)));
    seen.effect = {.keys = 1, .value = value};
    seen.revision = seen.transaction = revision;
    return seen;
  }
  Observation& find(std::size_t thread, At at, std::size_t user, std::uint64_t revision,
                    std::uint32_t value) {
    Observation& seen =
        note(thread, at, Kind::claim, 1U << user, whole(user, version(user, revision, value)));
    seen.question.view = View::whole;
    return seen;
  }
  // Both users, as one moment has them.
  Observation& list(std::size_t thread, At at, std::uint64_t revision, const Version& first,
                    const Version& second) {
    Observation& seen = note(thread, at, Kind::claim, kEveryUser, whole(0, first) + whole(1, second));
    seen.question.view = View::whole;
    seen.revision = revision, seen.at_revision = true;
    return seen;
  }
  Observation& replay(std::size_t thread, At at, std::uint64_t token, std::uint64_t revision) {
    Observation& seen = find(thread, at, 0, 3, 5);
    seen.kind = Kind::replay, seen.token = token, seen.revision = revision;
    return seen;
  }

  std::string verdict() const {
    try {
      judge(threads_);
      return "fits";
    } catch (const Finding& finding) {
      const std::string text = finding.what();
      return text.substr(0, text.find(':'));
    }
  }

  std::vector<std::vector<Observation>> threads_;
};

TEST_F(Judged, ConcurrentCallsMayComeInEitherOrder) {
  patch(1, {10, 20}, 0, 3, 5);
  find(0, {11, 12}, 0, 1, 1);   // before the patch …
  find(2, {13, 14}, 0, 3, 5);   // … and behind it, while it goes on
  find(0, {21, 22}, 0, 3, 5);
  EXPECT_EQ(verdict(), "fits");
}

TEST_F(Judged, AStaleReadIsRefused) {
  patch(1, {10, 11}, 0, 3, 5);
  find(0, {12, 13}, 0, 1, 1);
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(Judged, AReadThatRunsBackwardsIsRefused) {
  patch(1, {10, 20}, 0, 3, 5);
  find(0, {11, 12}, 0, 3, 5);
  find(2, {13, 14}, 0, 1, 1);   // another thread has seen it already
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(Judged, TwoReadsThatSeeTwoChangesInOppositeOrderAreRefused) {
  patch(1, {10, 40}, 0, 3, 5);
  patch(2, {11, 41}, 1, 4, 6);
  find(0, {12, 13}, 1, 4, 6);
  find(0, {14, 15}, 0, 1, 1);
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(Judged, AStaleCountIsRefused) {
  patch(1, {10, 11}, 0, 3, 0);
  Observation& count = note(0, {12, 13}, Kind::claim, kEveryUser, 2);
  count.question = {.view = View::count, .keys = 1};
  count.revision = 2, count.at_revision = true;
  EXPECT_EQ(verdict(), "a stale read");
}

TEST_F(Judged, AChangeThatIsSeenBeforeItBeginsIsRefused) {
  find(0, {10, 11}, 0, 3, 5);
  patch(1, {12, 13}, 0, 3, 5);
  EXPECT_EQ(verdict(), "a change was seen before it began, or is out of order");
}

TEST_F(Judged, ARevisionOutOfRealTimeOrderIsRefused) {
  patch(0, {10, 11}, 0, 4, 6);
  patch(1, {12, 13}, 0, 3, 5);
  EXPECT_EQ(verdict(), "a change was seen before it began, or is out of order");
}

TEST_F(Judged, ALostUpdateIsRefused) {
  patch(0, {10, 13}, 0, 3, 5).effect.guard = Guard::revision;
  patch(1, {11, 12}, 0, 4, 6).effect.guard = Guard::revision;
  for (std::size_t thread : {0U, 1U}) threads_[thread].back().effect.expected = 1;
  EXPECT_EQ(verdict(), "an update is lost");
}

TEST_F(Judged, AnUpdateThatIsLostByValueIsRefused) {
  patch(0, {10, 13}, 0, 3, 5).effect.guard = Guard::value;
  patch(1, {11, 12}, 0, 4, 6).effect.guard = Guard::value;
  for (std::size_t thread : {0U, 1U}) threads_[thread].back().effect.expected = 1;
  EXPECT_EQ(verdict(), "an update is lost");
}

TEST_F(Judged, ARevisionThatIsMissingOrGivenTwiceIsRefused) {
  patch(0, {10, 11}, 0, 4, 5);
  EXPECT_EQ(verdict(), "revisions have a gap, or one was given twice");
  threads_[0].pop_back();
  patch(0, {10, 11}, 0, 2, 5);
  EXPECT_EQ(verdict(), "revisions have a gap, or one was given twice");
}

TEST_F(Judged, ATransactionIsSeenWholeOrNotAtAll) {
  patch(1, {10, 20}, 0, 3, 5).transaction = 4;
  patch(1, {11, 21}, 1, 4, 5).transaction = 4;
  list(0, {12, 13}, 2, version(0, 1, 1), version(1, 2, 1));
  list(0, {14, 15}, 4, version(0, 3, 5), version(1, 4, 5));
  EXPECT_EQ(verdict(), "fits");
  list(2, {16, 17}, 3, version(0, 3, 5), version(1, 2, 1));
  EXPECT_EQ(verdict(), "a stale read");   // 4 was seen before
  threads_[2].back().start = 9;           // before that
  EXPECT_EQ(verdict(), "a read shows half of a transaction");
  // Nor do reads that tell no moment.
  threads_[2].clear();
  find(2, {16, 17}, 0, 3, 5);
  find(2, {18, 19}, 1, 2, 1);
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(Judged, APageOfTwoMomentsIsRefused) {
  patch(1, {10, 20}, 0, 3, 5);
  patch(2, {11, 21}, 1, 4, 6);
  list(0, {12, 13}, 4, version(0, 1, 1), version(1, 4, 6));
  EXPECT_EQ(verdict(), "a read shows what was not so at its revision");
}

TEST_F(Judged, AFindOfManyThatShowsTwoMomentsIsRefused) {
  patch(1, {10, 20}, 0, 3, 5);
  patch(1, {21, 30}, 1, 4, 6);
  note(0, {11, 22}, Kind::claim, 3, whole(0, version(0, 1, 1)) + whole(1, version(1, 4, 6))).question.view =
      View::whole;
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(Judged, AWriteThatAnswersAnotherUserIsRefused) {
  patch(1, {10, 11}, 0, 3, 5).told = whole(0, version(0, 3, 6));
  EXPECT_EQ(verdict(), "a change was answered with another user");
}

TEST_F(Judged, AReplayWithAnotherAnswerIsRefused) {
  patch(1, {10, 11}, 0, 3, 5).token = 7;
  replay(2, {12, 13}, 7, 3);
  EXPECT_EQ(verdict(), "fits");
  threads_[2].back().revision = 2;
  EXPECT_EQ(verdict(), "a replay has another answer");
  threads_[2].clear();
  replay(2, {12, 13}, 8, 3);
  EXPECT_EQ(verdict(), "a replay has another answer");
}

TEST_F(Judged, ATokenThatIsAppliedTwiceIsRefused) {
  patch(1, {10, 11}, 0, 3, 5).token = 7;
  patch(2, {12, 13}, 0, 4, 5).token = 7;
  EXPECT_EQ(verdict(), "a token was applied twice");
}

TEST_F(Judged, AnAbsenceHoldsWhileTheUserIsGone) {
  Observation& deleted = note(1, {10, 20}, Kind::change, 1, 0);
  deleted.effect.kind = Effect::Kind::remove;
  deleted.revision = deleted.transaction = 3;
  note(0, {21, 22}, Kind::claim, 1, 0).question.view = View::whole;
  EXPECT_EQ(verdict(), "fits");
  note(2, {5, 6}, Kind::claim, 1, 0).question.view = View::whole;   // too early
  EXPECT_EQ(verdict(), "a change was seen before it began, or is out of order");
}

class JudgedLog : public Judged {
 protected:
  JudgedLog() { patch(1, {10, 20}, 0, 3, 5); }

  Observation& feed(At at, std::uint64_t after, std::uint64_t revision, std::uint32_t value = 5) {
    std::uint64_t told = 0;
    if (after < 2 && revision >= 2) told += part(LogEntry{2, 2, 1, 101, Effect::Kind::create, {1}, 0});
    if (revision >= 3) told += part(LogEntry{3, 3, 0, 100, Effect::Kind::patch, {value}, 0});
    Observation& seen = note(2, at, Kind::feed, 0, told);
    seen.after = after, seen.revision = revision, seen.at_revision = true;
    return seen;
  }
};

TEST_F(JudgedLog, AFeedTellsTheLog) {
  feed({11, 12}, 1, 2);
  feed({13, 14}, 1, 3);
  feed({21, 22}, 2, 3);
  EXPECT_EQ(verdict(), "fits");
}

TEST_F(JudgedLog, AFeedThatTellsAnotherChangeOrTooFewIsRefused) {
  feed({21, 22}, 1, 3, 6);
  EXPECT_EQ(verdict(), "the feed tells other changes");
  threads_[2].clear();
  feed({21, 22}, 1, 2);
  EXPECT_EQ(verdict(), "the feed is stale");
  threads_[2].back().at_revision = false;   // its page was full
  EXPECT_EQ(verdict(), "fits");
}

TEST_F(JudgedLog, WhatTheFeedHasShownIsSeen) {
  feed({11, 12}, 2, 3);
  find(0, {13, 14}, 0, 1, 1);
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(JudgedLog, AHistoryTellsTheNewestChangesOfItsUser) {
  const std::uint64_t creation = part(LogEntry{1, 1, 0, 100, Effect::Kind::create, {1}, 0});
  const std::uint64_t change = part(LogEntry{3, 3, 0, 100, Effect::Kind::patch, {5}, 0});
  Observation& history = note(2, {11, 12}, Kind::history, 1, creation + change);
  history.revision = 3;
  EXPECT_EQ(verdict(), "fits");
  threads_[2].back().told = change;
  EXPECT_EQ(verdict(), "a history tells other changes");
  threads_[2].back().after = 2;   // the creation is pruned
  EXPECT_EQ(verdict(), "fits");
  threads_[2].clear();
  note(2, {21, 22}, Kind::history, 1, creation).revision = 1;
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(JudgedLog, AFollowerMayBeBehindButNeverGoesBack) {
  find(2, {21, 22}, 0, 1, 1).source = Source::follower;
  Observation& refreshed = note(2, {23, 24}, Kind::claim, 0, 0);
  refreshed.source = Source::follower, refreshed.revision = 3,
  refreshed.at_revision = refreshed.up_to_date = true;
  find(2, {25, 26}, 0, 3, 5).source = Source::follower;
  EXPECT_EQ(verdict(), "fits");
  find(2, {27, 28}, 0, 1, 1).source = Source::follower;
  EXPECT_EQ(verdict(), "a read shows what was never so since it could be");
}

TEST_F(JudgedLog, ARefreshThatIsBehindWhatTheStoreHasShownIsRefused) {
  find(0, {11, 12}, 0, 3, 5);
  Observation& refreshed = note(2, {13, 14}, Kind::claim, 0, 0);
  refreshed.source = Source::follower, refreshed.revision = 2,
  refreshed.at_revision = refreshed.up_to_date = true;
  EXPECT_EQ(verdict(), "a stale read");
}

TEST_F(JudgedLog, AFollowersFeedMayBeAheadOfWhatTheStoreShows) {
  feed({11, 12}, 2, 3).source = Source::file;
  find(0, {13, 14}, 0, 1, 1);
  EXPECT_EQ(verdict(), "fits");
}

}   // namespace
}   // namespace usertags::torture
