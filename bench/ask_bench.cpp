// Asking by tags, the questions that bench/compare does not ask, and what keeping the index costs a patch.
//
//   build/release/bench/ask_bench        1M users; USERTAGS_BENCH_USERS=N for another number
//
// The questions take turns. Times are of the wall clock.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "harness.hpp"
#include "index/tag_index.hpp"
#include "workload.hpp"

namespace usertags::bench {
namespace {

constexpr int kRepetitions = 5;

class Scene {
 public:
  Scene() { load(store_, users_); }

  std::uint64_t users() const { return users_; }
  UserTagStore& store() { return store_; }

 private:
  const std::uint64_t users_ = user_count();
  UserTagStore store_ = must(UserTagStore::open_in_memory());
};

std::unique_ptr<Scene> scene;

// --- Questions. ---

void values(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(scene->store().tag_values("plan")->values.size());
}
void count_of(benchmark::State& state, const char* selector) {
  const Selector parsed = must(Selector::parse(selector));
  for (auto _ : state) benchmark::DoNotOptimize(scene->store().count(parsed)->count);
}
void page_of(benchmark::State& state, const char* selector) {
  const Selector parsed = must(Selector::parse(selector));
  for (auto _ : state) benchmark::DoNotOptimize(scene->store().select(parsed)->users.size());
}
void top_values(benchmark::State& state) {
  const ValueRequest request{.limit = 10, .order = ValueOrder::by_users};
  for (auto _ : state) benchmark::DoNotOptimize(scene->store().tag_values("city", request)->values);
}

// --- What a one-tag patch costs the tag index: prepare and publish alone, in groups of 256. ---

class Upkeep {
 public:
  explicit Upkeep(std::uint64_t users) {
    for (std::uint64_t user = 0; user < users; ++user) {
      std::vector<std::string> values;
      std::vector<Tag> tags;
      for (std::size_t k = 0; k < kKeys.size(); ++k) values.push_back(first_value(user, k));
      for (std::size_t k = 0; k < kKeys.size(); ++k) tags.push_back({kKeys[k].key, values[k]});
      records_.push_back(make(user, tags));
    }
    index_.load(records_);
  }

  std::vector<index::Transition> next_group() {
    std::vector<index::Transition> steps;
    while (steps.size() < 256) {
      const Patch patch = bench::patch(next_++, records_.size());
      std::vector<Tag> tags;
      for (const Tag tag : *records_[patch.user])
        tags.push_back({tag.key, tag.key == patch.key ? std::string_view(patch.value) : tag.value});
      model::RecordPtr after = make(patch.user, tags);
      steps.push_back({std::exchange(records_[patch.user], after), after});
    }
    return steps;
  }
  void apply(const std::vector<index::Transition>& steps) { index_.publish(index_.prepare(steps)); }

 private:
  static model::RecordPtr make(std::uint64_t user, const std::vector<Tag>& tags) {
    return model::Record::make(static_cast<std::uint32_t>(user + 1), 1, {}, external_id(user), tags);
  }

  std::vector<model::RecordPtr> records_;
  index::TagIndex index_;
  std::uint64_t next_ = 0;
};

std::unique_ptr<Upkeep> upkeep;

void keep_index(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<index::Transition> steps = upkeep->next_group();
    state.ResumeTiming();
    upkeep->apply(steps);
  }
  state.SetItemsProcessed(state.iterations() * 256);
}

void repeat(benchmark::internal::Benchmark* benchmark) {
  benchmark->Repetitions(kRepetitions)->UseRealTime()->MinTime(0.2);
}

BENCHMARK_CAPTURE(page_of, one, "plan=p7")->Apply(repeat);
BENCHMARK(values)->Apply(repeat);
BENCHMARK(keep_index)->Iterations(800)->Repetitions(kRepetitions)->UseRealTime();
BENCHMARK_CAPTURE(count_of, not_one, "plan!=p7")->Apply(repeat);
BENCHMARK_CAPTURE(count_of, three, "plan=p7,team!=t3,tier in (g1,g2,g3)")->Apply(repeat);
BENCHMARK_CAPTURE(count_of, either, "any(plan=p7,team=t3,tier=g1)")->Apply(repeat);
BENCHMARK_CAPTURE(count_of, prefix, "city~c12*")->Apply(repeat);
BENCHMARK_CAPTURE(count_of, prefix_and_tag, "city~c12*,plan=p7")->Apply(repeat);
BENCHMARK_CAPTURE(count_of, inner, "city~*77*")->Apply(repeat);
BENCHMARK_CAPTURE(page_of, rare, "city=c4711")->Apply(repeat);
BENCHMARK_CAPTURE(page_of, two, "plan=p7,team=t3")->Apply(repeat);
BENCHMARK_CAPTURE(page_of, neither, "plan!=p7,team!=t3")->Apply(repeat);
BENCHMARK_CAPTURE(page_of, prefix, "city~c12*")->Apply(repeat);
BENCHMARK_CAPTURE(page_of, inner, "city~*77*")->Apply(repeat);
BENCHMARK(top_values)->Apply(repeat);

}   // namespace
}   // namespace usertags::bench

int main(int argc, char** argv) {
  using namespace usertags::bench;
  if (!initialize(argc, argv)) return 2;

  scene = std::make_unique<Scene>();
  upkeep = std::make_unique<Upkeep>(scene->users());
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  if (reporter.has("keep_index")) {
    std::printf("\n%-46s %10.2f us   (goal: at most 1.5 us)\n", "the tag index' part of a one-tag patch",
                reporter.median_us("keep_index") / 256);
  }
  upkeep.reset();
  scene.reset();
  return 0;
}
