// Threads: what callers may rely on when many use one store at once. Run under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/answers.hpp"
#include "support/property.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

constexpr int kThreads = 4;

int rounds() {
  return number_from_environment("USERTAGS_THREAD_ROUNDS", 400);
}

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < count; ++t) threads.emplace_back(work, t);
}

std::string name(int n) {
  return "user " + std::to_string(n);
}

// The revisions that one thread has seen: of the store, and of each user. Neither ever runs backwards.
class Witness {
 public:
  void sees(std::uint64_t revision) {
    EXPECT_GE(revision, store_);
    store_ = revision;
  }
  void sees(const User& user) {
    std::uint64_t& last = users_[std::string(user.external_id())];
    EXPECT_GE(user.revision(), last) << user.external_id();
    last = user.revision();
  }

 private:
  std::uint64_t store_ = 0;
  std::map<std::string, std::uint64_t> users_;
};

class Threads : public testing::Test {
 protected:
  static constexpr int kUsers = 8;

  static Options options() {
    Options options;
    options.durability = Durability::relaxed;
    options.housekeeping.backlog_users = 3;
    options.housekeeping.checkpoint_wal_bytes = 100'000;
    settings_of(options).history.min_changes = 50;
    return options;
  }

  void create_users() {
    for (int n = 0; n < kUsers; ++n) must(store_.create_user(name(n)));
  }
  void expect_proof() { EXPECT_TRUE(must(store_.verify()).ok()); }
  void reopen() {
    must(store_.close());
    store_ = must(UserTagStore::open(folder_ / "users.db", options()));
  }

  TempDir folder_;
  UserTagStore store_ = must(UserTagStore::open(folder_ / "users.db", options()));
};

TEST_F(Threads, AReadAfterAnAcknowledgementSeesItAndNothingRunsBackwards) {
  create_users();
  std::array<std::map<std::string, int>, kThreads> written;
  std::atomic<int> writers = kThreads;
  const auto write = [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    const std::string key = "counter " + std::to_string(thread);
    Witness witness;
    for (int n = 1; n <= rounds(); ++n) {
      const std::string user = name(static_cast<int>(random() % kUsers));
      const auto applied = must(store_.apply(user, TagBatch().set(key, std::to_string(n))));
      written[static_cast<std::size_t>(thread)][user] = n;
      const User found = must(store_.find(user));
      EXPECT_LE(applied.revision, found.revision());
      EXPECT_EQ(value_of(found, key), std::to_string(n));
      witness.sees(*applied.user);
      witness.sees(found);
      witness.sees(store_.revision());
    }
    --writers;
  };
  const auto read = [&] {
    std::vector<std::string> names;
    for (int n = 0; n < kUsers; ++n) names.push_back(name(n));
    const std::vector<UserRef> refs(names.begin(), names.end());
    Witness witness;
    while (writers > 0) {
      const std::uint64_t before = store_.revision();
      const UserPage page = must(store_.list());
      EXPECT_GE(page.revision, before);
      EXPECT_LE(page.revision, store_.revision());
      EXPECT_EQ(page.users.size(), refs.size());
      std::uint64_t newest = 0;
      for (const User& user : page.users) witness.sees(user), newest = std::max(newest, user.revision());
      EXPECT_EQ(newest, page.revision) << "a page shows one moment";
      for (const auto& found : store_.find_each(refs)) witness.sees(*found);
      witness.sees(page.revision);
    }
  };
  in_threads(kThreads + 2, [&](int thread) { thread < kThreads ? write(thread) : read(); });

  EXPECT_EQ(store_.revision(), kUsers + static_cast<unsigned>(kThreads * rounds()));
  for (int repeat = 0; repeat < 2; ++repeat, reopen()) {
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      for (const auto& [user, n] : written[thread]) {
        EXPECT_EQ(value_of(store_, user, "counter " + std::to_string(thread)), std::to_string(n));
      }
    }
    expect_proof();
  }
}

TEST_F(Threads, AnExpectedRevisionLetsOneOfManyWin) {
  create_users();
  std::atomic<int> won = 0;
  in_threads(kThreads, [&](int) {
    for (int n = 0; n < rounds(); ++n) {
      const User user = must(store_.find(name(0)));
      const auto count = user.tag("count");
      const std::string next = std::to_string(count ? std::stoi(std::string(*count)) + 1 : 1);
      const auto applied =
          store_.apply(name(0), TagBatch().set("count", next), {.expected_revision = user.revision()});
      if (applied)
        ++won;
      else
        EXPECT_EQ(applied.error().code(), ErrorCode::revision_mismatch) << told(applied);
    }
  });
  EXPECT_EQ(value_of(store_, name(0), "count"), std::to_string(won));
  EXPECT_EQ(store_.revision(), kUsers + static_cast<unsigned>(won));
}

TEST_F(Threads, OneOfManyCreationsOfANameWins) {
  for (int n = 0; n < 50; ++n) {
    std::array<std::optional<Result<Applied>>, kThreads> answers;
    in_threads(kThreads,
               [&](int thread) { answers[static_cast<std::size_t>(thread)] = store_.create_user(name(n)); });
    const std::string id(must(store_.find(name(n))).id());
    int winners = 0;
    for (const auto& answer : answers) {
      if (*answer) {
        ++winners;
        EXPECT_EQ((*answer)->user->id(), id);
      } else {
        EXPECT_EQ((*answer).error().existing_id(), id);
      }
    }
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(Threads, ManyWritesInOneCallKeepTheirOrderAmongOthers) {
  in_threads(kThreads, [&](int thread) {
    const std::string user = "own " + std::to_string(thread);
    std::vector<Write> writes{CreateUser{user, {{"n", "0"}}, {}}};
    for (int n = 1; n <= rounds(); ++n) {
      writes.push_back(
          PatchUser{user, TagBatch().update("n", std::to_string(n), {std::to_string(n - 1)}), {}});
    }
    std::uint64_t last = 0;
    for (const auto& answer : store_.apply_each(writes)) {
      ASSERT_TRUE(answer) << told(answer);
      EXPECT_GT(answer->revision, last);
      last = answer->revision;
    }
    EXPECT_EQ(value_of(store_, user, "n"), std::to_string(rounds()));
  });
  expect_proof();
}

TEST_F(Threads, CareGoesOnBesideReadersAndWriters) {
  create_users();
  std::atomic<int> writers = kThreads;
  in_threads(kThreads + 1, [&](int thread) {
    if (thread == kThreads) {
      while (writers > 0) {
        must(store_.maintain(std::chrono::milliseconds(1)));
        must(store_.checkpoint());
        expect_proof();
        const std::uint64_t folded = store_.stats().folded_revision;
        EXPECT_LE(folded, store_.revision()) << "only what is visible is folded";
      }
      return;
    }
    for (int n = 0; n < rounds(); ++n) {
      must(store_.apply(name(n % kUsers), TagBatch().set("t" + std::to_string(thread), std::to_string(n))));
    }
    --writers;
  });
  expect_proof();
}

// What a large group folds is made ready beside it, while users are created, patched and deleted.
TEST_F(Threads, LargeGroupsAreFoldedWhileUsersComeAndGo) {
  constexpr int kMine = 400;   // each writer's users
  constexpr int kGroup = 150;
  std::array<std::map<std::string, std::string>, kThreads> users;
  std::atomic<int> writers = kThreads;
  in_threads(kThreads + 1, [&](int thread) {
    if (thread == kThreads) {
      while (writers > 0) std::ignore = must(store_.count(key("k") == "0.1"));
      return;
    }
    auto& mine = users[static_cast<std::size_t>(thread)];
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int round = 0; round < rounds() / 10; ++round) {
      std::vector<Write> writes;
      for (int i = 0; i < kGroup; ++i) {
        const std::string user = std::to_string(thread) + "-" + std::to_string(random() % kMine);
        const std::string value = std::to_string(round) + "." + std::to_string(i);
        const auto found = mine.find(user);
        if (found == mine.end()) {
          writes.push_back(CreateUser{user, {{"k", value}}, {}});
          mine.emplace(user, value);
        } else if (random() % 10 == 0) {
          writes.push_back(DeleteUser{user, {}});
          mine.erase(found);
        } else {
          writes.push_back(PatchUser{user, TagBatch().update("k", value, {found->second}), {}});
          found->second = value;
        }
      }
      for (const auto& answer : store_.apply_each(writes)) ASSERT_TRUE(answer) << told(answer);
    }
    --writers;
  });
  EXPECT_GT(store_.stats().folded_users, 1'000U);
  expect_proof();
  reopen();
  std::size_t total = 0;
  for (const auto& mine : users) {
    total += mine.size();
    for (const auto& [user, value] : mine) EXPECT_EQ(value_of(store_, user, "k"), value);
  }
  EXPECT_EQ(store_.stats().users, total);
}

TEST_F(Threads, CloseAnswersEachWriteWithAppliedOrClosed) {
  create_users();
  std::array<int, kThreads> applied{};
  std::atomic<int> started = 0;
  in_threads(kThreads + 1, [&](int thread) {
    if (thread == kThreads) {
      while (started < kThreads) std::this_thread::yield();   // each has a write that was applied
      must(store_.close());
      return;
    }
    for (int n = 1;; ++n) {
      const auto answer = store_.apply(name(thread), TagBatch().set("n", std::to_string(n)));
      if (!answer) {
        EXPECT_EQ(answer.error().code(), ErrorCode::store_closed) << told(answer);
        return;
      }
      applied[static_cast<std::size_t>(thread)] = n;
      if (n == 1) ++started;
    }
  });
  reopen();
  unsigned total = kUsers;
  for (int thread = 0; thread < kThreads; ++thread) {
    const int count = applied[static_cast<std::size_t>(thread)];
    total += static_cast<unsigned>(count);
    EXPECT_EQ(value_of(store_, name(thread), "n"), std::to_string(count));
  }
  EXPECT_EQ(store_.revision(), total);
  expect_proof();
}

TEST_F(Threads, SnapshotsAreSharedFreely) {
  create_users();
  const User shared = must(store_.apply(name(0), TagBatch().set("tier", "gold"))).user.value();
  in_threads(kThreads, [&](int) {
    for (int n = 0; n < rounds(); ++n) {
      const User copy = shared;
      const auto value = copy.tag("tier");
      EXPECT_EQ(value, "gold");
    }
  });
}

}   // namespace
}   // namespace usertags::test
