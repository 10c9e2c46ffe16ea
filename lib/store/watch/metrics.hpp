// Metrics: what the store counts of its own work since it was opened. Written by the leader, read by anyone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "sqlite/observed_vfs.hpp"
#include "store/watch/latency_histogram.hpp"

namespace usertags::store {

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

}   // namespace usertags::store
