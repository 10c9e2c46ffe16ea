#include "store/watch/telemetry.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace usertags::store {

// Values below 2^kSubBits have a bucket each; above, the highest kSubBits + 1 bits choose it.
std::size_t LatencyHistogram::bucket_of(std::uint64_t nanoseconds) noexcept {
  const auto width = static_cast<int>(std::bit_width(nanoseconds));
  if (width <= kSubBits) return nanoseconds;
  const int shift = width - kSubBits - 1;
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(nanoseconds >> shift);
}

std::uint64_t LatencyHistogram::upper_bound(std::size_t bucket) noexcept {
  if (bucket < (std::size_t{2} << kSubBits)) return bucket;
  const std::size_t shift = (bucket >> kSubBits) - 1;
  const std::uint64_t top = (bucket & ((std::size_t{1} << kSubBits) - 1)) + (std::size_t{1} << kSubBits);
  return ((top + 1) << shift) - 1;
}

void LatencyHistogram::record(std::chrono::nanoseconds duration) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  buckets_[bucket_of(nanoseconds)].fetch_add(1, std::memory_order_relaxed);
  total_.fetch_add(nanoseconds, std::memory_order_relaxed);
  std::uint64_t max = max_.load(std::memory_order_relaxed);
  while (max < nanoseconds && !max_.compare_exchange_weak(max, nanoseconds, std::memory_order_relaxed)) {
  }
}

Latency LatencyHistogram::summary() const noexcept {
  std::array<std::uint64_t, kBuckets> counts;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) count += counts[i] = buckets_[i].load(std::memory_order_relaxed);
  const std::uint64_t max = max_.load(std::memory_order_relaxed);
  const auto percentile = [&](double share) {
    auto left = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count) * share));
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets && left > counts[bucket]) left -= counts[bucket++];
    return std::chrono::nanoseconds(count == 0 ? 0 : std::min(upper_bound(bucket), max));
  };
  Latency latency;
  latency.count = count;
  latency.total = std::chrono::nanoseconds(total_.load(std::memory_order_relaxed));
  latency.p50 = percentile(0.50);
  latency.p99 = percentile(0.99);
  latency.max = std::chrono::nanoseconds(max);
  return latency;
}

}   // namespace usertags::store
