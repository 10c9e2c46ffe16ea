// Telemetry: what a store tells of its own work: lines for the host's log, and figures.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/stats.hpp>

#include "model/shown_text.hpp"
#include "sqlite/observed_vfs.hpp"

namespace usertags::store {

// The host's log callback, if there is one. What it throws is swallowed: a log line must not fail a write.
class Logger {
 public:
  explicit Logger(std::function<void(LogLevel, std::string_view)> callback)
      : callback_(std::move(callback)) {}

  // `line()` makes the text, only if somebody listens. It reaches the callback as one line.
  template <class MakeLine>
  void operator()(LogLevel level, MakeLine&& line) const noexcept {
    if (!callback_) return;
    try {
      callback_(level, model::one_line(std::string(line())));
    } catch (...) {   // a line that cannot be told is lost
    }
  }

 private:
  std::function<void(LogLevel, std::string_view)> callback_;
};

// LatencyHistogram: a distribution of durations in log-linear buckets (each power of two of nanoseconds split
// in 16), so that percentiles are accurate to one part in 16 at a fixed size. Recording and reading are
// lock-free and may happen on any threads at once.
class LatencyHistogram {
 public:
  static constexpr int kSubBits = 4;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  // The buckets as they were read, once: whatever is said of them fits together.
  struct Distribution {
    std::array<std::uint64_t, kBuckets> counts;
    std::uint64_t count = 0;
    std::uint64_t total = 0;   // nanoseconds
    std::uint64_t max = 0;

    // How many took less than 2^bits nanoseconds.
    std::uint64_t below(int bits) const noexcept;
  };

  void record(std::chrono::nanoseconds duration) noexcept;
  Distribution read() const noexcept;
  Latency summary() const noexcept;

 private:
  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t upper_bound(std::size_t bucket) noexcept;

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> max_{0};
};

// SizeHistogram: a distribution of sizes of 1 and more, in buckets that end with 1, 2, 4, …, 2^16, and one for what is
// larger. As above, of threads.
class SizeHistogram {
 public:
  static constexpr std::size_t kBuckets = 18;

  void record(std::size_t size) noexcept {
    const auto bucket =
        std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(size - 1)), kBuckets - 1);
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    total_.fetch_add(size, std::memory_order_relaxed);
  }
  std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
  std::uint64_t total() const noexcept { return total_; }

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
  std::atomic<std::uint64_t> total_{0};
};

// Records the time of its own life.
class Timer {
 public:
  explicit Timer(LatencyHistogram& histogram) noexcept : histogram_(histogram) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { histogram_.record(elapsed()); }

  std::chrono::nanoseconds elapsed() const noexcept { return std::chrono::steady_clock::now() - start_; }

 private:
  LatencyHistogram& histogram_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// A counter for each value that the enumeration's type can have: a new enumerator needs nothing here.
template <class Enumeration>
class CountersOf {
 public:
  void count(Enumeration value) noexcept { ++counters_[static_cast<std::uint8_t>(value)]; }
  std::uint64_t of(Enumeration value) const noexcept { return counters_[static_cast<std::uint8_t>(value)]; }

 private:
  static_assert(sizeof(Enumeration) == sizeof(std::uint8_t));
  std::array<std::atomic<std::uint64_t>, std::size_t{std::numeric_limits<std::uint8_t>::max()} + 1>
      counters_{};
};

// Metrics: what the store counts of its own work since it was opened. Written by the leader, read by anyone.
struct Metrics final : sqlite::SyncObserver {
  void on_sync(std::chrono::nanoseconds took) noexcept override { sync.record(took); }

  LatencyHistogram commit;
  LatencyHistogram sync;
  LatencyHistogram fold;
  LatencyHistogram publish;
  LatencyHistogram checkpoint;
  std::atomic<std::uint64_t> changes{0};

  // What became of writes, by the group that took them.
  SizeHistogram group_writes;
  std::atomic<std::uint64_t> changed{0};
  std::atomic<std::uint64_t> unchanged{0};
  std::atomic<std::uint64_t> replayed{0};
  CountersOf<ErrorCode> refused;
  CountersOf<Violation::Reason> violations;

  std::atomic<std::uint64_t> folded_users{0};

  // As the leader last saw them.
  std::atomic<std::uint64_t> database_bytes{0};
  std::atomic<std::uint64_t> wal_bytes{0};
  std::atomic<bool> wal_pinned{false};
  std::atomic<std::uint64_t> log_floor{1};
  std::atomic<std::uint64_t> folded_revision{0};
  std::atomic<std::uint64_t> backlog_users{0};
};

struct SubmissionFigures {
  std::uint64_t submitted = 0;   // writes, since the store was opened
  std::size_t writes = 0;        // of them, those that are not answered yet
  std::size_t bytes = 0;         // which these take
};

// What a queue of writes says of itself.
struct QueueFigures {
  std::uint64_t waiting = 0;    // writes that no group has answered yet
  std::uint64_t given_up = 0;   // writes that a deadline took from the queue
};

struct Telemetry {
  explicit Telemetry(std::function<void(LogLevel, std::string_view)> log) : logger(std::move(log)) {}

  const Logger logger;
  Metrics metrics;
};

}   // namespace usertags::store
