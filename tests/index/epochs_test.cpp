// Epochs: nothing is freed that a reader may see, and everything is, when nobody can.
#include "index/epochs.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace usertags::index {
namespace {

// Says when it is freed.
struct Flagged : Garbage {
  explicit Flagged(std::atomic<bool>& flag) : freed(flag) {}
  ~Flagged() override { freed = true; }
  std::atomic<bool>& freed;
};

void put(Limbo& limbo, std::atomic<bool>& freed) {
  limbo.put(std::make_unique<Flagged>(freed));
  limbo.sweep();
}

TEST(Epochs, WhatNobodySeesIsFreedAtOnce) {
  Limbo limbo;
  std::atomic<bool> freed = false;
  put(limbo, freed);
  EXPECT_TRUE(freed);
}

TEST(Epochs, AReaderKeepsWhatWasUnlinkedSinceItCame) {
  Limbo limbo;
  std::atomic<bool> before = false;
  std::atomic<bool> during = false;
  std::atomic<bool> after = false;
  put(limbo, before);
  {
    const EpochGuard outer;
    {
      const EpochGuard inner;
      put(limbo, during);
    }
    limbo.sweep();
    EXPECT_TRUE(before);
    EXPECT_FALSE(during) << "the inner reading has ended, and not the outer one";
  }
  put(limbo, after);
  EXPECT_TRUE(during);
  EXPECT_TRUE(after);
}

TEST(Epochs, AReaderWhoCameLaterKeepsNothing) {
  Limbo limbo;
  std::atomic<bool> freed = false;
  limbo.put(std::make_unique<Flagged>(freed));
  const EpochGuard reading;
  limbo.sweep();
  EXPECT_TRUE(freed);
}

TEST(Epochs, WhatIsLeftGoesWithTheLimbo) {
  std::atomic<bool> freed = false;
  const EpochGuard reading;
  {
    Limbo limbo;
    put(limbo, freed);
    EXPECT_FALSE(freed);
  }
  EXPECT_TRUE(freed);
}

// Far more threads than there are lines, all of them reading: those without a line are seen as well.
TEST(Epochs, ThreadsWithoutALineAreSeen) {
  constexpr int kThreads = 400;
  Limbo limbo;
  std::atomic<bool> first = false;
  std::atomic<bool> second = false;
  std::latch reading(kThreads + 1);
  std::latch one_is_left(kThreads);
  std::latch end(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      {
        const EpochGuard mine;
        reading.arrive_and_wait();
        if (i == kThreads - 1) {
          one_is_left.arrive_and_wait();
          end.wait();
          return;
        }
      }
      one_is_left.count_down();
      end.wait();
    });
  }
  reading.arrive_and_wait();
  put(limbo, first);
  one_is_left.wait();   // one of the crowd reads yet
  for (int i = 0; i < 40; ++i) limbo.sweep();
  EXPECT_FALSE(first);
  put(limbo, second);
  EXPECT_FALSE(second);
  end.count_down();
  threads.clear();
  limbo.sweep();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TEST(Epochs, LinesOfThreadsThatEndedAreUsedAgain) {
  Limbo limbo;
  for (int i = 0; i < 1000; ++i) std::jthread([] { const EpochGuard reading; }).join();
  EXPECT_NE(epochs::this_thread.ends, true);
  std::jthread([&] {
    const EpochGuard reading;
    EXPECT_NE(epochs::this_thread.line, nullptr);
  }).join();
}

// A child has none of the threads that were reading.
TEST(Epochs, AChildOfAForkWaitsForNoThreadOfItsParent) {
  std::latch reading(2);
  std::latch end(1);
  std::jthread thread([&] {
    const EpochGuard mine;
    reading.arrive_and_wait();
    end.wait();
  });
  reading.arrive_and_wait();
  const pid_t child = fork();
  if (child == 0) {
    Limbo limbo;
    std::atomic<bool> freed = false;
    put(limbo, freed);
    _exit(freed ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  end.count_down();
}

// Readers follow words that a writer turns to something else; what they find is alive for as long as they look.
// Things lie in a pool that outlives all of them, so that even one that was freed too early can be asked.
TEST(EpochsThreads, NothingIsFreedThatSomebodySees) {
  struct Thing {
    std::atomic<bool> freed{false};
  };
  constexpr std::size_t kThings = 100'000;
  constexpr std::size_t kWords = 4;
  const auto pool = std::make_unique<Thing[]>(kThings);
  std::array<std::atomic<Thing*>, kWords> words{};
  std::atomic<bool> ends = false;
  std::atomic<int> freed_too_early = 0;
  {
    Limbo limbo;
    std::vector<std::jthread> readers;   // gone before the limbo
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        for (std::size_t at = 0; !ends; at = (at + 1) % kWords) {
          const EpochGuard reading;
          const Thing* const thing = words[at].load(std::memory_order_seq_cst);
          for (int look = 0; thing != nullptr && look < 20; ++look) freed_too_early += thing->freed;
        }
      });
    }
    for (std::size_t i = 0; i < kThings; ++i) {
      Thing* const old = words[i % kWords].exchange(&pool[i], std::memory_order_seq_cst);
      if (old != nullptr) put(limbo, old->freed);
    }
    ends = true;
  }
  EXPECT_EQ(freed_too_early, 0);
  std::size_t freed = 0;
  for (std::size_t i = 0; i < kThings; ++i) freed += pool[i].freed;
  EXPECT_GE(freed, kThings - kWords);
}

}   // namespace
}   // namespace usertags::index
