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

LatencyHistogram::Distribution LatencyHistogram::read() const noexcept {
  Distribution reading;
  for (std::size_t i = 0; i < kBuckets; ++i)
    reading.count += reading.counts[i] = buckets_[i].load(std::memory_order_relaxed);
  reading.total = total_.load(std::memory_order_relaxed);
  reading.max = max_.load(std::memory_order_relaxed);
  return reading;
}

std::uint64_t LatencyHistogram::Distribution::below(int bits) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bucket_of(std::uint64_t{1} << bits); ++i) sum += counts[i];
  return sum;
}

Latency LatencyHistogram::summary() const noexcept {
  const Distribution reading = read();
  const auto percentile = [&](double share) {
    auto left = static_cast<std::uint64_t>(std::ceil(static_cast<double>(reading.count) * share));
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets && left > reading.counts[bucket]) left -= reading.counts[bucket++];
    return std::chrono::nanoseconds(reading.count == 0 ? 0 : std::min(upper_bound(bucket), reading.max));
  };
  Latency latency;
  latency.count = reading.count;
  latency.total = std::chrono::nanoseconds(reading.total);
  latency.p50 = percentile(0.50);
  latency.p99 = percentile(0.99);
  latency.max = std::chrono::nanoseconds(reading.max);
  return latency;
}

}   // namespace usertags::store
