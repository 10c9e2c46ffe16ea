#include "report/time_series.hpp"

#include <algorithm>
#include <utility>

namespace usertags::command {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Each divides the next, so that counts of one are added up to counts of the other.
constexpr std::array<seconds, 16> kSteps = {
    seconds(1), seconds(5), seconds(15), minutes(1), minutes(5), minutes(15), hours(1),  hours(6),
    hours(12),  days(1),    days(7),     days(14),   days(28),   days(84),    days(336), days(33'600)};

std::int64_t floor_of_quotient(std::int64_t number, std::int64_t divisor) {
  return number / divisor - (number % divisor < 0 ? 1 : 0);
}

}   // namespace

seconds TimeSeries::step() const {
  return kSteps[step_];
}

std::int64_t TimeSeries::number_of(Time at) const {
  return floor_of_quotient(at.time_since_epoch().count(), std::chrono::milliseconds(step()).count());
}

void TimeSeries::add(Time at, std::size_t kind) {
  ++counts_[number_of(at)][kind];
  while (counts_.rbegin()->first - counts_.begin()->first >= kMostStretches && step_ + 1 < kSteps.size()) {
    coarsen();
  }
}

void TimeSeries::coarsen() {
  const std::int64_t times = kSteps[step_ + 1] / kSteps[step_];
  ++step_;
  for (const auto& [number, counts] : std::exchange(counts_, {})) {
    Counts& sum = counts_[floor_of_quotient(number, times)];
    for (std::size_t kind = 0; kind < counts.size(); ++kind) sum[kind] += counts[kind];
  }
}

std::vector<TimeSeries::Stretch> TimeSeries::stretches() const {
  std::vector<Stretch> all;
  for (const auto& [number, counts] : counts_) {
    const std::int64_t from = all.empty() ? number : number_of(all.back().from) + 1;
    const std::int64_t gap = std::min(number, from + kMostStretches);   // it ends, whatever clocks said
    for (std::int64_t empty = from; empty < gap; ++empty) all.push_back({Time(step() * empty)});
    all.push_back({Time(step() * number), counts});
  }
  return all;
}

}   // namespace usertags::command
