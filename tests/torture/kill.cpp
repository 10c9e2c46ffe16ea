// R5: kill -9. A child with four submitting threads tells what was acknowledged, and is killed at a moment
// that chance chooses; the store is then opened again and judged.
//
// Each thread counts: its operation c writes c to its user c % 3, so that what it left is a prefix of its
// operations exactly if every user holds its largest number below one bound.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

using test::Child;
using test::must;
using test::Reporter;
using test::value_of;

constexpr std::size_t kThreads = 4;
constexpr std::size_t kUsersOfAThread = 3;
constexpr std::size_t kWritesOfACall = 4;

struct Scene {
  std::filesystem::path path;
  Options options;
  std::string round;
};

std::string user_of(const Scene& scene, std::size_t thread, std::size_t user) {
  return scene.round + " " + std::to_string(thread) + " " + std::to_string(user);
}

Write operation(const Scene& scene, std::size_t thread, std::size_t number) {
  const std::string user = user_of(scene, thread, number % kUsersOfAThread);
  const std::string text = std::to_string(number);
  if (number < kUsersOfAThread) return CreateUser{user, {{"n", text}}, {}};
  return PatchUser{user, TagBatch().update("n", text, {std::to_string(number - kUsersOfAThread)}), {}};
}

// Counts until it is killed; every other call brings several operations.
void count(const Scene& scene, UserTagStore& store, std::size_t thread, const Reporter& parent) {
  for (std::size_t number = 0;;) {
    std::vector<Write> writes;
    const std::size_t size = number % 2 == 0 ? 1 : kWritesOfACall;
    for (std::size_t i = 0; i < size; ++i) writes.push_back(operation(scene, thread, number + i));
    for (const auto& answer : store.apply_each(writes)) {
      parent.tell(std::to_string(thread) + " " + std::to_string(number++) + " " +
                  std::to_string(must(answer).revision));
    }
  }
}

void run_child(const Scene& scene, const Reporter& parent) {
  auto store = must(UserTagStore::open(scene.path, scene.options));
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] { count(scene, store, thread, parent); });
  }
}

struct Acknowledged {
  std::size_t operations = 0;
  std::array<std::uint64_t, kUsersOfAThread> revisions{};   // the newest of each user
};
using AllAcknowledged = std::array<Acknowledged, kThreads>;

void note(const std::string& line, AllAcknowledged& acknowledged) {
  std::istringstream text(line);
  std::size_t thread = 0;
  std::size_t number = 0;
  std::uint64_t revision = 0;
  require(static_cast<bool>(text >> thread >> number >> revision), "the child told: " + line);
  require(number == acknowledged.at(thread).operations, "an operation was skipped: " + line);
  acknowledged[thread].operations = number + 1;
  acknowledged[thread].revisions[number % kUsersOfAThread] = revision;
}

AllAcknowledged run_until_killed(const Scene& scene, std::size_t lines) {
  Child child([&](const Reporter& parent) { run_child(scene, parent); });
  AllAcknowledged acknowledged;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto line = child.read_line();
    require(line.has_value(), "the child ended by itself");
    note(*line, acknowledged);
  }
  child.kill();
  while (const auto line = child.read_line()) note(*line, acknowledged);
  return acknowledged;
}

// How many operations of the thread are in the store: a prefix of them.
std::size_t judge_thread(const Scene& scene, const UserTagStore& store, std::size_t thread,
                         const Acknowledged& acknowledged) {
  std::array<std::size_t, kUsersOfAThread> counts{};   // 1 + the number a user holds; 0: no such user
  for (std::size_t user = 0; user < kUsersOfAThread; ++user) {
    const auto found = store.find(user_of(scene, thread, user));
    if (found) counts[user] = 1 + std::stoul(value_of(*found, "n"));
    require((found ? found->revision() : 0) >= acknowledged.revisions[user], "an acknowledged write is lost");
  }
  const std::size_t operations = std::ranges::max(counts);
  require(operations >= acknowledged.operations, "an acknowledged write is lost");
  require(operations <= acknowledged.operations + kWritesOfACall, "more than was ever submitted");
  const std::size_t first = operations < kUsersOfAThread ? 0 : operations - kUsersOfAThread;
  for (std::size_t number = first; number < operations; ++number) {   // each is the last of its user
    require(counts[number % kUsersOfAThread] == number + 1, "no prefix");
  }
  return operations;
}

void judge(const Scene& scene, std::uint64_t revision_before, const AllAcknowledged& acknowledged) {
  auto store = must(UserTagStore::open(scene.path, scene.options));
  std::uint64_t operations = 0;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    operations += judge_thread(scene, store, thread, acknowledged[thread]);
  }
  require(store.revision() == revision_before + operations, "the log has a gap, or too much");
  const VerifyReport report = must(store.verify());
  require(report.ok(), report.ok() ? "" : report.problems.front().what);
  must(store.create_user(scene.round + " after"));
}

std::uint64_t acknowledged_of(const AllAcknowledged& acknowledged) {
  std::uint64_t operations = 0;
  for (const Acknowledged& thread : acknowledged) operations += thread.operations;
  return operations;
}

void run_kills(const Run& run, Tally& tally) {
  auto random = run.random();
  const test::TempDir folder;
  constexpr std::uint64_t kRoundsOfAStore = 5;
  std::uint64_t revision = 0;
  for (std::uint64_t round = 0; round < run.rounds; ++round) {
    const std::string store = std::to_string(round / kRoundsOfAStore);
    if (round % kRoundsOfAStore == 0) revision = 0;
    Scene scene{folder / store, {}, std::to_string(round)};
    scene.options.durability = random() % 2 == 0 ? Durability::full : Durability::relaxed;
    scene.options.housekeeping.backlog_users = random() % 2 == 0 ? 3 : 1'000;
    scene.options.housekeeping.checkpoint_wal_bytes = random() % 2 == 0 ? 1 : 200'000;
    test::settings_of(scene.options).history.min_changes = 100;
    const std::size_t lines = random() % 4 == 0 ? random() % 10 : random() % 1'000;
    const AllAcknowledged acknowledged = run_until_killed(scene, lines);
    judge(scene, revision, acknowledged);
    revision = must(UserTagStore::open(scene.path)).revision();
    tally.add("kills");
    tally.add("acknowledged writes", acknowledged_of(acknowledged));
  }
}

}   // namespace

const Row kill{.number = "R5",
               .name = "kill",
               .unit = "kills",
               .what = "kill -9 while four threads write: nothing acknowledged is lost, and a prefix is left",
               .in_ci = 1'000,
               .in_tests = 20,
               .run = run_kills};

}   // namespace usertags::torture
