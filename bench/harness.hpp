// What the benchmarks share: how many users, where the files lie, how the store is filled, how contenders
// take turns, and the medians of what was measured.
#pragma once

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "workload.hpp"

namespace usertags::bench {

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "usertags: %s\n", result.error().message().c_str());
  std::abort();
}

inline std::uint64_t user_count() {
  const char* users = std::getenv("USERTAGS_BENCH_USERS");
  return users == nullptr ? 1'000'000 : std::strtoull(users, nullptr, 10);
}

// A folder of its own, gone when the run is over.
class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("usertags-bench-" + std::to_string(getpid()));
};

// The users of the workload, as they are before any patch.
inline void load(UserTagStore& store, std::uint64_t users) {
  std::vector<Write> writes;
  for (std::uint64_t user = 0; user < users; ++user) {
    CreateUser write{external_id(user), {}, {}};
    for (std::size_t k = 0; k < kKeys.size(); ++k) write.tags.add(kKeys[k].key, first_value(user, k));
    writes.emplace_back(std::move(write));
    if (writes.size() < 4096 && user + 1 < users) continue;
    for (const auto& outcome : store.apply_each(writes)) {
      if (!outcome) must(outcome);
    }
    writes.clear();
  }
}

// Prints what Google Benchmark prints, and keeps the medians.
class MedianReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median")
        medians_us_[run.run_name.function_name] = run.GetAdjustedRealTime() / 1e3;
    }
    ConsoleReporter::ReportRuns(runs);
  }

  bool has(const char* name) const { return medians_us_.contains(name); }
  double median_us(const char* name) const { return medians_us_.at(name); }   // of an iteration

 private:
  std::map<std::string, double> medians_us_;
};

// Reads the command line; false where it is wrong. Repetitions of all benchmarks then take turns.
inline bool initialize(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, interleave.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  return !benchmark::ReportUnrecognizedArguments(count, arguments.data());
}

}   // namespace usertags::bench
