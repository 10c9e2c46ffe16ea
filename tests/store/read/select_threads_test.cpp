// Asking by tags beside threads that write. Run under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <atomic>
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

constexpr int kWriters = 2;
constexpr int kSteady = 30;   // users who match throughout, each followed by one who comes and goes

int rounds() {
  return number_from_environment("USERTAGS_THREAD_ROUNDS", 300);
}

std::string passing(int n) {
  return "passing " + std::to_string(n);
}

class SelectThreads : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.durability = Durability::relaxed;
    options.housekeeping.backlog_users = 3;
    return options;
  }

  void SetUp() override {
    for (int n = 0; n < kSteady; ++n) {
      must(store_.create_user("steady " + std::to_string(n), {{"tier", "gold"}, {"n", "0"}}));
      must(store_.create_user(passing(n), {{"tier", "gold"}}));
    }
  }

  // Every user's tags change all the time. The steady ones stay gold; the others come and go in every way.
  void write(int writer) {
    for (int round = 0; round < rounds(); ++round) {
      const int n = (round * kWriters + writer) % kSteady;
      must(store_.apply("steady " + std::to_string(n), TagBatch().set("n", std::to_string(round))));
      if (n % kWriters != writer) continue;   // each of the others has one writer
      switch (round % 4) {
        case 0: must(store_.apply(passing(n), TagBatch().set("tier", "silver"))); break;
        case 1: must(store_.apply(passing(n), TagBatch().erase("tier"))); break;
        case 2: must(store_.apply(passing(n), TagBatch().set("tier", "gold"))); break;
        default:
          must(store_.delete_user(passing(n)));
          must(store_.create_user(passing(n), {{"tier", "gold"}}));
      }
    }
    --writing_;
  }

  // Runs the look on two threads for as long as the writers write, and once more.
  void beside_the_writers(const std::function<void()>& look) {
    {
      std::vector<std::jthread> threads;
      for (int writer = 0; writer < kWriters; ++writer)
        threads.emplace_back([this, writer] { write(writer); });
      for (int reader = 0; reader < 2; ++reader) {
        threads.emplace_back([&] {
          while (writing_ > 0) look();
        });
      }
    }
    look();
    EXPECT_TRUE(must(store_.verify()).ok());
  }

  static void expect_each_steady_once(const std::map<std::string, int>& seen) {
    for (int n = 0; n < kSteady; ++n) {
      const auto times = seen.find("steady " + std::to_string(n));
      ASSERT_TRUE(times != seen.end() && times->second == 1) << n;
    }
  }

  const Selector gold_ = key("tier") == "gold";
  std::atomic<int> writing_ = kWriters;
  TempDir folder_;
  UserTagStore store_ = must(UserTagStore::open(folder_ / "users.db", options()));
};

TEST_F(SelectThreads, AWalkReturnsWhoMatchesThroughoutExactlyOnce) {
  beside_the_writers([this] {
    std::map<std::string, int> seen;
    std::uint64_t revision = 0;
    PageRequest request{.limit = 7, .after = {}};
    do {
      const UserPage page = must(store_.select(gold_, request));
      EXPECT_GE(page.revision, revision);
      revision = page.revision;
      for (const User& user : page.users) {
        EXPECT_EQ(user.tag("tier"), "gold") << "a user is shown as it was when it matched";
        EXPECT_LE(user.revision(), page.revision);
        ++seen[std::string(user.external_id())];
      }
      request.after = page.next;
    } while (request.after);
    expect_each_steady_once(seen);
  });
}

TEST_F(SelectThreads, ForEachCallsForWhoMatchesThroughoutExactlyOnce) {
  beside_the_writers([this] {
    std::map<std::string, int> seen;
    const auto visited = must(store_.for_each(gold_, [&](const User& user) {
      EXPECT_EQ(user.tag("tier"), "gold");
      ++seen[std::string(user.external_id())];
    }));
    EXPECT_LE(visited.revision, store_.revision());
    expect_each_steady_once(seen);
  });
}

TEST_F(SelectThreads, CountsAreOfOneMomentAndNeverOlderThanWhatIsAcknowledged) {
  beside_the_writers([this] {
    const std::uint64_t before = store_.revision();
    const Count gold = must(store_.count(gold_));
    EXPECT_GE(gold.revision, before);
    EXPECT_GE(gold.count, static_cast<unsigned>(kSteady));
    EXPECT_LE(gold.count, 2U * kSteady);
    const Count steady = must(store_.count(key("tier") == "gold" && key("n").exists()));
    EXPECT_EQ(steady.count, static_cast<unsigned>(kSteady));
    std::uint64_t users = 0;
    for (const ValueCount& value : must(store_.tag_values("n", {.limit = 10'000})).values)
      users += value.users;
    EXPECT_EQ(users, static_cast<unsigned>(kSteady)) << "everybody has one value of a key at any moment";
  });
}

}   // namespace
}   // namespace usertags::test
