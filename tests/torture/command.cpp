#include "torture/command.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace usertags::torture {
namespace {

using Clock = std::chrono::steady_clock;

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

// "R5   kill             1,000 kills, 412,033 acknowledged writes   0 lost, seed 1, 81 s"
void print_result(const Row& row, const Run& run, const Tally& tally, Clock::duration took) {
  std::string done = with_commas(tally[row.unit]) + " " + row.unit;
  for (const auto& [what, number] : tally.counts()) {
    if (what != row.unit) done += ", " + with_commas(number) + " " + what;
  }
  std::printf("%-3s  %-15s  %s; no loss; seed %llu, %.1f s\n", row.number, row.name, done.c_str(),
              static_cast<unsigned long long>(run.seed), std::chrono::duration<double>(took).count());
}

int run_row(const Row& row, const Run& run) {
  const auto start = Clock::now();
  Tally tally;
  try {
    row.run(run, tally);
    require(tally[row.unit] >= run.rounds,
            "the row did less than was asked: " + with_commas(tally[row.unit]) + " " + row.unit);
  } catch (const std::exception& broken) {
    std::printf("%-3s  %-15s  BROKEN: %s\n     again: tools/torture %s --seed %llu --rounds %llu\n",
                row.number, row.name, broken.what(), row.name, static_cast<unsigned long long>(run.seed),
                static_cast<unsigned long long>(run.rounds));
    return 1;
  }
  print_result(row, run, tally, Clock::now() - start);
  return 0;
}

int list(std::span<const Row* const> rows) {
  for (const Row* row : rows) {
    std::printf("%-3s  %-15s  %s (%s %s in CI)\n", row->number, row->name, row->what,
                with_commas(row->in_ci).c_str(), row->unit);
  }
  return 0;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

int usage() {
  std::fputs("usage: torture [list | NAME [--seed N] [--rounds N|ci]]\n", stderr);
  return 2;
}

}   // namespace

int run_command(std::span<const Row* const> rows, int count, char** arguments) {
  if (count == 1 || std::strcmp(arguments[1], "list") == 0) return list(rows);
  const auto found =
      std::ranges::find_if(rows, [&](const Row* row) { return row->name == std::string_view(arguments[1]); });
  if (found == rows.end() || count % 2 != 0) return usage();
  const Row& row = **found;
  Run run{.seed = 1, .rounds = row.in_tests};
  for (int i = 2; i < count; i += 2) {
    const std::string_view option = arguments[i];
    const std::string_view text = arguments[i + 1];
    const auto number = option == "--rounds" && text == "ci" ? row.in_ci : number_of(text);
    if (!number || (option != "--seed" && option != "--rounds")) return usage();
    (option == "--seed" ? run.seed : run.rounds) = *number;
  }
  return run_row(row, run);
}

}   // namespace usertags::torture
