// A row of the reliability laboratory: one promise, and what is done to break it as often as one asks.
//
//   const Row kill_row{.number = "R5", .name = "kill", .unit = "kills", …, .run = run_kills};
//
// docs/reliability.md says what each row proves. `tools/torture` runs them; tests/torture/main.cpp lists them.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace usertags::torture {

// A promise that was broken: what was seen. Whoever runs the row adds its seed.
struct Finding : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& otherwise) {
  if (!holds) throw Finding(otherwise);
}

// What a row is asked to do. The same seed and number of rounds do the same thing again, but for what threads,
// processes and the clock decide.
struct Run {
  std::uint64_t seed = 1;
  std::uint64_t rounds = 1;   // at least as many of the row's unit

  std::mt19937_64 random() const { return std::mt19937_64(seed); }
};

// What a row has done, in the order of its labels: "states", "faults", "acknowledged writes" … One thread.
class Tally {
 public:
  void add(const std::string& what, std::uint64_t number = 1) { counts_[what] += number; }
  std::uint64_t operator[](const std::string& what) const {
    const auto found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
  }
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t> counts_;
};

struct Row {
  const char* number;   // R1 …
  const char* name;     // power-loss …
  const char* unit;     // what a round is: "states", "kills" …
  const char* what;     // one line: what is done, and what has to hold
  std::uint64_t in_ci;
  std::uint64_t in_tests;   // among all tests: so few that it takes a second or two

  // Throws Finding. What it throws besides is a failure of the row, too.
  void (*run)(const Run& run, Tally& tally);
};

}   // namespace usertags::torture
