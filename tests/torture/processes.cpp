// R13: other processes. Scenes in which real processes meet at one store: they are killed and stopped, write behind
// its back, take its files and rights away, fill its disk. The scenes come round again and again, with other moments,
// and in the end nothing may have been left: no file handle, no process, no memory. They stand in meeting_*.cpp.
#include <malloc.h>

#include <cstdint>
#include <exception>
#include <random>
#include <string>

#include "model/page_runs.hpp"
#include "torture/meeting.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

using namespace meeting;

// In use by this process. Under AddressSanitizer, which has an allocator and a report of leaks of its own, none.
std::uint64_t memory_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd + model::PageRuns::figures().taken_bytes;
}

void play(const NamedScene& named, std::mt19937_64& random, Tally& tally) {
  const std::size_t descriptors = open_descriptors();
  try {
    Scene scene{.random = random, .tally = tally};
    named.play(scene);
  } catch (const std::exception& broken) {
    throw Finding(std::string(named.name) + ": " + broken.what());
  }
  require(open_descriptors() == descriptors, std::string(named.name) + ": descriptors are left open");
  tally.add("scenes");
}

void run_processes(const Run& run, Tally& tally) {
  auto random = run.random();
  constexpr std::uint64_t kMargin = std::uint64_t{4} << 20;
  std::uint64_t in_use = 0;   // after the first two times round
  for (std::uint64_t round = 0; tally["scenes"] < run.rounds; ++round) {
    for (const auto scenes_of :
         {scenes_of_writers, scenes_of_files, scenes_of_limits, scenes_of_stock, scenes_of_copies}) {
      for (const NamedScene& named : scenes_of()) play(named, random, tally);
    }
    if (round == 1) in_use = memory_in_use();
    require(round <= 1 || memory_in_use() <= in_use + kMargin, "memory grows from round to round");
  }
}

}   // namespace

const Row processes{
    .number = "R13",
    .name = "processes",
    .unit = "scenes",
    .what = "other processes: they are killed, write behind the store's back, take its files away",
    .in_ci = 240,
    .in_tests = 24,
    .run = run_processes};

}   // namespace usertags::torture
