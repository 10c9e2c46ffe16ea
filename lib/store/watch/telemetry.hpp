// Telemetry: what a store tells of its own work: lines for the host's log, and figures.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

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
  void record(std::chrono::nanoseconds duration) noexcept;
  Latency summary() const noexcept;

 private:
  static constexpr int kSubBits = 4;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t upper_bound(std::size_t bucket) noexcept;

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> max_{0};
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

// Metrics: what the store counts of its own work since it was opened. Written by the leader, read by anyone.
struct Metrics final : sqlite::SyncObserver {
  void on_sync(std::chrono::nanoseconds took) noexcept override { sync.record(took); }

  LatencyHistogram commit;
  LatencyHistogram sync;
  LatencyHistogram fold;
  LatencyHistogram publish;
  LatencyHistogram checkpoint;
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> folded_users{0};

  // As the leader last saw them.
  std::atomic<std::uint64_t> database_bytes{0};
  std::atomic<std::uint64_t> wal_bytes{0};
  std::atomic<bool> wal_pinned{false};
  std::atomic<std::uint64_t> log_floor{1};
  std::atomic<std::uint64_t> folded_revision{0};
  std::atomic<std::uint64_t> backlog_users{0};
};

struct Telemetry {
  explicit Telemetry(std::function<void(LogLevel, std::string_view)> log) : logger(std::move(log)) {}

  const Logger logger;
  Metrics metrics;
};

}   // namespace usertags::store
