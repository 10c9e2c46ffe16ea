#include "index/companion.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <deque>
#include <functional>
#include <latch>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace usertags::index {
namespace {

class Call final : public Companion::Work {
 public:
  explicit Call(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  const std::function<void()> function_;
};

class CompanionTest : public testing::Test {
 protected:
  std::uint64_t start(std::function<void()> function) {
    return companion_->start(calls_.emplace_back(std::move(function)));
  }

  std::deque<Call> calls_;
  std::vector<int> done_;   // by whoever runs: one after the other
  std::optional<Companion> companion_{std::in_place};
};

TEST_F(CompanionTest, WorkIsDoneOnceAndInOrderWhoeverDoesIt) {
  constexpr int kPieces = 2'000;
  std::vector<int> expected;
  for (int i = 0; i < kPieces; ++i) {
    expected.push_back(i);
    const std::uint64_t count = start([this, i] { done_.push_back(i); });
    if (i % 3 == 0) companion_->finish(count);
  }
  companion_->finish();
  EXPECT_EQ(done_, expected);
}

TEST_F(CompanionTest, ItGoesOnWhereWhoStartedItDoesNotWait) {
  std::latch reached(2);
  start([&] { reached.arrive_and_wait(); });
  reached.arrive_and_wait();
  companion_->finish();
}

TEST_F(CompanionTest, WhoWaitsForOnePieceWaitsForNoLaterOne) {
  std::latch released(1);
  const std::uint64_t first = start([this] { done_.push_back(1); });
  companion_->finish(first);
  start([&] { released.wait(); });
  companion_->finish(first);
  EXPECT_EQ(done_, std::vector{1});
  released.count_down();
  companion_->finish();
}

TEST_F(CompanionTest, ManyMayWait) {
  std::latch released(1);
  start([&] { released.wait(); });
  for (int i = 0; i < 100; ++i) start([this, i] { done_.push_back(i); });
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 4; ++i) waiting.emplace_back([this] { companion_->finish(); });
  released.count_down();
  waiting.clear();
  EXPECT_EQ(done_.size(), 100U);
}

TEST_F(CompanionTest, AllIsDoneBeforeItEnds) {
  for (int i = 0; i < 100; ++i) start([this, i] { done_.push_back(i); });
  companion_.reset();
  EXPECT_EQ(done_.size(), 100U);
}

TEST_F(CompanionTest, ItsThreadTakesNoSignals) {
  std::latch reached(2);
  sigset_t blocked{};
  start([&] {   // by the thread, because nobody else waits for it
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    reached.arrive_and_wait();
  });
  reached.arrive_and_wait();
  companion_->finish();
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1}) EXPECT_EQ(sigismember(&blocked, signal), 1);
  sigset_t ours{};
  pthread_sigmask(SIG_BLOCK, nullptr, &ours);
  EXPECT_EQ(sigismember(&ours, SIGTERM), 0);
}

}   // namespace
}   // namespace usertags::index
