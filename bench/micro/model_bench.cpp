// The way of a batch through model: validation, planning, coding, and the record that it makes.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <usertags/tag_batch.hpp>

#include "model/batch_plan.hpp"
#include "model/change.hpp"
#include "model/tag_rules.hpp"
#include "sample.hpp"

namespace usertags::bench {
namespace {

void check_value(benchmark::State& state, const std::string& value) {
  for (auto _ : state) benchmark::DoNotOptimize(model::check_value(value).empty());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(value.size()));
}

void plan_one_tag(benchmark::State& state) {
  const model::RecordPtr user = sample_record(1);
  const TagBatch batch = TagBatch().update("tier", "gold");
  model::BatchPlanner planner(Settings{});
  for (auto _ : state) {
    planner.plan(*user, batch.operations());
    benchmark::DoNotOptimize(planner.deltas().data());
  }
}

void plan_all_operations(benchmark::State& state) {
  const model::RecordPtr user = sample_record(1);
  const TagBatch batch = TagBatch()
                             .create("region", "emea")
                             .update("tier", "gold")
                             .set("plan", "p1")
                             .set("seats", "12")
                             .erase("city");
  model::BatchPlanner planner(Settings{});
  for (auto _ : state) {
    planner.plan(*user, batch.operations());
    benchmark::DoNotOptimize(planner.deltas().data());
  }
}

void write_patch(benchmark::State& state) {
  const std::vector<model::TagDelta> deltas = {{"city", {}}, {"plan", "p1"}, {"tier", "gold"}};
  std::string text;
  for (auto _ : state) {
    text.clear();
    model::append_patch(deltas, text);
    benchmark::DoNotOptimize(text.data());
  }
}

void read_tags(benchmark::State& state) {
  const SampleTags sample(1);
  std::string text;
  model::append_tags(sample.tags, text);
  model::PatchDecoder decoder;
  for (auto _ : state) benchmark::DoNotOptimize(decoder.tags(text));
}

void make_record(benchmark::State& state) {
  const SampleTags sample(1);
  const std::string id = external_id(1);
  for (auto _ : state) benchmark::DoNotOptimize(model::Record::make(2, 1, {}, id, sample.tags));
}

BENCHMARK_CAPTURE(check_value, ascii, "Married-civ-spouse");
BENCHMARK_CAPTURE(check_value, foreign, "Zürich, 東京, São Paulo");
BENCHMARK_CAPTURE(check_value, long, std::string(200, 'v'));
BENCHMARK(plan_one_tag);
BENCHMARK(plan_all_operations);
BENCHMARK(write_patch);
BENCHMARK(read_tags);
BENCHMARK(make_record);

}   // namespace
}   // namespace usertags::bench
