// A compaction beside threads that read, write and close. Run under ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

class CompactThreads : public testing::Test {
 protected:
  CompactThreads() { create_big_users(store_, 0, 2'999); }

  static Options options() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }

  TempDir folder_{memory_folder()};
  const std::filesystem::path path_ = folder_ / "users.db";
  UserTagStore store_ = must(UserTagStore::open(path_, options()));
};

// The compaction goes on only after more was read.
TEST_F(CompactThreads, ReadsOfMemoryAndOfTheFileGoOn) {
  std::atomic<int> reads{0};
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      EXPECT_TRUE(store_.find("7"));
      EXPECT_EQ(must(store_.count(key("a").exists())).count, 3'000U);
      EXPECT_EQ(must(store_.changes({}, 10)).changes.size(), 10U);
      reads = reads + 1;
      reads.notify_all();
    }
  });
  int calls = 0;
  const auto compacted = store_.compact([&](auto, auto) {
    ++calls;
    for (int now = reads, enough = now + 2; now < enough; now = reads) reads.wait(now);
    return true;
  });
  done = true;
  reader.join();
  must(compacted);
  EXPECT_GE(calls, 2);
}

TEST_F(CompactThreads, WritesWaitAndAreApplied) {
  std::vector<std::thread> writers;
  must(store_.compact([&](auto, auto) {
    if (writers.size() < 4) {
      writers.emplace_back(
          [this, n = writers.size()] { EXPECT_TRUE(store_.create_user("new " + std::to_string(n))); });
    }
    return true;
  }));
  const std::size_t count = writers.size();
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store_.revision(), 3'000 + count);
  EXPECT_TRUE(must(store_.verify()).ok());
}

TEST_F(CompactThreads, CompactionsAndCopiesBesideWritersAgree) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int n = 3'000; !done; ++n) EXPECT_TRUE(store_.create_user(std::to_string(n)));
  });
  std::thread compacter([&] {
    for (int n = 0; n < 5; ++n) {
      const auto answer = store_.compact();
      EXPECT_TRUE(answer || answer.error() == ErrorCode::busy) << told(answer);   // a copy pins the WAL
    }
  });
  for (int n = 0; n < 5; ++n) must(store_.backup(folder_ / "copy.db"));
  compacter.join();
  done = true;
  writer.join();
  EXPECT_TRUE(must(store_.verify()).ok());
  const auto copy = must(UserTagStore::open(folder_ / "copy.db", options()));
  EXPECT_EQ(copy.revision(), copy.stats().users);
}

TEST_F(CompactThreads, CloseWaitsForIt) {
  std::vector<std::thread> threads;
  must(store_.compact([&](auto, auto) {
    if (threads.empty()) threads.emplace_back([this] { EXPECT_TRUE(store_.close()); });
    return true;
  }));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(code_of(store_.compact()), ErrorCode::store_closed);
  EXPECT_EQ(must(UserTagStore::open(path_, options())).stats().users, 3'000U);
}

}   // namespace
}   // namespace usertags::test
