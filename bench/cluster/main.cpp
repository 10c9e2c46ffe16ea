// The bars of clusters: three etcds and all nodes on one machine, which three machines would do better.
//
//   tools/cluster etcd build/release/bench/cluster/cluster_bench --out FOLDER     what tools/bench --only cluster runs
#include <sys/sysinfo.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "sections.hpp"

namespace usertags::bench {
namespace {

struct Options {
  std::uint32_t users = 1'000'000;
  std::size_t rounds = 5;
  double turn_us = 1e6;
  std::filesystem::path out;
  std::string lead;
  std::string name = "bench-" + std::to_string(getpid());
};

Options read(int argc, char** argv) {
  Options options;
  bool quick = false;
  CLI::App app("The bars of clusters");
  app.add_option("--users", options.users, "how many users")
      ->capture_default_str()
      ->check(CLI::Range(1'000, 10'000'000));
  app.add_flag("--quick", quick, "100,000 users, unless told, and turns of a tenth of the time");
  app.add_option("--out", options.out, "folder for what comes out");
  app.add_option("--lead", options.lead)->group("");
  app.add_option("--name", options.name)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (quick) {
    options.turn_us /= 10;
    if (app["--users"]->empty()) options.users = 100'000;
  }
  return options;
}

void run_all(const Options& options) {
  std::filesystem::create_directories(options.out);
  const Folder folder;
  const Shard shard(folder / "shard", options.name, options.users);
  Report report({"here alone, synced", "bare Txn of its bytes", "the leader, nobody follows",
                 "the leader, two follow on the same cores"});
  report.note(
      fmt::format("{} users; medians of {} rounds; turns of {} s; {} cores, for three etcds and all nodes.",
                  options.users, options.rounds, options.turn_us / 1e6, get_nprocs()));
  Run run{options.name,    std::filesystem::read_symlink("/proc/self/exe"),
          folder,          shard,
          options.users,   options.rounds,
          options.turn_us, report};
  groups(run);
  following(run);
  joining(run);
  failovers(run);
  report.write(options.out);
}

}   // namespace
}   // namespace usertags::bench

int main(int argc, char** argv) {
  try {
    const auto options = usertags::bench::read(argc, argv);
    if (!options.lead.empty())
      usertags::bench::lead_until_killed(options.lead, options.name);
    else
      usertags::bench::run_all(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cluster_bench: %s\n", error.what());
    return 1;
  }
}
