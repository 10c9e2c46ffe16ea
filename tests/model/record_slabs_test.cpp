#include "model/record_slabs.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace usertags::model {
namespace {

struct Taken {
  RecordBlock block;
  std::size_t bytes = 0;
  unsigned char pattern = 0;
};

Taken take(std::size_t bytes, unsigned pattern) {
  const Taken taken{RecordSlabs::take(bytes), bytes, static_cast<unsigned char>(pattern)};
  std::memset(taken.block.at, taken.pattern, RecordSlabs::size_of(bytes));
  return taken;
}

void give(const Taken& taken) {
  const auto* const bytes = static_cast<const unsigned char*>(taken.block.at);
  for (std::size_t i = 0; i < RecordSlabs::size_of(taken.bytes); ++i)
    ASSERT_EQ(bytes[i], taken.pattern);   // nobody else has it
  RecordSlabs::give(taken.block);
}

TEST(RecordSlabs, HaveRoomForWhatIsAskedFor) {
  for (std::size_t bytes = 40; bytes < 1000; ++bytes) {
    EXPECT_GE(RecordSlabs::size_of(bytes), bytes);
    EXPECT_LT(RecordSlabs::size_of(bytes), bytes + RecordSlabs::kStep);
  }
}

TEST(RecordSlabs, LargeBlocksAreTheAllocators) {
  for (const std::size_t bytes : {40U, 503U, 504U}) {
    const Taken taken = take(bytes, 1);
    EXPECT_EQ(taken.block.is_of_slab, PageRuns::is_used()) << bytes;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(taken.block.at) % 8, 0U);
    give(taken);
  }
  for (const std::size_t bytes : {505U, 5'000U, 100'000U}) {
    const Taken taken = take(bytes, 1);
    EXPECT_FALSE(taken.block.is_of_slab) << bytes;
    give(taken);
  }
}

TEST(RecordSlabs, NoTwoBlocksLieOnEachOther) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 engine(seed);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  const std::size_t before = RecordSlabs::blocks_taken();
  std::vector<Taken> all;
  for (unsigned step = 0; step < 200'000; ++step) {
    const bool grows = step % 40'000 < 25'000;
    if (all.empty() || random() % 8 < (grows ? 6U : 2U)) {
      all.push_back(take(40 + random() % 100 * (random() % 50 == 0 ? 8 : 1), random()));
    } else {
      std::swap(all[random() % all.size()], all.back());
      give(all.back());
      all.pop_back();
    }
  }
  for (const Taken& taken : all) give(taken);
  EXPECT_EQ(RecordSlabs::blocks_taken(), before);
}

// Those of one size leave their room to those of another.
TEST(RecordSlabs, WhatIsFreeIsTakenForOtherSizes) {
  const std::size_t before = PageRuns::figures().taken_bytes;
  for (const std::size_t bytes : {64U, 200U, 480U, 64U}) {
    constexpr std::size_t kAll = std::size_t{8} << 20;
    std::vector<Taken> all;
    while (all.size() * bytes < kAll) all.push_back(take(bytes, 7));
    const std::size_t taken = PageRuns::figures().taken_bytes - before;
    EXPECT_TRUE(!PageRuns::is_used() || (taken >= kAll && taken <= kAll + kAll / 50)) << taken;
    for (const Taken& each : all) give(each);
    EXPECT_EQ(PageRuns::figures().taken_bytes, before);
  }
}

TEST(RecordSlabs, OneThreadGivesWhatAnotherTook) {
  constexpr std::size_t kBlocks = 5'000;
  std::vector<std::vector<Taken>> taken(4);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t step = 0; step < kBlocks; ++step) taken[i].push_back(take(40 + step % 200, i));
      });
    }
  }
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (const Taken& block : taken[(i + 1) % 4]) give(block);
    });
  }
}

// Others are at it while it is made.
TEST(RecordSlabs, AChildOfAForkTakesAndGives) {
  std::atomic<bool> done{false};
  std::jthread busy([&] {
    while (!done) give(take(100, 3));
  });
  const Taken kept = take(80, 5);
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      give(kept);
      give(take(200, 9));
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  give(kept);
  done = true;
}

}   // namespace
}   // namespace usertags::model
