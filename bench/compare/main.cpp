// The comparison: usertags beside other engines that do the same job, and beside what physics allows.
//
//   build/release/bench/compare --out FOLDER          what tools/bench runs
//
// Contenders take turns, figures are medians of the rounds, and each answer is checked (contestant.hpp). What
// it measures, and the goals, are told in docs/performance.md.
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "sections.hpp"

namespace usertags::bench {
namespace {

struct Section {
  std::string_view names;   // that --only may say
  void (*run)(Run&);
};

constexpr Section kSections[] = {
    {"P9 load", bulk_load},
    {"P7 P8 P10 open size memory", size_memory_and_opening},
    {"P4 find", lookups},
    {"P4s P4h", lookups_by_threads},
    {"P6 count", counts},
    {"P5 find", lookups_beside_a_writer},
    {"P2 single", single_updates},
    {"P3 threads", many_threads},
    {"P1 P12 sustained", sustained_updates},
    {"P14 submit", submissions},
    {"groups", group_sizes},
    {"mixes", mixes},
    {"P11 growth", growth},
    {"census", census},
    {"P12 creations", creations},
    {"P15 where", writes_to_all_of_a_selector},
};

bool is_wanted(const Section& section, const std::string& only) {
  return only.empty() || (" " + std::string(section.names) + " ").find(" " + only + " ") != std::string::npos;
}

Options read(int argc, char** argv) {
  Options options;
  CLI::App app("usertags beside other engines, and beside what physics allows");
  bool quick = false;
  bool full = false;
  app.add_option("--users", options.users, "how many users")
      ->capture_default_str()
      ->check(CLI::Range(1'000, 100'000'000));
  app.add_option("--only", options.only, "one section: P1 to P15, P4s, groups, mixes, census");
  app.add_flag("--quick", quick, "100,000 users, unless told, and turns of a tenth of the time");
  app.add_flag("--full", full, "2,000,000 updates of each contender in P1, and growth to 10,000,000 users");
  app.add_option("--census", options.census, "the census data")->check(CLI::ExistingFile);
  app.add_option("--out", options.out, "folder for what comes out")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (quick) {
    options.turn_us /= 10;
    options.warm_up_us /= 10;
    if (app["--users"]->empty()) options.users = 100'000;
  }
  if (full) {
    options.sustained_updates = 2'000'000;
    options.growth_users = 10'000'000;
    options.warm_up_us = 3600e6;
  }
  return options;
}

void note_how(Report& report, const Options& options) {
  report.note(std::to_string(options.users) + " users; medians of " + std::to_string(options.rounds) +
              " rounds; turns of " + std::to_string(options.turn_us / 1e6) + " s where time bounds them; " +
              std::to_string(get_nprocs()) + " cores.");
  if (options.sustained_updates == 0)
    report.note(
        "P1 is a shorter form: after a warm-up to the steady state, turns of twice that time. --full does "
        "2,000,000 "
        "updates each.");
}

std::vector<std::string> names(Arena& arena) {
  std::vector<std::string> names;
  for (const Contestant* const contestant : arena.everybody()) names.push_back(contestant->name());
  return names;
}

void run_all(const Options& options) {
  std::filesystem::create_directories(options.out);
  const Folder folder;
  const auto population = make_workload(options.users);
  Arena arena(*population, folder / "arena", Field::everybody);
  Report report(names(arena));
  note_how(report, options);
  Run run{options, folder, arena, report};
  for (const Section& section : kSections) {
    if (!is_wanted(section, options.only)) continue;
    const Stopwatch stopwatch;
    if (section.run != bulk_load) arena.load();
    section.run(run);
    std::printf("-- %s: %.0f s\n", std::string(section.names).c_str(), stopwatch.us() / 1e6);
  }
  report.write(options.out);
}

}   // namespace
}   // namespace usertags::bench

int main(int argc, char** argv) {
  try {
    usertags::bench::run_all(usertags::bench::read(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "compare: %s\n", error.what());
    return 1;
  }
}
