// R7: linearizability. Eight threads (caller.hpp) call one store, and note what they are told; afterwards the judge
// (judge.hpp) says whether the answers fit one order. Some rounds have the store in memory, some in a file, and some a
// follower beside it; some mix everything, and some race transactions of many users against looks at single ones.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"
#include "torture/caller.hpp"
#include "torture/judge.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

using test::must;
using Kind = Observation::Kind;

constexpr std::uint64_t kOperationsOfARound = 160'000;   // so that what was noted stays small

struct Round {
  std::filesystem::path path;   // empty: in memory
  bool followed = false;
  bool race = false;
  bool commit_thread = false;
  bool walks = false;
  std::uint64_t operations = 0;
  std::uint64_t seed = 0;
};

Options options_of_store(const Round& round) {
  Options options;
  options.commit_thread = round.commit_thread;
  options.durability = Durability::relaxed;
  options.housekeeping.backlog_users = 3;
  options.housekeeping.checkpoint_wal_bytes = 500'000;
  options.busy_timeout = std::chrono::minutes(10);
  test::settings_of(options).history.min_changes = round.walks ? kOperationsOfARound * kJudgedUsers : 500;
  return options;
}

UserTagStore follower_of(const std::filesystem::path& path) {
  Options options;
  options.access = Access::read_only;
  options.busy_timeout = std::chrono::minutes(10);
  return must(UserTagStore::open(path, options));
}

void in_threads(std::vector<Caller>& callers, std::uint64_t last_tick) {
  std::array<std::exception_ptr, kCallers> failures;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kCallers; ++i) {
      threads.emplace_back([&, i] {
        try {
          callers[i].run(last_tick);
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

std::vector<std::vector<Observation>> run_round(const Round& round) {
  const auto open = [&] {
    return must(round.path.empty() ? UserTagStore::open_in_memory(options_of_store(round))
                                   : UserTagStore::open(round.path, options_of_store(round)));
  };
  std::optional<UserTagStore> store(open());
  std::optional<UserTagStore> follower;
  if (round.followed) follower.emplace(follower_of(round.path));
  Shared shared(*store, follower ? &*follower : nullptr, round.race, round.walks);
  std::mt19937_64 random(round.seed);
  std::vector<Caller> callers;
  for (std::size_t thread = 0; thread <= kCallers; ++thread) callers.emplace_back(shared, thread, random());
  Caller& alone = callers.back();   // before and after the others
  for (std::size_t user = 0; user < kStayers; ++user) alone.create(user);
  in_threads(callers, shared.ticks + 2 * round.operations);
  alone.list(Source::store);
  follower.reset();
  if (!round.path.empty()) {
    must(store->close());
    *store = open();
    alone.list(Source::store);
  }
  std::vector<std::vector<Observation>> seen;
  for (Caller& caller : callers) seen.push_back(std::move(caller.seen()));
  return seen;
}

void tell(const std::vector<std::vector<Observation>>& seen, Tally& tally) {
  for (const auto& thread : seen) {
    tally.add("operations", thread.size());
    for (const Observation& one : thread) {
      if (one.kind == Kind::change) tally.add("changes");
      if (one.kind == Kind::replay) tally.add("replays");
      if (one.source != Source::store) tally.add("answers of followers");
    }
  }
}

void run_linearizable(const Run& run, Tally& tally) {
  auto random = run.random();
  const test::TempDir folder(test::memory_folder());
  for (std::uint64_t number = 0; tally["operations"] < run.rounds; ++number) {
    Round round;
    if (number % 3 != 0) round.path = folder / std::to_string(number);
    round.followed = number % 3 == 2;
    round.race = number % 2 != 0;
    round.commit_thread = number % 4 >= 2;
    round.walks = number % 4 == 0 || number % 8 == 2;
    round.operations = std::min(kOperationsOfARound, run.rounds / 6 + 1);
    round.seed = random();
    const auto seen = run_round(round);
    judge(seen);
    tell(seen, tally);
    if (!round.path.empty()) std::filesystem::remove(round.path);
  }
}

}   // namespace

const Row linearizable{
    .number = "R7",
    .name = "linearizable",
    .unit = "operations",
    .what = "eight threads on one store, and on a follower: all that they are told fits one order of changes",
    .in_ci = 2'000'000,
    .in_tests = 20'000,
    .run = run_linearizable};

}   // namespace usertags::torture
