// The store against the same job written by hand over SQLite, in one run, in turns.
//
//   build/release/bench/store_bench                        1M users; USERTAGS_BENCH_USERS=N for another
//   number
//
// Every repetition goes on where the last one ended: 5 repetitions of 200,192 patches are a million, with all
// folding, pruning and checkpoints that they cause. Times are of the wall clock, ratios of medians.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "hand_written.hpp"
#include "harness.hpp"
#include "workload.hpp"

namespace usertags::bench {
namespace {

constexpr std::size_t kGroup = 256;
constexpr int kGroupsPerRepetition = 782;
constexpr int kRepetitions = 5;

class Contenders {
 public:
  Contenders() {
    const std::size_t before = heap_bytes();
    ours_ = std::make_unique<UserTagStore>(must(UserTagStore::open(folder_ / "ours.db")));
    load(*ours_, users_);
    if (!ours_->close()) std::abort();
    ours_ = std::make_unique<UserTagStore>(must(UserTagStore::open(folder_ / "ours.db")));
    malloc_trim(0);
    bytes_per_user_ = static_cast<double>(heap_bytes() - before) / static_cast<double>(users_);
  }

  std::uint64_t users() const { return users_; }
  UserTagStore& ours() { return *ours_; }
  // Loaded when it is first asked for.
  HandWritten& theirs(bool large_cache) {
    auto& theirs = theirs_[large_cache];
    if (theirs == nullptr) {
      theirs =
          std::make_unique<HandWritten>(folder_ / (large_cache ? "cached.db" : "theirs.db"), large_cache);
      theirs->load(users_);
    }
    return *theirs;
  }
  double bytes_per_user() const { return bytes_per_user_; }
  std::uint64_t next_patch = 0;   // of ours
  std::uint64_t their_next_patch[2] = {};

 private:
  // What is allocated, SQLite's page cache included, whether from the heap or by mmap.
  static std::size_t heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  }

  const std::uint64_t users_ = user_count();
  const Folder folder_;
  std::unique_ptr<UserTagStore> ours_;
  std::unique_ptr<HandWritten> theirs_[2];   // with SQLite's own page cache, and with one of 64 MiB
  double bytes_per_user_ = 0;
};

std::unique_ptr<Contenders> contenders;

void patch_usertags(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();   // what the host would have at hand
    std::vector<Write> writes;
    for (std::size_t i = 0; i < kGroup; ++i) {
      const Patch patch = bench::patch(contenders->next_patch++, contenders->users());
      writes.emplace_back(PatchUser{external_id(patch.user), TagBatch().set(patch.key, patch.value), {}});
    }
    state.ResumeTiming();
    const auto outcomes = contenders->ours().apply_each(writes);
    if (!outcomes.front()) state.SkipWithError(outcomes.front().error().message().c_str());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kGroup));
}

template <bool kLargeCache>
void patch_by_hand(benchmark::State& state) {
  HandWritten& theirs = contenders->theirs(kLargeCache);
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Patch> patches;
    for (std::size_t i = 0; i < kGroup; ++i) {
      patches.push_back(bench::patch(contenders->their_next_patch[kLargeCache]++, contenders->users()));
    }
    state.ResumeTiming();
    theirs.begin();
    for (const Patch& patch : patches) theirs.upsert(patch.user, patch.key, patch.value);
    theirs.commit();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kGroup));
}

// Look-ups are drawn ahead, so that the times hold nothing but the look-up.
std::vector<std::string> random_ids() {
  std::vector<std::string> ids;
  for (std::uint64_t n = 0; n < 200'000; ++n)
    ids.push_back(external_id(mix(n ^ 0x5EED) % contenders->users()));
  return ids;
}

template <class Find>
void find(benchmark::State& state, Find&& find_one) {
  const std::vector<std::string> ids = random_ids();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(find_one(ids[next]));
    if (++next == ids.size()) next = 0;
  }
}

void find_usertags(benchmark::State& state) {
  find(state, [](const std::string& id) { return touch(*contenders->ours().find(id)); });
}

template <bool kLargeCache>
void find_by_hand(benchmark::State& state) {
  HandWritten& theirs = contenders->theirs(kLargeCache);
  find(state, [&](const std::string& id) { return theirs.find(id); });
}

void patch_hand_written(benchmark::State& state) {
  patch_by_hand<false>(state);
}
void patch_large_cache(benchmark::State& state) {
  patch_by_hand<true>(state);
}
void find_hand_written(benchmark::State& state) {
  find_by_hand<false>(state);
}
void find_large_cache(benchmark::State& state) {
  find_by_hand<true>(state);
}

// `items`: what an iteration makes or asks.
void print(const MedianReporter& medians, const char* what, const char* ours, const char* theirs,
           std::size_t items, double goal) {
  if (!medians.has(ours) || !medians.has(theirs)) return;
  const double our_time = medians.median_us(ours) / static_cast<double>(items);
  const double their_time = medians.median_us(theirs) / static_cast<double>(items);
  std::printf("%-44s %8.3f us %8.3f us %7.1f x   (goal: %g x)\n", what, our_time, their_time,
              their_time / our_time, goal);
}

BENCHMARK(patch_usertags)->Iterations(kGroupsPerRepetition)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(patch_hand_written)->Iterations(kGroupsPerRepetition)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(patch_large_cache)->Iterations(kGroupsPerRepetition)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(find_usertags)->Iterations(1'000'000)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(find_hand_written)->Iterations(200'000)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK(find_large_cache)->Iterations(200'000)->Repetitions(kRepetitions)->UseRealTime();

void print_store(const Stats& stats) {
  const auto ms = [](std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; };
  const auto per_user = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(stats.users);
  };
  const auto latency = [&](const char* name, const Latency& of) {
    std::printf("  %-12s %8llu times   p50 %8.3f ms   p99 %8.3f ms   max %8.3f ms   total %8.0f ms\n", name,
                static_cast<unsigned long long>(of.count), ms(of.p50), ms(of.p99), ms(of.max), ms(of.total));
  };
  std::printf(
      "  records %.1f, directory %.1f, tag index %.1f bytes a user; backlog %llu users; file %.1f MB\n",
      per_user(stats.record_bytes), per_user(stats.directory_bytes), per_user(stats.tag_index_bytes),
      static_cast<unsigned long long>(stats.backlog_users), static_cast<double>(stats.database_bytes) / 1e6);
  latency("commit", stats.commit);
  latency("sync", stats.sync);
  latency("fold", stats.fold);
  latency("publish", stats.publish);
  latency("checkpoint", stats.checkpoint);
}

}   // namespace
}   // namespace usertags::bench

int main(int argc, char** argv) {
  using namespace usertags::bench;
  if (!initialize(argc, argv)) return 2;

  contenders = std::make_unique<Contenders>();
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::printf("\n%llu users, 5 tags each                        usertags   by hand    ratio\n",
              static_cast<unsigned long long>(contenders->users()));
  print(reporter, "durable one-tag patch, groups of 256", "patch_usertags", "patch_hand_written", kGroup, 4);
  print(reporter, "  the same, by hand with 64 MiB of page cache", "patch_usertags", "patch_large_cache",
        kGroup, 4);
  print(reporter, "find by external id, all tags touched", "find_usertags", "find_hand_written", 1, 15);
  print(reporter, "  the same, by hand with 64 MiB of page cache", "find_usertags", "find_large_cache", 1,
        15);
  std::printf("memory: %.1f bytes a user, SQLite's page cache included (goal: at most 200)\n",
              contenders->bytes_per_user());
  print_store(contenders->ours().stats());
  contenders.reset();
  return 0;
}
