// The bars of clusters, C1 to C7. Each section reports its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../compare/folder.hpp"
#include "../compare/report.hpp"
#include "shard.hpp"

namespace usertags::bench {

struct Run {
  const std::string name;   // of this run: its clusters' names begin with it
  const std::string self;   // the file of this program
  const Folder& folder;
  const Shard& shard;
  const std::uint32_t users;
  const std::size_t rounds;
  const double turn_us;
  Report& report;
};

void groups(Run& run);      // C1, C2, C3
void failovers(Run& run);   // C4
void following(Run& run);   // C5, C6
void joining(Run& run);     // C7

// What a process of `failovers` does: joins with the file, says on standard output that it leads, and waits.
void lead_until_killed(const std::string& file, const std::string& name);

}   // namespace usertags::bench
