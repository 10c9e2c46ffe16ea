// Time, and what is made of many times.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <numeric>
#include <utility>
#include <vector>

namespace usertags::bench {

class Stopwatch {
 public:
  double us() const {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Of the calling thread, or of all threads of the process.
class ProcessorStopwatch {
 public:
  explicit ProcessorStopwatch(clockid_t clock) noexcept : clock_(clock), begin_(now_us()) {}
  double us() const noexcept { return now_us() - begin_; }

 private:
  double now_us() const noexcept {
    timespec now{};
    clock_gettime(clock_, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
  }

  clockid_t clock_;
  double begin_;
};

using Times = std::vector<double>;   // in microseconds

// The value that a part of all values does not exceed. Of none it is 0.
inline double percentile(Times times, double part) {
  if (times.empty()) return 0;
  const auto rank =
      std::min(static_cast<std::size_t>(part * static_cast<double>(times.size())), times.size() - 1);
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(rank));
  return times[rank];
}

inline double median(Times times) {
  return percentile(std::move(times), 0.5);
}

inline double mean(const Times& times) {
  return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
}

inline double greatest(const Times& times) {
  return times.empty() ? 0 : std::ranges::max(times);
}

}   // namespace usertags::bench
