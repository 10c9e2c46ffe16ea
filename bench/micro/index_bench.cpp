// Sets of users, and selectors: parsed, and evaluated over 100,000 users.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "index/selector_evaluation.hpp"
#include "index/tag_index.hpp"
#include "index/user_set.hpp"
#include "sample.hpp"
#include "selector/parser.hpp"

namespace usertags::bench {
namespace {

constexpr std::uint64_t kUsers = 100'000;

// A member leaves and comes back: what a patch does to the set of its old value, and of its new one.
void change_set(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  std::vector<std::uint32_t> ordinals;
  for (std::uint32_t i = 0; i < members; ++i) ordinals.push_back(i * 97);
  index::UserSet set(ordinals);
  std::uint32_t next = 0;
  for (auto _ : state) {
    set.remove(ordinals[next]);
    set.reserve();
    set.add(ordinals[next]);
    next = (next + 31) % members;
  }
}

void parse(benchmark::State& state, const char* text) {
  for (auto _ : state) benchmark::DoNotOptimize(selector::parse_selector(text));
}

const index::TagIndex& sample_index() {
  static index::TagIndex index;
  if (index.users().empty()) {
    std::vector<model::RecordPtr> users;
    for (std::uint64_t user = 0; user < kUsers; ++user) users.push_back(sample_record(user));
    index.load(users);
  }
  return index;
}

void count(benchmark::State& state, const char* text) {
  const selector::NodePtr selector = *selector::parse_selector(text);
  const index::TagIndex& index = sample_index();
  for (auto _ : state) benchmark::DoNotOptimize(index::count_matching(index, *selector));
}

void first_page(benchmark::State& state, const char* text) {
  const selector::NodePtr selector = *selector::parse_selector(text);
  const index::TagIndex& index = sample_index();
  for (auto _ : state) benchmark::DoNotOptimize(index::first_matching(index, *selector, 0, 100));
}

BENCHMARK(change_set)->Arg(2)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(parse, one, "tier=gold");
BENCHMARK_CAPTURE(parse, many,
                  R"(tier in (gold,silver),any(plan~"p*",!churned),not(seats<10,seats>2),city!=c7)");
BENCHMARK_CAPTURE(count, two_tags, "plan=p7,team=t3");
BENCHMARK_CAPTURE(count, either, "any(plan=p7,team=t3,tier=g1)");
BENCHMARK_CAPTURE(count, prefix, "city~c12*");
BENCHMARK_CAPTURE(first_page, one_tag, "plan=p7");
BENCHMARK_CAPTURE(first_page, but_one, "plan=p7,team!=t3");

}   // namespace
}   // namespace usertags::bench
