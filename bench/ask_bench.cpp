// Asking by tags: the store against the same questions in SQL, over user_tag with an index on (key, value,
// user), against what CRoaring needs for the same sets by itself, and what keeping the index costs a patch.
//
//   build/release/bench/ask_bench                          1M users; USERTAGS_BENCH_USERS=N for another
//   number
//
// The contenders take turns, and ask for the same tags. Times are of the wall clock, ratios of medians.
#include <benchmark/benchmark.h>
#include <roaring/roaring.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "hand_written.hpp"
#include "harness.hpp"
#include "index/tag_index.hpp"
#include "workload.hpp"

namespace usertags::bench {
namespace {

constexpr std::size_t kPlan = 2;   // of kKeys: these have 100 values
constexpr std::size_t kTeam = 3;
constexpr std::size_t kQuestions = 1000;
constexpr int kRepetitions = 5;

// A plan and a team, drawn ahead.
struct Question {
  std::string plan = value(kKeys[kPlan], 0);
  std::string team = value(kKeys[kTeam], 0);
  Selector both;
  Selector one;
};

class Contenders {
 public:
  Contenders() {
    load(ours_, users_);
    theirs_ = std::make_unique<HandWritten>(folder_ / "theirs.db", true);
    theirs_->load(users_);
    theirs_->add_tag_index();
    load_bitmaps();
    for (std::uint64_t n = 0; n < kQuestions; ++n) ask(n);
  }
  ~Contenders() {
    for (const auto& [tag, bitmap] : bitmaps_) roaring_bitmap_free(bitmap);
  }

  std::uint64_t users() const { return users_; }
  UserTagStore& ours() { return ours_; }
  HandWritten& theirs() { return *theirs_; }
  const roaring_bitmap_t* bitmap(const std::string& tag) const { return bitmaps_.at(tag); }
  const std::vector<Question>& questions() const { return questions_; }

 private:
  void load_bitmaps() {
    for (std::uint64_t user = 0; user < users_; ++user) {
      for (const std::size_t k : {kPlan, kTeam}) {
        roaring_bitmap_t*& bitmap = bitmaps_[first_value(user, k)];
        if (bitmap == nullptr) bitmap = roaring_bitmap_create();
        roaring_bitmap_add(bitmap, static_cast<std::uint32_t>(user + 1));
      }
    }
  }
  void ask(std::uint64_t n) {
    Question question;
    question.plan = value(kKeys[kPlan], mix(n));
    question.team = value(kKeys[kTeam], mix(~n));
    question.one = key("plan") == question.plan;
    question.both = question.one && key("team") == question.team;
    questions_.push_back(std::move(question));
  }

  const std::uint64_t users_ = user_count();
  const Folder folder_;
  UserTagStore ours_ = must(UserTagStore::open_in_memory());
  std::unique_ptr<HandWritten> theirs_;   // with 64 MiB of page cache
  std::map<std::string, roaring_bitmap_t*> bitmaps_;
  std::vector<Question> questions_;
};

std::unique_ptr<Contenders> contenders;

template <class Ask>
void ask(benchmark::State& state, Ask&& one) {
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(one(contenders->questions()[next]));
    if (++next == kQuestions) next = 0;
  }
}

// --- How many have two tags. ---

void count_usertags(benchmark::State& state) {
  ask(state, [](const Question& q) { return contenders->ours().count(q.both)->count; });
}
void count_by_hand(benchmark::State& state) {
  ask(state, [](const Question& q) { return contenders->theirs().count("plan", q.plan, "team", q.team); });
}
void count_croaring(benchmark::State& state) {
  ask(state, [](const Question& q) {
    return roaring_bitmap_and_cardinality(contenders->bitmap(q.plan), contenders->bitmap(q.team));
  });
}

// --- The first hundred of the hundredth part of all users, every tag touched. ---

void page_usertags(benchmark::State& state) {
  ask(state, [](const Question& q) {
    std::size_t bytes = 0;
    const Result<UserPage> page = contenders->ours().select(q.one);
    for (const User& user : page->users) bytes += touch(user);
    return bytes;
  });
}
void page_by_hand(benchmark::State& state) {
  ask(state, [](const Question& q) { return contenders->theirs().first_page("plan", q.plan, 100); });
}

// --- The hundred values of a key, with the users of each. ---

void values_usertags(benchmark::State& state) {
  ask(state, [](const Question&) { return contenders->ours().tag_values("plan")->values.size(); });
}
void values_by_hand(benchmark::State& state) {
  ask(state, [](const Question&) { return contenders->theirs().values("plan"); });
}

// --- Other questions, to usertags alone. ---

void count_of(benchmark::State& state, const char* selector) {
  const Selector parsed = must(Selector::parse(selector));
  for (auto _ : state) benchmark::DoNotOptimize(contenders->ours().count(parsed)->count);
}
void page_of(benchmark::State& state, const char* selector) {
  const Selector parsed = must(Selector::parse(selector));
  for (auto _ : state) benchmark::DoNotOptimize(contenders->ours().select(parsed)->users.size());
}
void top_values(benchmark::State& state) {
  const ValueRequest request{.limit = 10, .order = ValueOrder::by_users};
  for (auto _ : state) benchmark::DoNotOptimize(contenders->ours().tag_values("city", request)->values);
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
    return model::Record::make(static_cast<std::uint32_t>(user + 1), 1, "user_00000000000000000000000000",
                               external_id(user), tags);
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

void print(const MedianReporter& medians, const char* what, const char* ours, const char* theirs,
           double goal_us) {
  if (!medians.has(ours)) return;
  std::printf("%-46s %10.2f us", what, medians.median_us(ours));
  if (medians.has(theirs)) {
    std::printf(" %10.1f us %8.1f x", medians.median_us(theirs),
                medians.median_us(theirs) / medians.median_us(ours));
  }
  std::printf("   (goal: at most %g us)\n", goal_us);
}

void repeat(benchmark::internal::Benchmark* benchmark) {
  benchmark->Repetitions(kRepetitions)->UseRealTime()->MinTime(0.2);
}

BENCHMARK(count_usertags)->Apply(repeat);
BENCHMARK(count_by_hand)->Apply(repeat);
BENCHMARK(count_croaring)->Apply(repeat);
BENCHMARK(page_usertags)->Apply(repeat);
BENCHMARK(page_by_hand)->Apply(repeat);
BENCHMARK(values_usertags)->Apply(repeat);
BENCHMARK(values_by_hand)->Apply(repeat);
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

  contenders = std::make_unique<Contenders>();
  upkeep = std::make_unique<Upkeep>(contenders->users());
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::printf("\n%-10llu users, 5 tags each                      usertags         by hand    ratio\n",
              static_cast<unsigned long long>(contenders->users()));
  print(reporter, "count of two tags", "count_usertags", "count_by_hand", 60);
  print(reporter, "  CRoaring alone, the same sets", "count_croaring", "", 60);
  print(reporter, "first 100 of 1 % of the users", "page_usertags", "page_by_hand", 100);
  print(reporter, "100 values of a key with their users", "values_usertags", "values_by_hand", 50);
  if (reporter.has("keep_index")) {
    std::printf("%-46s %10.2f us   (goal: at most 1.5 us)\n", "the tag index' part of a one-tag patch",
                reporter.median_us("keep_index") / 256);
  }
  upkeep.reset();
  contenders.reset();
  return 0;
}
