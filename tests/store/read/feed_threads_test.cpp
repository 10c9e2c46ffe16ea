// The feed beside threads that write: nothing is missed, nothing comes twice, nobody waits for ever. Run
// under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/answers.hpp"
#include "support/property.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

constexpr int kWriters = 3;
constexpr auto kGuard = 10min;   // against hanging; no test waits for its end

int rounds() {
  return number_from_environment("USERTAGS_THREAD_ROUNDS", 300);
}

std::string name(int n) {
  return "user " + std::to_string(n);
}

enum class Kind { in_a_file, exclusive, in_memory };

class FeedThreads : public testing::TestWithParam<Kind> {
 protected:
  FeedThreads() : store_(open()) {
    for (int n = 0; n < kWriters; ++n) must(store_.create_user(name(n)));
  }

  UserTagStore open() const {
    Options options;
    options.durability = Durability::relaxed;
    options.housekeeping.backlog_users = 2;
    options.housekeeping.checkpoint_wal_bytes = 100'000;
    options.access = GetParam() == Kind::exclusive ? Access::exclusive : Access::read_write;
    if (GetParam() == Kind::in_memory) return must(UserTagStore::open_in_memory(options));
    return must(UserTagStore::open(folder_ / "users.db", options));
  }

  void write(int writer) {
    for (int n = 1; n <= rounds(); ++n) {
      must(store_.apply(name(writer), TagBatch().set("n", std::to_string(n))));
    }
  }

  // Follows the feed up to a revision, and holds each page against what is visible.
  void follow(std::uint64_t last) {
    Position position;
    std::map<std::string, int> counts;
    while (position.revision() < last) {
      const std::uint64_t announced = must(store_.wait_for_changes(position, kGuard));
      EXPECT_GT(announced, position.revision());
      const ChangePage page = must(store_.changes(position, 50));
      ASSERT_FALSE(page.changes.empty()) << "what was announced is there";
      for (const Change& change : page.changes) {
        ASSERT_EQ(change.revision, position.revision() + 1);
        position = position.at(change.revision);
        if (change.kind == ChangeKind::created) continue;
        ASSERT_EQ(change.tags.at(0).value, std::to_string(++counts[change.external_id]));
      }
      EXPECT_LE(position.revision(), store_.revision()) << "only what is visible is shown";
      EXPECT_GE(must(store_.find(page.changes.back().user_id)).revision(), position.revision());
      position = page.next;
    }
    for (const auto& [user, count] : counts) EXPECT_EQ(count, rounds()) << user;
  }

  TempDir folder_;
  UserTagStore store_;
};

TEST_P(FeedThreads, EveryFollowerSeesEveryRevisionOnceAndInOrder) {
  const std::uint64_t last = kWriters + static_cast<std::uint64_t>(kWriters * rounds());
  std::vector<std::jthread> threads;
  for (int n = 0; n < kWriters; ++n) threads.emplace_back([this, n] { write(n); });
  for (int n = 0; n < 2; ++n) threads.emplace_back([this, last] { follow(last); });
  threads.clear();
  EXPECT_EQ(store_.revision(), last);
}

// One change at a time, each written only when the one before was seen: whoever is missed once waits for
// ever.
TEST_P(FeedThreads, AWaitingFeedIsWokenByEachChange) {
  std::atomic<std::uint64_t> seen = kWriters;
  std::jthread follower([&] {
    for (int n = 0; n < rounds(); ++n) {
      const std::uint64_t next = must(store_.wait_for_changes(Position().at(seen), kGuard));
      EXPECT_EQ(next, seen + 1);
      seen = next;
      seen.notify_one();
    }
  });
  for (int n = 0; n < rounds(); ++n) {
    const std::uint64_t revision =
        must(store_.apply(name(0), TagBatch().set("n", std::to_string(n)))).revision;
    for (std::uint64_t now = seen; now < revision; now = seen) seen.wait(now);
  }
}

TEST_P(FeedThreads, CloseWakesAllWhoWait) {
  const Position position = store_.position();
  std::atomic<int> started = 0;
  std::array<std::optional<ErrorCode>, 4> answers;
  std::vector<std::jthread> threads;
  for (auto& answer : answers) {
    threads.emplace_back([&] {
      ++started;
      answer = code_of(store_.wait_for_changes(position, kGuard));
    });
  }
  while (started < 4) std::this_thread::yield();
  must(store_.close());
  threads.clear();
  for (const auto& answer : answers) EXPECT_EQ(answer, ErrorCode::store_closed);
}

TEST_P(FeedThreads, CloseGoesOnBesideReadersOfTheLog) {
  std::atomic<int> started = 0;
  std::vector<std::jthread> threads;
  for (int n = 0; n < 3; ++n) {
    threads.emplace_back([&] {
      for (bool first = true;; first = false) {
        const auto page = store_.changes({});
        const auto history = store_.history(name(0));
        if (first) ++started;
        if (page && history) continue;
        EXPECT_EQ(page ? code_of(history) : code_of(page), ErrorCode::store_closed);
        return;
      }
    });
  }
  while (started < 3) std::this_thread::yield();
  must(store_.close());
}

INSTANTIATE_TEST_SUITE_P(Stores, FeedThreads,
                         testing::Values(Kind::in_a_file, Kind::exclusive, Kind::in_memory));

}   // namespace
}   // namespace usertags::test
