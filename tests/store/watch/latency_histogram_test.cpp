#include "store/watch/telemetry.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace usertags::store {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, OfNothingIsAllZero) {
  const Latency latency = LatencyHistogram().summary();
  EXPECT_EQ(latency.count, 0U);
  EXPECT_EQ(latency.max.count(), 0);
  EXPECT_EQ(latency.p99.count(), 0);
}

TEST(LatencyHistogram, TakesATimeThatRanBackwardsForNone) {
  LatencyHistogram histogram;
  histogram.record(nanoseconds(-5));
  EXPECT_EQ(histogram.summary().max.count(), 0);
  EXPECT_EQ(histogram.summary().count, 1U);
}

RC_GTEST_PROP(LatencyHistogram, TellsPercentilesToOnePartInSixteen, ()) {
  const auto exponents = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 45)));
  std::vector<std::int64_t> times;
  LatencyHistogram histogram;
  for (const int exponent : exponents) {
    times.push_back(*rc::gen::inRange<std::int64_t>(0, (std::int64_t{1} << exponent) + 1));
    histogram.record(nanoseconds(times.back()));
  }
  std::ranges::sort(times);
  const auto exact = [&](double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(static_cast<double>(times.size()) * share));
    return times[std::max<std::size_t>(rank, 1) - 1];
  };
  const auto check = [](std::int64_t told, std::int64_t exact_time) {
    RC_ASSERT(told >= exact_time);
    RC_ASSERT(told <= exact_time + exact_time / 16 + 1);
  };
  const Latency latency = histogram.summary();
  check(latency.p50.count(), exact(0.50));
  check(latency.p99.count(), exact(0.99));
  RC_ASSERT(latency.max.count() == times.back());
  RC_ASSERT(latency.count == times.size());
}

}   // namespace
}   // namespace usertags::store
