// Nodes with threads of their own, over one simulated engine whose time follows the clock.
#include <usertags/cluster/node.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/membership.hpp"
#include "cluster/node_access.hpp"
#include "cluster/simulated/simulated_log.hpp"
#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::cluster {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::must;

// An engine for threads: one call at a time.
struct SharedEngine {
  std::mutex mutex;
  Simulation simulation{1};
  SimulatedEngine engine{simulation};
};

// A log of it. What waits for the clock waits outside of the lock.
class ThreadedLog : public Log {
 public:
  explicit ThreadedLog(SharedEngine& shared) : shared_(shared), log_(shared.simulation, shared.engine) {
    log_.faults.latency = {};
  }

  template <class Call>
  auto locked(Call&& call) noexcept {
    const std::lock_guard lock(shared_.mutex);
    const auto behind =
        std::chrono::steady_clock::now() - started_ - shared_.simulation.now().time_since_epoch();
    if (behind.count() > 0) shared_.simulation.sleep(behind);
    return call();
  }

  Result<std::optional<SeenHead>> read_head(Milliseconds within) noexcept override {
    return locked([&] { return log_.read_head(within); });
  }
  Attempt found(const Head& head, Milliseconds within) noexcept override {
    return locked([&] { return log_.found(head, within); });
  }
  Attempt append(const SeenHead& before, const Head& after, std::string_view entry,
                 const std::optional<LeaderPut>& leader, Milliseconds within) noexcept override {
    return locked([&] { return log_.append(before, after, entry, leader, within); });
  }
  Attempt take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                    Milliseconds within) noexcept override {
    return locked([&] { return log_.take_over(before, after, leader, within); });
  }
  Result<Stretch> read_entries(std::uint64_t first, std::size_t bytes,
                               Milliseconds within) noexcept override {
    return locked([&] { return log_.read_entries(first, bytes, within); });
  }
  std::unique_ptr<Watch> watch(std::int64_t position) noexcept override {
    return std::make_unique<PollingWatch>(*this, position);
  }
  Result<void> put_part(std::uint64_t entry, const Id& nonce, std::uint64_t index, std::string_view bytes,
                        Milliseconds within) noexcept override {
    return locked([&] { return log_.put_part(entry, nonce, index, bytes, within); });
  }
  Result<std::string> read_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                Milliseconds within) noexcept override {
    return locked([&] { return log_.read_part(entry, nonce, index, within); });
  }
  Result<void> sweep_parts(const SeenHead& head, Milliseconds within) noexcept override {
    return locked([&] { return log_.sweep_parts(head, within); });
  }
  Result<void> trim(std::uint64_t below, Milliseconds within) noexcept override {
    return locked([&] { return log_.trim(below, within); });
  }
  Result<Lease> grant_lease(Milliseconds length, Milliseconds within) noexcept override {
    return locked([&] { return log_.grant_lease(length, within); });
  }
  Result<void> keep_lease(Lease lease, Milliseconds within) noexcept override {
    return locked([&] { return log_.keep_lease(lease, within); });
  }
  Result<void> revoke_lease(Lease lease, Milliseconds within) noexcept override {
    return locked([&] { return log_.revoke_lease(lease, within); });
  }
  Result<std::optional<Leader>> read_leader(Milliseconds within) noexcept override {
    return locked([&] { return log_.read_leader(within); });
  }
  Result<bool> remove_leader(const Leader& leader, Milliseconds within) noexcept override {
    return locked([&] { return log_.remove_leader(leader, within); });
  }
  Result<void> put_member(const Member& member, Lease lease, Milliseconds within) noexcept override {
    return locked([&] { return log_.put_member(member, lease, within); });
  }
  Result<std::vector<Member>> read_members(Milliseconds within) noexcept override {
    return locked([&] { return log_.read_members(within); });
  }
  Result<std::optional<Snapshot>> read_snapshot(Milliseconds within) noexcept override {
    return locked([&] { return log_.read_snapshot(within); });
  }
  Result<bool> advance_snapshot(const Snapshot& snapshot, Milliseconds within) noexcept override {
    return locked([&] { return log_.advance_snapshot(snapshot, within); });
  }
  Result<Usage> usage(Milliseconds within) noexcept override {
    return locked([&] { return log_.usage(within); });
  }
  void stop() noexcept override {
    locked([&] { return log_.stop(), true; });
  }

 private:
  class PollingWatch : public Watch {
   public:
    PollingWatch(ThreadedLog& log, std::int64_t position) : log_(log), watch_(log.log_.watch(position)) {}

    Event next(Milliseconds within) noexcept override {
      const auto end = std::chrono::steady_clock::now() + within;
      while (true) {
        Event event = log_.locked([&] { return watch_->next(0ms); });
        if (event.ended || !event.entries.empty() || std::chrono::steady_clock::now() >= end) return event;
        std::this_thread::yield();
      }
    }

   private:
    ThreadedLog& log_;
    const std::unique_ptr<Watch> watch_;
  };

  static inline const auto started_ = std::chrono::steady_clock::now();
  SharedEngine& shared_;
  SimulatedLog log_;
};

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    must(must(UserTagStore::open(file(0))).close());
    ThreadedLog log(shared_);
    must(found(file(0), {}, {{1}, {2}, {100}}, log, 10s));
    std::filesystem::copy_file(file(0), file(1));
    as_new_node(file(1), {101}, 1s);
  }

  std::filesystem::path file(int number) const { return folder_ / ("node" + std::to_string(number) + ".db"); }
  Node join(int number) {
    return must(NodeAccess::join(
        file(number), {.cluster = "c", .address = "machine " + std::to_string(number), .lease = 1s},
        std::make_unique<ThreadedLog>(shared_)));
  }
  // Where this does not come, the test does not end, and is ended from outside.
  static void await(const auto& condition) {
    while (!condition()) std::this_thread::yield();
  }

  const test::TempDir folder_{test::memory_folder()};
  SharedEngine shared_;
};

TEST_F(NodeTest, OneLeadsTheOtherTakesOver) {
  Node first = join(0);
  await([&] { return first.leading(); });
  Node second = join(1);
  must(first.store().create_user("a", {}, {.token = "t"}));
  EXPECT_EQ(must(second.read_latest(10s)), 1U);
  EXPECT_TRUE(second.store().find("a"));
  EXPECT_EQ(code_of(second.store().create_user("b")), ErrorCode::not_leader);
  await([&] { return must(second.status()).leader.has_value(); });
  EXPECT_EQ(must(second.status()).leader, "machine 0");
  must(first.close());
  must(first.close());
  EXPECT_EQ(code_of(first.store().create_user("b")), ErrorCode::store_closed);
  await([&] { return second.leading(); });
  EXPECT_TRUE(must(second.store().create_user("a", {}, {.token = "t"})).replayed);
  EXPECT_EQ(second.term(), 2U);
  EXPECT_TRUE(second.freshness().as_of);
  EXPECT_FALSE(must(second.status()).failure);
}

// Threads write to whoever leads, while the lead goes to and fro: now and then, or it does nothing else.
TEST_F(NodeTest, WritersFollowTheLead) {
  Node nodes[] = {join(0), join(1)};
  constexpr int kWriters = 3;
  constexpr int kWrites = 100;
  constexpr int kBetweenHandOvers = 10;
  std::atomic<int> written{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kWrites; ++i) {
        const std::string name = std::to_string(writer) + "-" + std::to_string(i);
        for (std::size_t at = 0;; ++at) {
          const auto answer = nodes[at % 2].store().create_user(name, {}, {.token = name});
          if (answer) {
            ++written;
            break;
          }
          const ErrorCode code = answer.error().code();
          ASSERT_TRUE(code == ErrorCode::not_leader || code == ErrorCode::busy) << answer.error().message();
          std::this_thread::yield();
        }
      }
      ++done;
    });
  }
  std::thread hand_over([&] {
    while (done < kWriters) {
      for (Node& node : nodes) std::ignore = node.resign();
      const int before = written;
      while (done < kWriters && written < before + kBetweenHandOvers) std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  hand_over.join();
  for (Node& node : nodes) {
    EXPECT_EQ(must(node.read_latest(10s)), kWriters * kWrites);
    EXPECT_TRUE(must(node.store().verify()).ok());
    EXPECT_FALSE(must(node.status()).failure);
    must(node.close());
  }
}

// A store that cannot have the user does not answer that there is none.
TEST_F(NodeTest, AUserOfAnotherShardIsNotSought) {
  constexpr store::Shard kHere{.number = 2, .count = 4};
  const auto is_here = [&](const std::string& user) { return kHere.has(user); };
  const auto name_of = [&](bool here) {
    for (int i = 0;; ++i)
      if (std::string user = "user " + std::to_string(i); is_here(user) == here) return user;
  };
  const std::string own = name_of(true), other = name_of(false);
  must(must(UserTagStore::open(folder_ / "shard.db")).close());
  SharedEngine shared;
  ThreadedLog log(shared);
  must(cluster::found(folder_ / "shard.db", {}, {{1}, {2}, {100}}, log, 1s, kHere));
  Node node = must(NodeAccess::join(folder_ / "shard.db", {.cluster = "c", .lease = 1s},
                                    std::make_unique<ThreadedLog>(shared), kHere));
  await([&] { return node.leading(); });
  UserTagStore& store = node.store();
  const UserId id = must(store.create_user(own)).user->id();
  EXPECT_TRUE(is_here(std::string(id.view()))) << "an id bears the slot of its external id";
  EXPECT_EQ(code_of(store.create_user(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.ensure_user(other, {})), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.apply(other, TagBatch().set("a", "b"))), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.delete_user(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.find(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.find_each(std::vector<UserRef>{own, other}).back()), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.read(other, [](const UserView&) {})), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.history(other)), ErrorCode::wrong_shard);
  EXPECT_EQ(code_of(store.find("")), ErrorCode::user_not_found);
  must(store.delete_user(own));
  EXPECT_EQ(code_of(store.find(own)), ErrorCode::user_not_found);
  EXPECT_EQ(code_of(store.find(id.view())), ErrorCode::user_not_found);
  must(node.close());
}

TEST_F(NodeTest, AShardIsFoundedOfItsOwnUsersAlone) {
  constexpr std::uint64_t kShards = 4;
  UserTagStore store = must(UserTagStore::open(folder_ / "all.db"));
  must(store.create_user("somebody"));
  must(store.close());
  const std::uint64_t own = store::shard_of("somebody", kShards);
  SharedEngine shared;
  ThreadedLog log(shared);
  for (std::uint64_t shard = 0; shard < kShards; ++shard) {
    if (shard == own) continue;
    EXPECT_EQ(code_of(cluster::found(folder_ / "all.db", {}, {{1}, {2}, {100}}, log, 1s, {shard, kShards})),
              ErrorCode::wrong_shard);
  }
  must(cluster::found(folder_ / "all.db", {}, {{1}, {2}, {100}}, log, 1s, {own, kShards}));
}

TEST_F(NodeTest, AFileOfNoClusterDoesNotJoin) {
  must(must(UserTagStore::open(folder_ / "free.db")).close());
  const auto refused =
      NodeAccess::join(folder_ / "free.db", {.cluster = "c"}, std::make_unique<ThreadedLog>(shared_));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
}

}   // namespace
}   // namespace usertags::cluster
