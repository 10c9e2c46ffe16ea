// TimeSeries: how many events of each kind there were over time, in stretches of equal length. These grow with
// the time that is covered, so that there are never more than a chart can show.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace usertags::command {

class TimeSeries {
 public:
  static constexpr std::int64_t kMostStretches = 60;

  using Time = std::chrono::sys_time<std::chrono::milliseconds>;
  using Counts = std::array<std::uint64_t, 3>;   // by kind

  struct Stretch {
    Time from;
    Counts counts{};
  };

  void add(Time at, std::size_t kind);

  std::chrono::seconds step() const;
  // Without a gap, the oldest first; none where nothing was added.
  std::vector<Stretch> stretches() const;

 private:
  std::int64_t number_of(Time at) const;
  void coarsen();

  std::size_t step_ = 0;
  std::map<std::int64_t, Counts> counts_;   // by the stretch's number since 1970
};

}   // namespace usertags::command
