#include "store/write/housekeeping.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace usertags::store {
namespace {

using Ordinals = std::vector<std::uint32_t>;

FoldSchedule with_marks(const Ordinals& ordinals) {
  FoldSchedule schedule;
  schedule.reserve(1000);
  for (const std::uint32_t ordinal : ordinals) schedule.mark(ordinal);
  return schedule;
}

TEST(FoldSchedule, TakesUsersInTheOrderOfTheirRowsFromWhereItStopped) {
  FoldSchedule schedule = with_marks({700, 3, 64, 63});
  const FoldSchedule::Portion first = schedule.next(2, 9);
  EXPECT_EQ(first.ordinals, (Ordinals{3, 63}));
  schedule.note_folded(first);
  schedule.mark(2);   // behind the round's position: for the next round
  EXPECT_EQ(schedule.next(2, 9).ordinals, (Ordinals{64, 700}));
  EXPECT_EQ(schedule.backlog(), 3U);
}

TEST(FoldSchedule, AStepThatIsNotTakenChangesNothing) {
  const FoldSchedule schedule = with_marks({1, 2, 3});
  EXPECT_EQ(schedule.next(2, 5).ordinals, (Ordinals{1, 2}));
  EXPECT_EQ(schedule.next(2, 5).ordinals, (Ordinals{1, 2}));
  EXPECT_EQ(schedule.backlog(), 3U);
}

TEST(FoldSchedule, MarkingTwiceAndUnmarkingWhatIsNotMarkedCountsOnce) {
  FoldSchedule schedule = with_marks({5, 5});
  EXPECT_EQ(schedule.backlog(), 1U);
  schedule.unmark(6);
  schedule.unmark(5'000'000);
  EXPECT_EQ(schedule.backlog(), 1U);
  schedule.unmark(5);
  EXPECT_EQ(schedule.backlog(), 0U);
}

TEST(FoldSchedule, IsCompleteUpToTheNewestChangeWhenNothingIsLeftBehind) {
  FoldSchedule schedule = with_marks({1, 2});
  schedule.note_folded(schedule.next(2, 42));
  EXPECT_EQ(schedule.folded_revision(), 42U);
  EXPECT_EQ(with_marks({}).next(0, 7).folded_revision, 7U);
}

// A round does not have to end before what the one before has folded counts.
TEST(FoldSchedule, IsCompleteUpToWhereTheRoundBeforeWas) {
  constexpr std::uint32_t kApart = 65'536;
  const Ordinals users = {1, kApart, 2 * kApart, 3 * kApart};
  FoldSchedule schedule;
  for (const std::uint32_t user : users) schedule.reserve(user);
  std::uint64_t revision = 0;
  std::vector<std::uint64_t> folded;
  for (int i = 0; i < 12; ++i) {
    for (const std::uint32_t user : users) schedule.mark(user);   // all of them, so that no round ends early
    revision += 10;
    schedule.note_folded(schedule.next(1, revision));
    folded.push_back(schedule.folded_revision());
  }
  EXPECT_EQ(folded, (std::vector<std::uint64_t>{0, 0, 0, 0, 0, 20, 30, 40, 50, 60, 70, 80}));
}

// The rule that recovery and pruning rest on: what is said to be folded has been.
RC_GTEST_PROP(FoldSchedule, NeverSaysThatAPatchIsFoldedBeforeItsUserWas, ()) {
  FoldSchedule schedule;
  const auto apart = *rc::gen::element<std::uint32_t>(1, 1'000, 40'000);
  std::map<std::uint32_t, std::uint64_t> oldest_pending;   // by user
  std::uint64_t revision = 0;
  const int steps = *rc::gen::inRange(1, 200);
  for (int i = 0; i < steps; ++i) {
    if (*rc::gen::inRange(0, 3) != 0) {
      const std::uint32_t user = *rc::gen::inRange<std::uint32_t>(1, 300) * apart;
      schedule.reserve(user);
      schedule.mark(user);
      oldest_pending.try_emplace(user, ++revision);
    } else {
      const FoldSchedule::Portion step = schedule.next(*rc::gen::inRange<std::size_t>(0, 20), revision);
      RC_ASSERT(std::set(step.ordinals.begin(), step.ordinals.end()).size() == step.ordinals.size());
      for (const std::uint32_t user : step.ordinals) RC_ASSERT(oldest_pending.erase(user) == 1U);
      schedule.note_folded(step);
    }
    RC_ASSERT(schedule.backlog() == oldest_pending.size());
    for (const auto& [user, pending] : oldest_pending) RC_ASSERT(schedule.folded_revision() < pending);
  }
}

}   // namespace
}   // namespace usertags::store
