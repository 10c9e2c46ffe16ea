// WritePath: all that a store which writes has beyond one that only looks: the lock, the writing connection,
// and the queue that leads to it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/progress.hpp>
#include <usertags/settings.hpp>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "model/failure.hpp"
#include "sqlite/database.hpp"
#include "store/file/store_lock.hpp"
#include "store/watch/logger.hpp"
#include "store/watch/metrics.hpp"
#include "store/write/file_writer.hpp"
#include "store/write/group_commit.hpp"
#include "store/write/request.hpp"
#include "store/write/writer.hpp"

namespace usertags::store {

class WritePath {
 public:
  // Opens the file, recovers it, and loads it into the empty projection and token index. No path: a store in
  // memory. The lock is held first. Throws Failure, std::bad_alloc.
  WritePath(const std::optional<std::filesystem::path>& path, std::optional<StoreLock> lock,
            const Options& options, index::Projection& projection, index::TokenIndex& tokens,
            const MemoryBudget& budget, const Logger& logger, Metrics& metrics, PublishSignal& published);

  // Returns when every write of the request is answered.
  void submit(Request& request) { queue_->submit(request); }

  // Runs function(Database&) while nothing is being written.
  template <class Function>
  decltype(auto) exclusively(Function&& function) {
    return queue_->exclusively([&]() -> decltype(auto) {
      if (closed_) throw model::Failure{ErrorCode::store_closed};
      return function(*database_);
    });
  }

  // Answers the settings as they are then. Throws Failure where they cannot be committed.
  Result<StoredSettings> change_settings(const SettingsChange& change,
                                         std::optional<std::uint64_t> expected_version);
  void checkpoint();
  void maintain(std::chrono::milliseconds budget);
  void compact(const Progress& progress);

  // Once: later calls do nothing. Releases the file whatever happens; throws the first thing that failed.
  void close(bool fold);

  bool failed() const noexcept { return writer_->failed(); }
  const sqlite::State& state() const noexcept { return file_->state(); }   // under the lead

  // In a child after fork: touches nothing that the parent shares.
  void abandon() noexcept;

 private:
  void settle(bool fold);

  std::optional<StoreLock> lock_;
  std::unique_ptr<sqlite::Database> database_;
  std::unique_ptr<FileWriter> file_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<GroupCommit> queue_;
  bool in_memory_;
  bool closed_ = false;   // under the lead
};

}   // namespace usertags::store
