#include "store/write/group_commit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace usertags::store {
namespace {

// Answers each write with the number of the group it was in, and watches the promises of the queue.
class CountingRunner {
 public:
  void write_group(GroupCommit& queue) {
    before_group();
    judge(queue.gather());
    commit(queue.give_back());
    queue.answer();
    ++after_groups_;
  }

  void before_group() { EXPECT_FALSE(running_.exchange(true)) << "two groups at once"; }
  void judge(std::span<Slice> slices) {
    ++groups_;
    EXPECT_FALSE(slices.empty());
    requests_in_group = slices.size();
    EXPECT_LT(slices.front().begin, slices.front().end);
    std::size_t room = take_at_most;
    for (Slice& slice : slices) {
      slice.end = std::min(slice.end, slice.begin + room);
      room -= slice.end - slice.begin;
      for (std::size_t i = slice.begin; i < slice.end; ++i) {
        slice.request->outcome(i) = Applied{.user = std::nullopt, .revision = ++answered_, .changed = true};
      }
    }
    if (on_judge) on_judge();
  }
  void commit(std::span<Slice> slices) {
    for (const Slice& slice : slices) EXPECT_LT(slice.begin, slice.end) << "it was not taken";
    if (on_run) on_run();
    running_ = false;
  }

  std::atomic<std::size_t> take_at_most = 4096;
  std::size_t requests_in_group = 0;
  std::function<void()> on_judge;
  std::function<void()> on_run;
  std::uint64_t groups() const { return groups_; }
  std::uint64_t after_groups() const { return after_groups_; }
  std::uint64_t answered() const { return answered_; }

 private:
  std::atomic<bool> running_{false};
  std::uint64_t groups_ = 0;
  std::uint64_t after_groups_ = 0;
  std::uint64_t answered_ = 0;
};

std::vector<Result<Applied>> submit(GroupCommit& queue, std::size_t count,
                                    Request::Kind kind = Request::Kind::each,
                                    const ApplyOptions& options = {}) {
  const std::vector<Write> writes(count, DeleteUser{"u", options});
  std::vector<Result<Applied>> outcomes(count, std::unexpected(Error(ErrorCode::store_closed)));
  Request request(kind, writes, outcomes);
  queue.write(request);
  return outcomes;
}

TEST(GroupCommit, AnswersALongRequestInOrderAndInParts) {
  CountingRunner runner;
  GroupCommit queue([&] { runner.write_group(queue); });
  const auto outcomes = submit(queue, 2500);
  for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i]->revision, i + 1);
  EXPECT_EQ(runner.groups(), 3U);
  EXPECT_EQ(runner.after_groups(), 3U);
}

TEST(GroupCommit, OffersAgainWhatAGroupDidNotTake) {
  CountingRunner runner;
  runner.take_at_most = 7;
  GroupCommit queue([&] { runner.write_group(queue); });
  const auto outcomes = submit(queue, 30);
  EXPECT_EQ(outcomes.back()->revision, 30U);
  EXPECT_EQ(runner.groups(), 5U);
}

TEST(GroupCommit, TakesWhatGatheredMeanwhileAsOneGroup) {
  constexpr int kThreads = 8;
  CountingRunner runner;
  std::mutex mutex;
  std::condition_variable gathered;
  int started = 0;
  runner.on_run = [&] {   // the first group lasts until everybody else is on the way
    std::unique_lock lock(mutex);
    gathered.wait(lock, [&] { return started == kThreads; });
  };
  GroupCommit queue([&] { runner.write_group(queue); });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      {
        const std::lock_guard lock(mutex);
        ++started;
      }
      gathered.notify_all();
      for (int n = 0; n < 100; ++n) EXPECT_TRUE(submit(queue, 1).front().has_value());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runner.answered(), 800U);
  EXPECT_LE(runner.groups(), 800U);
}

TEST(GroupCommit, TakesATransactionWholeHoweverLong) {
  CountingRunner runner;
  runner.take_at_most = 1'000'000;
  GroupCommit queue([&] { runner.write_group(queue); });
  EXPECT_EQ(submit(queue, 9'000, Request::Kind::all).back()->revision, 9'000U);
  EXPECT_EQ(runner.groups(), 1U);
}

// Runs one group that lasts until it is told to end, so that others have to wait meanwhile.
class LongGroup {
 public:
  LongGroup(CountingRunner& runner, GroupCommit& queue) {
    runner.on_run = [this] {
      begun_.count_down();
      std::unique_lock lock(mutex_);
      ended_.wait(lock, [this] { return ends_; });
    };
    thread_ = std::thread([&] { submit(queue, 1); });
    begun_.wait();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }

 private:
  std::latch begun_{1};
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ends_ = false;
  std::thread thread_;
};

TEST(GroupCommit, GivesUpARequestAtItsDeadlineAndForgetsIt) {
  CountingRunner runner;
  GroupCommit queue([&] { runner.write_group(queue); });
  LongGroup group(runner, queue);
  const ApplyOptions hurried{.deadline = std::chrono::steady_clock::now()};
  for (const auto& outcome : submit(queue, 3, Request::Kind::each, hurried)) {
    EXPECT_EQ(outcome.error(), ErrorCode::timeout);
  }
  EXPECT_EQ(submit(queue, 2, Request::Kind::all, hurried).front().error(), ErrorCode::timeout);
  runner.on_run = nullptr;
  group.end();
  EXPECT_TRUE(submit(queue, 1).front().has_value());
  EXPECT_EQ(runner.answered(), 2U) << "of those that were given up none may be taken";
}

TEST(GroupCommit, ARequestWhoseTurnComesInTimeIsAnswered) {
  CountingRunner runner;
  GroupCommit queue([&] { runner.write_group(queue); });
  LongGroup group(runner, queue);
  const ApplyOptions patient{.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1)};
  std::thread waiting(
      [&] { EXPECT_TRUE(submit(queue, 1, Request::Kind::each, patient).front().has_value()); });
  runner.on_run = nullptr;
  group.end();
  waiting.join();
}

// Its deadline passes while a group has it: what the group does with it is the answer.
TEST(GroupCommit, ARequestThatHasBegunIsNotGivenUp) {
  CountingRunner runner;
  GroupCommit queue([&] { runner.write_group(queue); });
  std::chrono::steady_clock::time_point deadline;
  std::thread hurried;
  std::latch on_the_way{1};
  runner.on_run = [&] {
    if (!hurried.joinable()) {
      hurried = std::thread([&] {
        deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        on_the_way.count_down();
        EXPECT_TRUE(submit(queue, 1, Request::Kind::each, {.deadline = deadline}).front().has_value());
      });
      on_the_way.wait();
    }
    // Beyond the deadline, and until the other one has tried to give up.
    if (runner.requests_in_group == 2)
      std::this_thread::sleep_until(deadline + std::chrono::milliseconds(50));
    else
      std::this_thread::yield();
  };
  submit(queue, 100'000);   // in a hundred groups, so that the other one comes into the midst
  hurried.join();
}

// A group was offered the request and gave it back: it is not kept until the group is committed.
class GivenBack : public testing::TestWithParam<bool> {};

TEST_P(GivenBack, IsGivenUpAtItsDeadline) {
  const bool is_late_when_given_back = GetParam();
  CountingRunner runner;
  runner.take_at_most = 1;
  GroupCommit queue([&] { runner.write_group(queue); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  std::thread hurried;
  std::latch on_the_way{1};
  std::latch given_up{1};
  runner.on_judge = [&] {
    if (!hurried.joinable()) {
      hurried = std::thread([&] {
        on_the_way.count_down();
        const auto answer = submit(queue, 1, Request::Kind::each, {.deadline = deadline});
        EXPECT_EQ(answer.front().error(), ErrorCode::timeout);
        given_up.count_down();
      });
      on_the_way.wait();
    }
    const bool is_offered = runner.requests_in_group == 2;
    // Beyond the deadline, and until the other one has tried to give up.
    if (is_offered && is_late_when_given_back)
      std::this_thread::sleep_until(deadline + std::chrono::milliseconds(50));
  };
  runner.on_run = [&] {   // for ever, if the request were kept
    if (runner.requests_in_group == 2) given_up.wait();
  };
  std::jthread leader([&] { submit(queue, 100'000); });
  given_up.wait();
  runner.take_at_most = 4096;
  leader.join();
  hurried.join();
  EXPECT_EQ(runner.answered(), 100'000U) << "what was given up may not be taken";
}

INSTANTIATE_TEST_SUITE_P(LateWhenGivenBack, GivenBack, testing::Bool());

TEST(GroupCommit, RunsAloneWhatAsksForIt) {
  CountingRunner runner;
  GroupCommit queue([&] { runner.write_group(queue); });
  int alone = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        submit(queue, 1);
        queue.exclusively([&] { ++alone; });   // a race, if two ran at once
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(alone, 800);
  EXPECT_EQ(runner.answered(), 800U);
}

TEST(GroupCommit, PassesOnWhatIsThrownAndGoesOn) {
  CountingRunner runner;
  GroupCommit queue([&] { runner.write_group(queue); });
  EXPECT_THROW(queue.exclusively([] { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_TRUE(submit(queue, 1).front().has_value());
}

}   // namespace
}   // namespace usertags::store
