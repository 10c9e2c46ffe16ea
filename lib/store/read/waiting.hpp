// What those who wait for changes share.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include <usertags/error.hpp>

namespace usertags::store {

// How often a read-only store looks whether its file has more: nobody in this process could tell it.
inline constexpr std::chrono::milliseconds kLookEvery{20};

// Longer than a year nobody waits; so the clock's end is never reached. What is negative has passed.
inline std::chrono::steady_clock::time_point deadline_in(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  return std::chrono::steady_clock::now() + std::clamp(timeout, std::chrono::milliseconds(0), kLongest);
}

inline Error timed_out(std::uint64_t newest) {
  return {ErrorCode::timeout, Error::Details{.what = "nothing came behind revision " +
                                                     std::to_string(newest) + " in the time given",
                                             .current_revision = newest}};
}

inline Error has_not_come_to(std::uint64_t asked, std::uint64_t newest) {
  return {ErrorCode::timeout,
          Error::Details{.what = "the store is at revision " + std::to_string(newest) +
                                 " and has not come to " + std::to_string(asked) + " in the time given",
                         .current_revision = newest}};
}

}   // namespace usertags::store
