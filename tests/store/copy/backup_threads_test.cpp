// Backups beside threads that write, that copy, too, and that close the store. Run under ThreadSanitizer.
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

class BackupThreads : public testing::Test {
 protected:
  static constexpr int kUsers = 3'000;   // some steps of a copy

  UserTagStore open(const std::filesystem::path& path) const {
    Options options;
    options.durability = Durability::relaxed;
    return must(UserTagStore::open(path, options));
  }
  // Users are named by numbers in the order of creation: the copy has the first of them, as many as it has
  // revisions.
  static void expect_prefix(const UserTagStore& copy) {
    EXPECT_TRUE(must(copy.verify()).ok());
    EXPECT_EQ(copy.stats().users, copy.revision());
    std::uint64_t expected = 0;
    must(copy.for_each(Selector(),
                       [&](const User& user) { EXPECT_EQ(user.external_id(), std::to_string(expected++)); }));
  }

  TempDir folder_{memory_folder()};
  const std::filesystem::path path_ = folder_ / "users.db";
  const std::filesystem::path copy_ = folder_ / "copy.db";
};

// The copy goes on only after more was committed: it holds nobody up.
TEST_F(BackupThreads, ACopyBesideAWriterIsAPrefixAndHoldsNobodyUp) {
  auto store = open(path_);
  create_big_users(store, 0, kUsers - 1);
  const std::uint64_t first = store.revision();
  std::atomic<int> written{kUsers};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done) {
      EXPECT_TRUE(store.create_user(std::to_string(written)));
      written = written + 1;
      written.notify_all();
    }
  });
  int calls = 0;
  const auto copied = store.backup(copy_, [&](auto, auto) {
    ++calls;
    for (int now = written, enough = now + 10; now < enough; now = written) written.wait(now);
    return calls < 1'000;   // it is not begun anew with every commit
  });
  const std::uint64_t last = store.revision();
  done = true;
  writer.join();
  must(copied);
  EXPECT_GT(calls, 1);
  const auto copy = open(copy_);
  EXPECT_GE(copy.revision(), first);
  EXPECT_LT(copy.revision(), last - 10) << "it is of the moment at which it began";
  expect_prefix(copy);
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(BackupThreads, ManyCopiesAtOnceAreEachWhole) {
  auto store = open(path_);
  create_big_users(store, 0, kUsers - 1);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int n = kUsers; !done; ++n) EXPECT_TRUE(store.create_user(std::to_string(n)));
  });
  std::vector<std::thread> copiers;
  for (int n = 0; n < 4; ++n) {
    copiers.emplace_back([&, n] { EXPECT_TRUE(store.backup(folder_ / ("copy " + std::to_string(n)))); });
  }
  for (std::thread& copier : copiers) copier.join();
  done = true;
  writer.join();
  for (int n = 0; n < 4; ++n) expect_prefix(open(folder_ / ("copy " + std::to_string(n))));
}

TEST_F(BackupThreads, CopiesToOnePlaceComeOneAfterTheOther) {
  auto store = open(path_);
  create_big_users(store, 0, kUsers - 1);
  std::vector<std::thread> copiers;
  std::atomic<int> copied{0};
  for (int n = 0; n < 4; ++n) {
    copiers.emplace_back([&] {
      const auto answer = store.backup(copy_);
      const bool lost_a_race =
          answer ? false : answer.error() == ErrorCode::busy || answer.error() == ErrorCode::store_locked;
      EXPECT_TRUE(answer || lost_a_race) << told(answer);
      if (answer) ++copied;
    });
  }
  for (std::thread& copier : copiers) copier.join();
  EXPECT_GE(copied, 1);
  EXPECT_EQ(everything(open(copy_)), everything(store));
}

TEST_F(BackupThreads, CloseWaitsForTheCopy) {
  auto store = open(path_);
  create_big_users(store, 0, kUsers - 1);
  std::atomic<bool> closing{false};
  std::atomic<bool> closed{false};
  std::vector<std::thread> threads;
  const auto copied = store.backup(copy_, [&](auto, auto) {
    if (!threads.empty()) return !closed;
    threads.emplace_back([&] {
      EXPECT_TRUE(store.close());
      closed = true;
    });
    threads.emplace_back([&] {
      while (store.revision() != 0) std::this_thread::yield();   // 0: close() has begun
      closing = true;
      closing.notify_all();
    });
    closing.wait(false);
    return true;
  });
  for (std::thread& thread : threads) thread.join();
  must(copied);
  EXPECT_EQ(code_of(store.backup(copy_)), ErrorCode::store_closed);
  EXPECT_FALSE(std::filesystem::exists(path_.string() + "-wal")) << "no reader hindered the close";
  expect_prefix(open(copy_));
}

}   // namespace
}   // namespace usertags::test
