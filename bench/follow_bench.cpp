// What tokens, the change feed and followers cost.
//
//   build/release/bench/follow_bench        1M users; USERTAGS_BENCH_USERS=N for another number
//
// Times are of the wall clock, medians of repetitions that take turns.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "harness.hpp"
#include "workload.hpp"

namespace usertags::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kGroup = 256;
constexpr int kGroupsPerRepetition = 391;   // 100,096 patches
constexpr std::size_t kRefreshed = 1'000;
constexpr int kRepetitions = 5;

class Stores {
 public:
  Stores() {
    load(*writer_, users_);
    Options looking;
    looking.access = Access::read_only;
    follower_ = std::make_unique<UserTagStore>(must(UserTagStore::open(path_, looking)));
  }

  UserTagStore& writer() { return *writer_; }
  UserTagStore& follower() { return *follower_; }

  // The next patches of the workload, with tokens or without.
  std::vector<Write> patches(std::size_t count, bool with_tokens) {
    std::vector<Write> writes;
    writes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Patch patch = bench::patch(next_, users_);
      ApplyOptions options;
      if (with_tokens) options.token = "request-" + std::to_string(next_);
      writes.emplace_back(
          PatchUser{external_id(patch.user), TagBatch().set(patch.key, patch.value), std::move(options)});
      ++next_;
    }
    return writes;
  }
  void apply(std::size_t count) {
    for (const auto& outcome : writer_->apply_each(patches(count, false))) must(outcome);
  }

 private:
  const std::uint64_t users_ = user_count();
  const Folder folder_;
  const std::filesystem::path path_ = folder_ / "users.db";
  std::unique_ptr<UserTagStore> writer_ = std::make_unique<UserTagStore>(must(UserTagStore::open(path_)));
  std::unique_ptr<UserTagStore> follower_;
  std::uint64_t next_ = 0;
};

std::unique_ptr<Stores> stores;

void patch(benchmark::State& state, bool with_tokens) {
  for (auto _ : state) {
    state.PauseTiming();   // what the host would have at hand
    const std::vector<Write> writes = stores->patches(kGroup, with_tokens);
    state.ResumeTiming();
    const auto outcomes = stores->writer().apply_each(writes);
    if (!outcomes.front()) state.SkipWithError(outcomes.front().error().message().c_str());
  }
}

void patch_bare(benchmark::State& state) {
  patch(state, false);
}
void patch_with_token(benchmark::State& state) {
  patch(state, true);
}

// All that is kept, as a host reads it.
void read_feed(benchmark::State& state) {
  std::size_t changes = 0;
  for (auto _ : state) {
    Position position = stores->writer().position().at(stores->writer().stats().log_floor - 1);
    while (true) {
      const ChangePage page = must(stores->writer().changes(position, 10'000));
      if (page.changes.empty()) break;
      changes += page.changes.size();
      position = page.next;
    }
  }
  state.counters["changes"] = static_cast<double>(changes) / static_cast<double>(state.iterations());
}

void refresh_thousand(benchmark::State& state) {
  must(stores->follower().refresh());
  for (auto _ : state) {
    state.PauseTiming();
    stores->apply(kRefreshed);
    state.ResumeTiming();
    benchmark::DoNotOptimize(must(stores->follower().refresh()));
  }
}

void refresh_nothing(benchmark::State& state) {
  must(stores->follower().refresh());
  for (auto _ : state) benchmark::DoNotOptimize(must(stores->follower().refresh()));
}

// From the moment at which a write is answered to that at which a waiting thread goes on. The answer comes
// after the publishing, so that the time may be negative; it then counts as none.
void wake(benchmark::State& state) {
  UserTagStore& store = stores->writer();
  std::atomic<bool> done = false;
  Position position = store.position();
  std::atomic<std::uint64_t> seen = position.revision();
  std::atomic<steady_clock::rep> woke_at = 0;
  std::thread waiting([&] {
    while (!done) {
      const auto revision = store.wait_for_changes(position, std::chrono::milliseconds(100));
      woke_at = steady_clock::now().time_since_epoch().count();
      if (!revision) continue;
      position = position.at(*revision);
      seen = *revision;
      seen.notify_one();
    }
  });
  for (auto _ : state) {
    const std::vector<Write> writes = stores->patches(1, false);
    must(store.apply_each(writes).front());
    const auto answered_at = steady_clock::now();
    for (std::uint64_t now = seen; now < store.revision(); now = seen) seen.wait(now);
    const steady_clock::duration took(woke_at - answered_at.time_since_epoch().count());
    state.SetIterationTime(std::max(0.0, std::chrono::duration<double>(took).count()));
  }
  done = true;
  waiting.join();
}

BENCHMARK(patch_bare)->Iterations(kGroupsPerRepetition)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(patch_with_token)->Iterations(kGroupsPerRepetition)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(read_feed)->Iterations(1)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(refresh_thousand)->Iterations(20)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(refresh_nothing)->Iterations(10'000)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(wake)->Iterations(500)->Repetitions(kRepetitions)->UseManualTime();

void print(const MedianReporter& medians) {
  const double bare_us = medians.median_us("patch_bare") / kGroup;
  const double with_token_us = medians.median_us("patch_with_token") / kGroup;
  std::printf("%-44s %8.2f us   (goal: at most 1.5 us)\n", "a token, of a durable one-tag patch",
              with_token_us - bare_us);
  std::printf("%-44s %8.2f us\n", "  the patch without", bare_us);
  const Stats stats = stores->writer().stats();
  const auto kept = static_cast<double>(stats.revision + 1 - stats.log_floor);
  std::printf("%-44s %8.0f changes/s   (goal: at least 500,000)\n", "reading the feed",
              kept / medians.median_us("read_feed") * 1e6);
  std::printf("%-44s %8.2f ms   (goal: at most 5 ms)\n", "refresh of a follower, 1,000 changes",
              medians.median_us("refresh_thousand") / 1e3);
  std::printf("%-44s %8.2f us\n", "  where nothing has changed", medians.median_us("refresh_nothing"));
  std::printf("%-44s %8.2f us   (goal: at most 1,000 us)\n", "a waiting feed wakes after the answer",
              medians.median_us("wake"));
  std::printf("tokens: %llu, %.0f bytes of memory each\n", static_cast<unsigned long long>(stats.tokens),
              static_cast<double>(stats.token_bytes) / static_cast<double>(stats.tokens));
}

}   // namespace
}   // namespace usertags::bench

int main(int argc, char** argv) {
  using namespace usertags::bench;
  if (!initialize(argc, argv)) return 2;

  stores = std::make_unique<Stores>();
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::printf("\n");
  if (reporter.has("patch_bare") && reporter.has("wake")) print(reporter);
  stores.reset();
  return 0;
}
