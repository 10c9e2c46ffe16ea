// Replicas over a simulated log: what each of them does on a day that the test chooses. Days that chance chooses are
// tests/torture/cluster_world.hpp's.
#include "cluster/replica.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/membership.hpp"
#include "cluster/simulated/simulated_log.hpp"
#include "store/store_access.hpp"
#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::cluster {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::must;

Id id_of(std::uint8_t number) {
  Id id{};
  id.front() = number;
  return id;
}

const Binding kBinding{id_of(1), id_of(2), id_of(100)};

// Lets things happen before whoever has taken over hears of it.
class InterruptedLog final : public SimulatedLog {
 public:
  using SimulatedLog::SimulatedLog;
  Attempt take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                    Milliseconds within) noexcept override {
    Attempt attempt = SimulatedLog::take_over(before, after, leader, within);
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return attempt;
  }

  std::function<void()> meanwhile;
};

class ReplicaTest : public testing::Test {
 protected:
  // A machine whose process runs from its making to its end.
  struct Machine {
    Machine(ReplicaTest& test, std::size_t number, std::size_t node, Timing timing)
        : log(test.simulation_, test.engine_),
          replica(log,
                  {.node = id_of(static_cast<std::uint8_t>(100 + node)),
                   .process = test.new_id(),
                   .address = "machine " + std::to_string(number)},
                  timing,
                  {.now = [&test] { return test.simulation_.now(); },
                   .new_id = [&test] { return test.new_id(); },
                   .pause = [&test](Milliseconds time) { test.simulation_.sleep(time); },
                   .warn = [&test](const std::string& line) { test.warnings_.push_back(line); }}),
          store(must(store::StoreAccess::open(test.file(number), relaxed(), replica))) {
      replica.attach(store::StoreAccess::engine(store));
    }

    InterruptedLog log;
    Replica replica;
    UserTagStore store;
  };

  static Options relaxed() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }
  std::filesystem::path file(std::size_t number) const {
    return folder_ / ("node" + std::to_string(number) + ".db");
  }
  Id new_id() {
    Id id = id_of(static_cast<std::uint8_t>(++ids_));
    id.back() = 9;
    return id;
  }

  // A cluster of so many files.
  void found(std::size_t machines) {
    {
      UserTagStore store = must(UserTagStore::open(file(0)));
      must(store.create_user("base", {{"tier", "gold"}}));
      must(store.close());
    }
    SimulatedLog log(simulation_, engine_);
    must(cluster::found(file(0), {}, kBinding, log, 1s));
    for (std::size_t i = 1; i < machines; ++i) {
      std::filesystem::copy_file(file(0), file(i));
      as_new_node(file(i), id_of(static_cast<std::uint8_t>(100 + i)), 1s);
    }
  }
  static Timing timing() { return {.answer_within = 2s, .trim_entries = 1}; }
  std::unique_ptr<Machine> start(std::size_t number) {
    return std::make_unique<Machine>(*this, number, number, timing());
  }
  std::unique_ptr<Machine> start(std::size_t number, const Timing& timing) {
    return std::make_unique<Machine>(*this, number, number, timing);
  }

  // Steps all of them in turn until the condition holds.
  template <class Condition>
  static bool step_until(const std::vector<Machine*>& machines, Condition&& condition) {
    for (int i = 0; i < 200 && !condition(); ++i) {
      for (Machine* machine : machines) machine->replica.step();
    }
    return condition();
  }
  static bool make_leader(Machine& machine) {
    return step_until({&machine}, [&] { return machine.replica.leads(); });
  }
  static ErrorCode why_stopped(Machine& machine) {
    EXPECT_TRUE(step_until({&machine}, [&] { return machine.replica.status().role == Role::stopped; }));
    const auto error = machine.replica.status().error;
    return error ? error->code() : ErrorCode::busy;
  }

  const test::TempDir folder_{test::memory_folder()};
  Simulation simulation_{1};
  SimulatedEngine engine_{simulation_};
  std::uint64_t ids_ = 0;
  std::vector<std::string> warnings_;
};

TEST_F(ReplicaTest, OneLeadsAndTheOtherFollows) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  EXPECT_EQ(must(first->store.create_user("a", {{"k", "v"}})).revision, 2U);
  ASSERT_TRUE(step_until({second.get()}, [&] { return second->store.revision() == 2; }));
  EXPECT_EQ(test::value_of(second->store, "a", "k"), "v");
  const auto refused = second->store.create_user("b");
  ASSERT_EQ(code_of(refused), ErrorCode::not_leader);
  EXPECT_NE(refused.error().message().find("machine 0"), std::string::npos);
  must(first->store.create_user("b"));
  EXPECT_EQ(must(second->replica.read_latest(1s)), 3U);
  EXPECT_TRUE(second->replica.status().fresh_at);
  EXPECT_EQ(first->replica.status().term, 1U);
}

TEST_F(ReplicaTest, AHandOverLosesNothing) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  must(first->store.create_user("a", {}, {.token = "t"}));
  must(first->replica.resign());
  EXPECT_EQ(code_of(first->store.create_user("b")), ErrorCode::not_leader);
  ASSERT_TRUE(step_until({first.get(), second.get()}, [&] { return second->replica.leads(); }));
  const Applied again = must(second->store.create_user("a", {}, {.token = "t"}));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.revision, 2U);
  EXPECT_EQ(second->replica.status().term, 2U);
  must(second->store.create_user("b"));
  EXPECT_EQ(must(first->replica.read_latest(1s)), 3U);
}

// It does not know yet that it was succeeded, and says nothing that is not true.
TEST_F(ReplicaTest, ALeaderThatWasSucceededWritesNothingMore) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  simulation_.sleep(10s);   // its lease is over
  ASSERT_TRUE(make_leader(*second));
  must(second->store.apply("base", TagBatch().set("tier", "silver")));
  ASSERT_TRUE(first->replica.leads());
  EXPECT_EQ(code_of(first->store.apply("base", TagBatch().set("tier", "gold"))), ErrorCode::not_leader)
      << "nothing would change there, and much here";
  EXPECT_FALSE(first->replica.leads());
  EXPECT_EQ(test::value_of(second->store, "base", "tier"), "silver");
}

TEST_F(ReplicaTest, AnAppendIsFencedByTheHead) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  simulation_.sleep(10s);
  ASSERT_TRUE(make_leader(*second));
  EXPECT_EQ(code_of(first->store.create_user("a")), ErrorCode::not_leader);
  EXPECT_TRUE(engine_.ever_put.empty());
}

TEST_F(ReplicaTest, WhatWasNotAnsweredIsResolved) {
  found(1);
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  machine->log.faults.lost = 1000;   // it arrives, and its answer does not
  const auto answer = machine->store.create_user("a", {}, {.token = "t"});
  ASSERT_EQ(code_of(answer), ErrorCode::outcome_unknown);
  EXPECT_FALSE(answer.error().intended_revision());
  EXPECT_EQ(code_of(machine->store.create_user("b")), ErrorCode::busy);
  EXPECT_FALSE(machine->store.stats().failed);
  machine->log.faults = {};
  ASSERT_TRUE(make_leader(*machine));
  EXPECT_TRUE(must(machine->store.create_user("a", {}, {.token = "t"})).replayed);
  EXPECT_EQ(engine_.ever_put.size(), 1U);
}

// The same bytes: whichever attempt lands, it is the only one.
TEST_F(ReplicaTest, ALostAnswerIsFoundByItsNonce) {
  found(1);
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  machine->log.faults.lost = 1000;
  simulation_.after(500ms, [&] { machine->log.faults = {}; });
  EXPECT_EQ(must(machine->store.create_user("a")).revision, 2U);
  EXPECT_EQ(engine_.ever_put.size(), 1U);
  EXPECT_TRUE(machine->replica.leads());
  EXPECT_EQ(must(machine->store.create_user("b")).revision, 3U);
}

TEST_F(ReplicaTest, WhatIsNotInTheLogMayBeTriedAgain) {
  found(1);
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  engine_.state.quota_entries = 0;
  EXPECT_EQ(code_of(machine->store.create_user("a")), ErrorCode::disk_full);
  EXPECT_TRUE(machine->replica.leads());
  engine_.state.quota_entries = 100;
  machine->log.faults.failed = 1000;
  EXPECT_EQ(code_of(machine->store.create_user("a")), ErrorCode::io_error);
  machine->log.faults = {};
  EXPECT_EQ(must(machine->store.create_user("a")).revision, 2U);
}

TEST_F(ReplicaTest, AFullEngineStopsNobody) {
  found(1);
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  engine_.state.quota_entries = 0;
  engine_.state.leader.reset();   // a hand-over is asked for, which the engine does not take down now
  EXPECT_TRUE(step_until({machine.get()}, [&] { return !machine->replica.leads(); }));
  EXPECT_EQ(machine->replica.status().role, Role::following);
  engine_.state.quota_entries = 100;
  EXPECT_TRUE(step_until({machine.get()}, [&] { return machine->replica.leads(); }));
}

TEST_F(ReplicaTest, LargeEntriesGoInParts) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  std::vector<Write> writes;
  for (int i = 0; i < 1'000; ++i) {
    std::map<std::string, std::string> tags;
    for (int k = 0; k < 8; ++k) tags["key" + std::to_string(k)] = std::string(200, 'v');
    writes.push_back(CreateUser{"u" + std::to_string(i), tags});
  }
  must(first->store.apply_all(writes));
  EXPECT_EQ(engine_.state.parts.size(), 2U);
  ASSERT_TRUE(step_until({second.get()}, [&] { return second->store.revision() == 1'001; }));
  EXPECT_TRUE(must(second->store.verify()).ok());
}

TEST_F(ReplicaTest, AnAppendMayTakeLongerThanTheLease) {
  found(1);
  engine_.state.max_value_bytes = 700;
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  machine->log.faults.latency = 300ms;
  std::vector<Write> writes;
  for (int i = 0; i < 50; ++i)
    writes.push_back(CreateUser{"u" + std::to_string(i), {{"k", std::string(200, 'v')}}});
  const auto began = simulation_.now();
  must(machine->store.apply_all(writes));   // nobody steps meanwhile
  EXPECT_GT(simulation_.now() - began, 4s);
  engine_.expire();
  EXPECT_TRUE(engine_.state.leader);
}

TEST_F(ReplicaTest, WhoSweepsPartsTooLateTakesNoneOfAnothersTerm) {
  found(3);
  engine_.state.max_value_bytes = 400;
  const auto first = start(0);
  const auto second = start(1);
  const auto third = start(2);
  first->log.meanwhile = [&] {
    simulation_.sleep(3s);   // longer than its lease
    ASSERT_TRUE(make_leader(*second));
    must(second->store.create_user("a", {{"k", std::string(200, 'v')}}));
  };
  ASSERT_TRUE(step_until({first.get()}, [&] { return first->log.meanwhile == nullptr; }));
  EXPECT_EQ(engine_.state.parts.size(), 1U);
  ASSERT_TRUE(step_until({third.get()}, [&] { return third->store.revision() == 2; }));
  EXPECT_EQ(third->replica.failure(), std::nullopt);
}

// --- Bad days. ---

TEST_F(ReplicaTest, ALogThatIsBehindTheFileIsRefused) {
  found(1);
  const SimulatedEngine::State backup = engine_.state;
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  must(machine->store.create_user("a"));
  engine_.state = backup;
  EXPECT_NE(code_of(machine->store.create_user("b")), std::nullopt);
  EXPECT_EQ(why_stopped(*machine), ErrorCode::cluster_member);
  EXPECT_NE(code_of(machine->store.create_user("b")), std::nullopt);
  EXPECT_TRUE(machine->store.find("a")) << "memory is read";
  EXPECT_TRUE(engine_.state.entries.empty());
}

TEST_F(ReplicaTest, AnotherClustersKeysAreRefused) {
  found(1);
  Head other = engine_.state.head->head;
  other.store_id[3] ^= 1;
  engine_.state.head->head = other;
  EXPECT_EQ(why_stopped(*start(0)), ErrorCode::cluster_member);
  other = engine_.state.head->head;
  other.store_id[3] ^= 1;
  other.chain ^= 1;
  engine_.state.head->head = other;
  EXPECT_EQ(why_stopped(*start(0)), ErrorCode::cluster_member) << "another history";
  engine_.state.head.reset();
  EXPECT_EQ(why_stopped(*start(0)), ErrorCode::cluster_member) << "nothing was founded there";
}

TEST_F(ReplicaTest, TwoFilesAreNotOneNode) {
  found(1);
  std::filesystem::copy_file(file(0), file(1));
  const auto first = start(0);
  ASSERT_TRUE(make_leader(*first));
  Machine second(*this, 1, 0, timing());
  EXPECT_TRUE(
      step_until({first.get(), &second}, [&] { return second.replica.status().role == Role::stopped; }));
  EXPECT_EQ(second.replica.status().error->code(), ErrorCode::cluster_member);
  EXPECT_TRUE(first->replica.leads());
}

TEST_F(ReplicaTest, AnEntryThatDoesNotFitStopsWhoFollows) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  must(first->store.create_user("a"));
  engine_.state.entries.begin()->second.bytes[60] ^= 1;
  EXPECT_EQ(why_stopped(*second), ErrorCode::corrupt_store);
  EXPECT_EQ(second->store.revision(), 1U);
  EXPECT_EQ(code_of(second->store.create_user("b")), ErrorCode::corrupt_store);
}

TEST_F(ReplicaTest, WhoLagsBehindTheTrimmedLogJoinsAnew) {
  found(3);
  const auto first = start(0);
  ASSERT_TRUE(make_leader(*first));
  for (const char* name : {"a", "b", "c"}) must(first->store.create_user(name));
  const auto second = start(1);
  ASSERT_TRUE(step_until({second.get()}, [&] { return second->store.revision() == 4; }));
  must(second->store.backup(folder_ / "snapshot.db"));
  const sqlite::State state = read_state(folder_ / "snapshot.db", 1s);
  EXPECT_TRUE(must(second->log.advance_snapshot({.entry = state.entry, .chain = state.entry_checksum}, 1s)));
  ASSERT_TRUE(step_until({first.get(), second.get()}, [&] { return engine_.state.entries.empty(); }));
  EXPECT_EQ(why_stopped(*start(2)), ErrorCode::history_pruned);
  // From the snapshot it comes up.
  std::filesystem::copy_file(folder_ / "snapshot.db", file(2),
                             std::filesystem::copy_options::overwrite_existing);
  as_new_node(file(2), id_of(102), 1s);
  simulation_.sleep(3s);
  const auto third = start(2);
  must(first->store.create_user("d"));
  EXPECT_TRUE(step_until({first.get(), third.get()}, [&] { return third->store.revision() == 5; }));
}

TEST_F(ReplicaTest, FoundingGoesOnWhereItWasInterrupted) {
  {
    UserTagStore store = must(UserTagStore::open(file(0)));
    must(store.close());
  }
  SimulatedLog log(simulation_, engine_);
  log.faults.dropped = 1000;
  EXPECT_EQ(code_of(cluster::found(file(0), {}, kBinding, log, 1s)), ErrorCode::timeout);
  EXPECT_FALSE(engine_.state.head);
  log.faults = {};
  must(cluster::found(file(0), {}, kBinding, log, 1s));
  const auto epoch = engine_.state.head->head.epoch;
  must(cluster::found(file(0), {}, kBinding, log, 1s));
  EXPECT_EQ(engine_.state.head->head.epoch, epoch);
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  must(machine->store.create_user("a"));
  must(machine->store.close());
  EXPECT_EQ(code_of(cluster::found(file(0), {}, kBinding, log, 1s)), ErrorCode::cluster_member);
  // After the loss of the log: another incarnation, from this file, in another epoch.
  engine_.state = {};
  must(cluster::found(file(0), {}, {id_of(1), id_of(3), id_of(100)}, log, 1s));
  EXPECT_GT(engine_.state.head->head.epoch, epoch);
  EXPECT_EQ(engine_.state.head->head.revision, 1U);
}

// --- Room. ---

TEST_F(ReplicaTest, AboveTheQuotaWritesAreRefusedUntilItIsBelow) {
  found(1);
  Timing timing = this->timing();
  timing.quota_bytes = 100'000;
  const auto machine = start(0, timing);
  ASSERT_TRUE(make_leader(*machine));
  const auto look = [&](std::uint64_t free_bytes) {
    engine_.state.free_bytes = free_bytes;
    simulation_.sleep(1100ms);
    machine->replica.step();
  };
  look(59'000);
  EXPECT_TRUE(warnings_.empty());
  look(61'000);
  look(70'000);
  EXPECT_EQ(warnings_.size(), 1U);
  must(machine->store.create_user("a"));
  look(81'000);
  const auto full = machine->store.create_user("b");
  ASSERT_EQ(code_of(full), ErrorCode::disk_full);
  EXPECT_NE(full.error().message().find("etcdctl defrag"), std::string::npos);
  EXPECT_TRUE(machine->replica.leads());
  EXPECT_GT(machine->replica.status().used_bytes, 81'000U);
  look(20'000);
  must(machine->store.create_user("b"));
  look(61'000);
  EXPECT_EQ(warnings_.size(), 2U) << "once for each crossing";
}

TEST_F(ReplicaTest, OverItsBoundTheLogWaitsForNobodyWhoLags) {
  found(2);
  Timing timing = this->timing();
  timing.max_log_bytes = 300;
  const auto machine = start(0, timing);
  ASSERT_TRUE(make_leader(*machine));
  must(machine->store.create_user("a"));
  must(machine->store.create_user("b"));
  const auto look = [&] {
    simulation_.sleep(1100ms);
    machine->replica.step();
  };
  look();
  EXPECT_EQ(code_of(machine->store.create_user("c")), ErrorCode::disk_full) << "there is no snapshot";

  // One who lags, and a snapshot: what it has goes.
  SimulatedLog log(simulation_, engine_);
  must(log.put_member({id_of(101), id_of(9), "it lags", 0, 0}, kNoLease, 1s));
  const std::uint64_t newest = engine_.state.head->head.entry;
  must(log.advance_snapshot({.entry = newest, .remote = true, .place = "there"}, 1s));
  look();
  EXPECT_TRUE(engine_.state.entries.empty());
  must(machine->store.create_user("c"));
}

TEST_F(ReplicaTest, WhoeverLeadsResignsWhereItsPlaceIsTakenAway) {
  found(2);
  const auto first = start(0);
  const auto second = start(1);
  ASSERT_TRUE(make_leader(*first));
  SimulatedLog log(simulation_, engine_);
  EXPECT_TRUE(must(log.remove_leader(*must(log.read_leader(1s)), 1s)));
  ASSERT_TRUE(step_until({first.get()}, [&] { return !first->replica.leads(); }));
  ASSERT_TRUE(step_until({first.get(), second.get()}, [&] { return second->replica.leads(); }));
}

TEST_F(ReplicaTest, WhatHasNotChangedIsNotPutAgain) {
  found(1);
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  const auto look = [&] {
    simulation_.sleep(1500ms);
    machine->replica.step();
  };
  for (int i = 0; i < 3; ++i) look();
  ASSERT_EQ(engine_.state.members.size(), 1U);
  engine_.state.members.begin()->second.value.address = "a mark";
  look();
  EXPECT_EQ(engine_.state.members.begin()->second.value.address, "a mark");
  must(machine->store.create_user("a"));
  for (int i = 0; i < 3; ++i) look();
  EXPECT_EQ(engine_.state.members.begin()->second.value.address, "machine 0");
}

// A place that is kept for a file is taken by whoever comes with it.
TEST_F(ReplicaTest, AKeptPlaceIsTaken) {
  found(1);
  SimulatedLog log(simulation_, engine_);
  must(log.put_member({id_of(100), Id{}, "kept", 0, 0}, kNoLease, 1s));
  const auto machine = start(0);
  ASSERT_TRUE(make_leader(*machine));
  EXPECT_EQ(engine_.state.members.begin()->second.value.address, "machine 0");
}

}   // namespace
}   // namespace usertags::cluster
