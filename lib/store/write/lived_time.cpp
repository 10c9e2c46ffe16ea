#include "store/write/lived_time.hpp"

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

namespace usertags::store {

LivedTime::LivedTime(std::int64_t lived_ms, Uptime uptime)
    : uptime_(std::move(uptime)), lived_before_ms_(lived_ms), opened_at_(this->uptime()) {}

std::int64_t LivedTime::now_ms() const noexcept {
  const std::chrono::nanoseconds now = std::max(uptime(), opened_at_);
  // Unsigned, because a host's clock may leap from one end of its range to the other.
  const std::uint64_t session_ns =
      static_cast<std::uint64_t>(now.count()) - static_cast<std::uint64_t>(opened_at_.count());
  const auto session_ms = static_cast<std::int64_t>(session_ns / 1'000'000);
  const std::int64_t left_ms = std::numeric_limits<std::int64_t>::max() - lived_before_ms_;
  return lived_before_ms_ + std::min(session_ms, left_ms);
}

std::chrono::nanoseconds LivedTime::uptime() const noexcept {
  if (uptime_) return uptime_();
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);   // cannot fail: Linux has had it since 2.6.39
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}   // namespace usertags::store
