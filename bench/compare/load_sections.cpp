// Loading, and what a loaded store takes: time, space, memory, and time to open.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "model/page_runs.hpp"
#include "sections.hpp"
#include "sqlite.hpp"

namespace usertags::bench {
namespace {

constexpr const char* kTable = "Loading, and what a loaded store takes";

const Entry& entry(std::string_view name) {
  return *std::ranges::find(entries(), name, &Entry::name);
}

// It would have to be loaded again, and its files are complete without that.
bool lives_in_memory(const Contestant& contestant) {
  return contestant.name() == "redis" || contestant.is_limit();
}

// In a folder of its own, which is gone afterwards.
double load_once(Run& run, std::string_view name) {
  const auto folder = run.folder / "load";
  double us = 0;
  {
    Contestant contestant(entry(name), run.arena.population(), Place{folder, true});
    us = contestant.load();
  }
  std::filesystem::remove_all(folder);
  return us;
}

// The allocator's, and the chunks that usertags maps, whole.
std::size_t bytes_in_use() {
  malloc_trim(0);
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd + model::PageRuns::figures().chunks * model::PageRuns::kChunkBytes;
}

// The bare scan: every column of every row of usertags' own table `user`.
double scan_us(const std::filesystem::path& file) {
  const Stopwatch stopwatch;
  Sqlite connection(file, "PRAGMA query_only=1");
  Statement scan(connection, "SELECT * FROM user");
  std::size_t bytes = 0;
  while (scan.step()) {
    for (int column = 0; column < scan.columns(); ++column) bytes += scan.text(column).size();
  }
  if (bytes == 0) throw std::runtime_error("the table `user` is empty");
  return stopwatch.us();
}

// What peers have nothing of: the newest changes, which are kept for those who read the feed.
double log_megabytes(const std::filesystem::path& file) {
  Sqlite connection(file, "PRAGMA query_only=1");
  Statement size(connection, "SELECT sum(pgsize) FROM dbstat WHERE name = 'segment'");
  size.step();
  return static_cast<double>(size.integer(0)) / 1e6;
}

void file_sizes(Run& run) {
  std::map<std::string, double> megabytes;
  for (Contestant* const contestant : run.arena.with_index()) {
    if (contestant->is_limit()) continue;
    if (!lives_in_memory(*contestant)) contestant->close();
    megabytes[contestant->name()] = static_cast<double>(bytes_in(contestant->folder())) / 1e6;
    run.report.figure(kTable, "files, MB", contestant->name(), megabytes[contestant->name()]);
  }
  run.report.within("P10 files after load and close, vs sqlite_rows", "MB", megabytes["usertags"],
                    megabytes["sqlite_rows"], 0.6);
  const double log = log_megabytes(run.arena.ours().folder() / "users.db");
  run.report.note(
      fmt::format("P10: {:.0f} MB of usertags' are its log, the newest changes; without: {:.2f} times "
                  "the size of `sqlite_rows`.",
                  log, (megabytes["usertags"] - log) / megabytes["sqlite_rows"]));
}

void memory(Run& run) {
  Contestant& ours = run.arena.ours();
  const auto users = static_cast<double>(run.arena.population().users());
  const std::size_t before = bytes_in_use();
  ours.open();
  const double bytes = static_cast<double>(bytes_in_use() - before) / users;
  run.report.within("P7 memory a user, indexes and SQLite's cache included, vs a bound", "B", bytes, 145, 1);
  run.report.figure(kTable, "memory a user, bytes", "usertags", bytes);
  run.report.note("P7: " + ours.contender().memory_parts());
  ours.close();
}

void opening(Run& run) {
  Contestant& ours = run.arena.ours();
  Times opened;
  Times scanned;
  for (std::size_t round = 0; round < run.options.rounds; ++round) {
    const Stopwatch stopwatch;
    ours.open();
    opened.push_back(stopwatch.us() / 1e3);
    ours.close();
    scanned.push_back(scan_us(ours.folder() / "users.db") / 1e3);
  }
  run.report.within("P8 opening a closed store, vs a bare scan of its users", "ms", median(opened),
                    median(scanned), 2.8);
}

}   // namespace

void bulk_load(Run& run) {
  std::map<std::string, Times> seconds;
  for (std::size_t round = 1; round < run.options.rounds; ++round) {
    for (const char* const name : {"usertags", "sqlite_rows"})
      seconds[name].push_back(load_once(run, name) / 1e6);
  }
  for (Contestant* const contestant : run.arena.everybody()) {
    Times& times = seconds[contestant->name()];
    times.push_back(contestant->load() / 1e6);
    contestant->contender().settle();
    if (!contestant->is_limit()) run.report.figure(kTable, "bulk load, s", contestant->name(), median(times));
  }
  run.report.faster("P9 bulk load, vs sqlite_rows", "s", median(seconds["usertags"]),
                    median(seconds["sqlite_rows"]), 2.6);
}

void size_memory_and_opening(Run& run) {
  for (const char* const name : {"redis", "redis without index"}) {
    Contestant* const redis = run.arena.find(name);
    if (redis == nullptr) continue;
    const auto bytes = static_cast<double>(redis->contender().memory_bytes());
    run.report.figure(kTable, "memory a user, bytes", name, bytes / run.arena.population().users());
  }
  file_sizes(run);
  memory(run);
  opening(run);
  for (Contestant* const contestant : run.arena.with_index()) {
    if (!lives_in_memory(*contestant)) contestant->open();
  }
}

}   // namespace usertags::bench
