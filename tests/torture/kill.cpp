// R5: kill -9. A child with four submitting threads and one that cares for the file tells what was acknowledged, and is
// killed at a moment that chance chooses; the store is then opened again and judged.
//
// Each thread counts: its operation c belongs to its user c % 3, and what it is, and which operations are one call,
// follows from c alone. So the number of operations that a thread has left tells its users exactly, and a state that
// belongs to no number is none that was ever submitted.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
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
using test::told;
using test::value_of;

constexpr std::size_t kThreads = 4;
constexpr std::size_t kUsersOfAThread = 3;
constexpr std::size_t kLapsOfALife = 12;   // operations on a user, from its creation to its deletion

struct Scene {
  std::filesystem::path path;
  Options options;
  std::string round;
  std::uint64_t seed = 0;
};

// --- What operation c of a thread is. ---

enum class Call : std::uint8_t { single, each, all };

Call call_at(std::size_t first) {
  return static_cast<Call>((first * 2'654'435'761U >> 16) % 3);
}
std::size_t size_of(Call call) {
  return call == Call::single ? 1 : call == Call::each ? 4 : kUsersOfAThread;   // all: each user once
}
constexpr std::size_t kLargestCall = 4;

bool creates(std::size_t number) {
  return number / kUsersOfAThread % kLapsOfALife == 0;
}
bool deletes(std::size_t number) {
  return number / kUsersOfAThread % kLapsOfALife == kLapsOfALife - 1;
}
bool bears_token(std::size_t number) {
  return number % 4 == 1;
}

std::string user_of(const Scene& scene, std::size_t thread, std::size_t number) {
  return scene.round + " " + std::to_string(thread) + " " + std::to_string(number % kUsersOfAThread);
}

Write operation(const Scene& scene, std::size_t thread, std::size_t number) {
  const std::string user = user_of(scene, thread, number);
  const std::string text = std::to_string(number);
  ApplyOptions options;
  if (bears_token(number)) options.token = scene.round + " " + std::to_string(thread) + " token " + text;
  if (creates(number)) return CreateUser{user, {{"n", text}}, options};
  if (deletes(number)) return DeleteUser{user, options};
  const std::string before = std::to_string(number - kUsersOfAThread);
  return PatchUser{user, TagBatch().update("n", text, {before}), options};
}

// --- The child. ---

// Counts until it is killed.
void count(const Scene& scene, UserTagStore& store, std::size_t thread, const Reporter& parent) {
  for (std::size_t number = 0;;) {
    const Call call = call_at(number);
    std::vector<Write> writes;
    for (std::size_t i = 0; i < size_of(call); ++i) writes.push_back(operation(scene, thread, number + i));
    std::vector<Applied> answers;
    if (call == Call::all) answers = must(store.apply_all(writes));
    if (call != Call::all) {
      auto each = thread % 2 == 0 ? store.apply_each(writes) : test::submit_each(store, writes);
      for (auto& answer : each) answers.push_back(must(std::move(answer)));
    }
    for (const Applied& answer : answers) {
      parent.tell(std::to_string(thread) + " " + std::to_string(number++) + " " +
                  std::to_string(answer.revision));
    }
  }
}

// Which history a version of the settings keeps.
std::uint64_t history_of(std::uint64_t version) {
  return 100 + version % 50;
}

void care(const Scene& scene, UserTagStore& store, const Reporter& parent) {
  std::mt19937_64 random(scene.seed);
  while (true) {
    switch (random() % 4) {
      case 0: must(store.maintain(std::chrono::milliseconds(1))); break;
      case 1: must(store.checkpoint()); break;
      case 2: must(store.compact()); break;
      default: {
        const std::uint64_t next = must(store.settings()).version + 1;
        const auto changed =
            must(store.change_settings({.history = History{.min_changes = history_of(next)}}));
        parent.tell("settings " + std::to_string(changed.version));
      }
    }
  }
}

void run_child(const Scene& scene, const Reporter& parent) {
  auto store = must(UserTagStore::open(scene.path, scene.options));
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] { count(scene, store, thread, parent); });
  }
  if (scene.seed % 2 == 0) threads.emplace_back([&] { care(scene, store, parent); });
}

// --- What it told. ---

struct Acknowledged {
  std::array<std::vector<std::uint64_t>, kThreads> revisions;   // of each operation
  std::uint64_t settings = 0;                                   // their version

  std::uint64_t operations() const {
    std::uint64_t sum = 0;
    for (const auto& thread : revisions) sum += thread.size();
    return sum;
  }
};

void note(const std::string& line, Acknowledged& acknowledged) {
  std::istringstream text(line);
  if (line.starts_with("settings ")) {
    text.ignore(9);
    text >> acknowledged.settings;
    return;
  }
  std::size_t thread = 0;
  std::size_t number = 0;
  std::uint64_t revision = 0;
  require(static_cast<bool>(text >> thread >> number >> revision), "the child told: " + line);
  require(number == acknowledged.revisions.at(thread).size(), "an operation was skipped: " + line);
  acknowledged.revisions[thread].push_back(revision);
}

Acknowledged run_until_killed(const Scene& scene, std::size_t lines) {
  Child child([&](const Reporter& parent) { run_child(scene, parent); });
  Acknowledged acknowledged;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto line = child.read_line();
    require(line.has_value(), "the child ended by itself");
    note(*line, acknowledged);
  }
  child.kill();
  while (const auto line = child.read_line()) note(*line, acknowledged);
  return acknowledged;
}

// --- The judgement. ---

// Whether the thread's users are as its first `operations` leave them.
bool is_after(const Scene& scene, const UserTagStore& store, std::size_t thread, std::size_t operations) {
  for (std::size_t user = 0; user < kUsersOfAThread; ++user) {
    const std::string found = value_of(store, user_of(scene, thread, user), "n");
    const bool was_there = operations > user;
    const std::size_t last =
        was_there ? (operations - 1 - user) / kUsersOfAThread * kUsersOfAThread + user : 0;
    const std::string meant = was_there && !deletes(last) ? std::to_string(last) : "(no user)";
    if (found != meant) return false;
  }
  return true;
}

bool cuts_a_transaction(std::size_t operations) {
  std::size_t first = 0;
  while (first + size_of(call_at(first)) <= operations) first += size_of(call_at(first));
  return first < operations && call_at(first) == Call::all;
}

// How many operations of the thread are in the store: a prefix of them.
std::size_t judge_thread(const Scene& scene, const UserTagStore& store, std::size_t thread,
                         const std::vector<std::uint64_t>& acknowledged) {
  for (std::size_t more = 0; more <= kLargestCall; ++more) {
    const std::size_t operations = acknowledged.size() + more;
    if (!is_after(scene, store, thread, operations)) continue;
    require(!cuts_a_transaction(operations), "half of a transaction");
    for (std::size_t user = 0; user < std::min(kUsersOfAThread, acknowledged.size()); ++user) {
      const std::size_t last = acknowledged.size() - 1 - user;   // of another user each
      const auto found = store.find(user_of(scene, thread, last));
      require(!found || found->revision() >= acknowledged[last],
              "an acknowledged write has another revision");
    }
    return operations;
  }
  throw Finding("an acknowledged write is lost, or what is left is no prefix");
}

// What was done under a token is done for good; what was not, is done now.
void judge_token(const Scene& scene, UserTagStore& store, std::size_t thread, std::size_t operations,
                 const std::vector<std::uint64_t>& acknowledged) {
  const auto send = [&](std::size_t number) {
    const Write write = operation(scene, thread, number);
    return must(std::move(store.apply_each(std::span(&write, 1)).front()), "an operation again");
  };
  for (std::size_t left = operations; left > 0; --left) {
    if (!bears_token(left - 1)) continue;
    const Applied again = send(left - 1);
    require(again.replayed, "a token is forgotten");
    const bool was_told = left <= acknowledged.size();
    require(!was_told || again.revision == acknowledged[left - 1], "a replay has another revision");
    break;
  }
  const std::uint64_t before = store.revision();
  const Applied next = send(operations);
  require(!next.replayed && next.revision == before + 1, "the next operation was done before");
}

void judge_settings(const UserTagStore& store, std::uint64_t acknowledged) {
  const StoredSettings settings = must(store.settings());
  require(settings.version >= acknowledged, "acknowledged settings are lost");
  require(settings.version == 1 || settings.history.min_changes == history_of(settings.version),
          "settings of another version");
}

// The revision that the store has come to.
std::uint64_t judge(const Scene& scene, std::uint64_t revision_before, const Acknowledged& acknowledged) {
  auto store = must(UserTagStore::open(scene.path, scene.options));
  std::array<std::size_t, kThreads> operations{};
  std::uint64_t sum = 0;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    operations[thread] = judge_thread(scene, store, thread, acknowledged.revisions[thread]);
    sum += operations[thread];
  }
  require(store.revision() == revision_before + sum, "the log has a gap, or too much");
  judge_settings(store, acknowledged.settings);
  const VerifyReport report = must(store.verify());
  require(report.ok(), report.ok() ? "" : report.problems.front().what);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    judge_token(scene, store, thread, operations[thread], acknowledged.revisions[thread]);
  }
  return store.revision();
}

// A kill takes nothing from the page cache, so the folder may as well be in memory.
void run_kills(const Run& run, Tally& tally) {
  auto random = run.random();
  const test::TempDir folder(test::memory_folder());
  constexpr std::uint64_t kRoundsOfAStore = 5;
  std::uint64_t revision = 0;
  for (std::uint64_t round = 0; round < run.rounds; ++round) {
    const std::string store = std::to_string(round / kRoundsOfAStore);
    if (round % kRoundsOfAStore == 0) revision = 0;
    Scene scene{folder / store, {}, std::to_string(round), random()};
    scene.options.durability = random() % 2 == 0 ? Durability::full : Durability::relaxed;
    scene.options.housekeeping.backlog_users = random() % 2 == 0 ? 3 : 1'000;
    scene.options.housekeeping.checkpoint_wal_bytes = random() % 2 == 0 ? 1 : 200'000;
    const std::size_t lines = random() % 4 == 0 ? random() % 10 : random() % 400;
    const Acknowledged acknowledged = run_until_killed(scene, lines);
    revision = judge(scene, revision, acknowledged);
    tally.add("kills");
    tally.add("acknowledged writes", acknowledged.operations());
    if (acknowledged.settings != 0) tally.add("kills amid care");
  }
}

}   // namespace

const Row kill{
    .number = "R5",
    .name = "kill",
    .unit = "kills",
    .what =
        "kill -9 while threads write and care: nothing acknowledged is lost, a prefix is left, tokens hold",
    .in_ci = 1'000,
    .in_tests = 20,
    .run = run_kills};

}   // namespace usertags::torture
