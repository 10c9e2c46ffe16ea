// Deadlines, from the durations that hosts give.
#pragma once

#include <algorithm>
#include <chrono>

namespace usertags::model {

// Nobody waits longer than a year, so that the clock's end is never reached. What is negative has passed.
inline std::chrono::steady_clock::time_point deadline_in(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  return std::chrono::steady_clock::now() + std::clamp(timeout, std::chrono::milliseconds(0), kLongest);
}

}   // namespace usertags::model
