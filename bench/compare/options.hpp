// What the command line asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace usertags::bench {

struct Options {
  std::uint32_t users = 1'000'000;
  std::uint32_t growth_users = 0;        // P11 goes so far; 0: to `users`
  std::uint64_t sustained_updates = 0;   // of each contender in P1; 0: as many as a turn's time allows
  std::size_t rounds = 5;
  double turn_us = 1e6;       // how long a contender's turn is, where it is bounded by time
  double warm_up_us = 12e6;   // how long the way to a steady state may take at most
  std::filesystem::path census;
  std::filesystem::path out;
  std::string only;   // one section; empty: all
};

}   // namespace usertags::bench
