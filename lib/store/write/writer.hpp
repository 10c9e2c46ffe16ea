// Writer: the half of a store that writes. It owns the lock, the writing connection, and the queue that leads
// to it. write_group() tells the life of a group:
//
//   gather ─▶ judge ─▶ prepare ─▶ COMMIT ═▶ publish ─▶ answer ─▶ checkpoint
//
// Up to the COMMIT anything may fail, and leaves nothing behind. Between the COMMIT and the end of publish
// nothing allocates, throws, or calls the host.
//
// A COMMIT whose outcome is unknown stops the writer for good: every write of the group is answered with
// outcome_unknown, later ones with store_failed. So does a checkpoint whose sync failed, after the group was
// answered. Reads of memory go on.
//
// Where there is an outer log (outer_log.hpp), a group is appended to it before the COMMIT, and is applied from then
// on, whatever becomes of the COMMIT.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/settings.hpp>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "model/failure.hpp"
#include "sqlite/database.hpp"
#include "store/file/store_lock.hpp"
#include "store/memory/memory.hpp"
#include "store/watch/telemetry.hpp"
#include "store/write/file_writer.hpp"
#include "store/write/group_commit.hpp"
#include "store/write/judge.hpp"
#include "store/write/outer_log.hpp"
#include "store/write/pending_group.hpp"
#include "store/write/replaying.hpp"
#include "store/write/request.hpp"
#include "store/write/submissions.hpp"

namespace usertags::store {

class Writer {
 public:
  // Of a store that was loaded into memory: at `state`, with `folds` to be done. Without a lock it is a store
  // in memory. Throws Failure, std::bad_alloc.
  Writer(std::optional<StoreLock> lock, std::unique_ptr<sqlite::Database> database,
         const sqlite::State& state, FoldSchedule folds, const Options& options, Memory& memory,
         Telemetry& telemetry, OuterLog* outer_log = nullptr);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Returns when every write of the request is answered.
  void write(Request& request) { queue_.write(request); }

  Submissions& submissions() noexcept { return submissions_; }

  // Runs function(Database&) while nothing is being written. Throws Failure (store_closed).
  template <class Function>
  decltype(auto) exclusively(Function&& function) {
    return queue_.exclusively([&]() -> decltype(auto) {
      if (closed_) throw model::Failure{ErrorCode::store_closed};
      return function(*database_);
    });
  }

  QueueFigures queue_figures() { return queue_.figures(); }
  bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  // The outer log has more than the file, which took no more: it is not to be shown, or copied.
  bool has_lost_file() const noexcept { return has_lost_file_.load(std::memory_order_acquire); }

  // --- Care: each waits for its turn among the groups. They throw Failure. ---

  // Begins an epoch: what is opened was not closed in good order.
  void begin_epoch(std::uint64_t epoch) { file_.begin_epoch(epoch); }
  // Answers the settings as they are then. Throws Failure where they cannot be committed.
  Result<StoredSettings> change_settings(const SettingsChange& change,
                                         std::optional<std::uint64_t> expected_version);
  void checkpoint();
  void maintain(std::chrono::milliseconds budget);
  // Once: later calls do nothing. Releases the file whatever happens; throws the first thing that failed.
  void close(bool fold);

  // --- With an outer log: each waits for its turn. They throw Failure. ---

  // The entry that follows on the state, in the file and in memory. False where it is there already. Throws
  // corrupt_store where it does not follow.
  bool apply(const Entry& entry);
  // From now on groups are judged here. The state is the newest entry's.
  void lead();
  // Binds the file to a cluster.
  void bind(const sqlite::Binding& binding, std::uint64_t epoch);
  // Brings what was committed to the disk. Answers the newest entry that is there; none where readers are in the way.
  std::optional<std::uint64_t> sync();

  // In a child after fork: touches nothing that the parent shares.
  void abandon() noexcept { database_->abandon(); }

  // --- Under the lead. ---

  const sqlite::State& state() const noexcept { return file_.state(); }
  FileWriter& file() noexcept { return file_; }
  bool is_in_memory() const noexcept { return is_in_memory_; }

  // Runs housekeeping that the store must not survive unnoticed when a sync fails in it. Throws what that
  // throws; store_failed, where the store has stopped.
  void guard(const std::function<void()>& work);
  // What a failure of housekeeping means for the store: a sync that failed stops it.
  void note_failure(const Error& error) noexcept;
  // Moves the WAL into the file, as far as readers let it; what fails is noted.
  void try_checkpoint() noexcept;
  // Moves all of it, and empties it: waits for readers. Throws Failure (busy).
  void empty_wal();

 private:
  // What is published when the file has committed. Dropped instead, it is undone.
  struct Prepared {
    std::unique_ptr<index::Projection::Publication> changes;   // null: only tokens
    index::TokenIndex::Addition tokens;
  };

  void write_group() noexcept;
  template <class Work>
  std::optional<Error> failure_of(Work&& work) noexcept;   // runs it; what it throws is answered
  void require_room_in_wal();
  Prepared judge_and_prepare(std::span<Slice> slices);
  Prepared judge_within_budget(std::span<Slice> slices);
  void judge_group(std::span<Slice> slices, std::int64_t allowance,
                   index::Projection::Publication* begun = nullptr);
  Prepared prepare(std::unique_ptr<index::Projection::Publication> begun);
  void make_durable_and_publish(std::span<Slice> slices, Prepared& prepared);
  bool append_outside(std::span<Slice> slices);
  void commit_and_publish(std::span<Slice> slices, Prepared& prepared);
  sqlite::Transaction::Commit commit_to_file(const Prepared& prepared);
  void commit_settings();
  template <class Commit>
  void commit_or_lose_file(Commit&& commit) noexcept;
  void publish(Prepared& prepared) noexcept;
  void count_outcomes(std::span<Slice> slices) noexcept;
  void checkpoint_if_due() noexcept;
  void checkpoint_now();
  void take_figures(bool whole);
  std::uint64_t checkpoint_after(std::uint64_t wal_bytes) const noexcept;
  void settle(bool fold);
  std::int64_t now_ms() const;

  const Housekeeping housekeeping_;
  const std::chrono::milliseconds slow_commit_;
  const std::function<std::chrono::system_clock::time_point()> clock_;
  Memory& memory_;
  Telemetry& telemetry_;

  OuterLog* const outer_log_;   // none: the file alone makes groups durable
  const bool is_in_memory_;
  std::optional<StoreLock> lock_;   // none in memory, and once closed
  std::unique_ptr<sqlite::Database> database_;
  FileWriter file_;
  GroupCommit queue_;

  // Under the lead.
  Judge judge_;
  PendingGroup group_;                    // the one under way
  std::uint64_t next_checkpoint_bytes_;   // WAL size at which the next checkpoint is tried
  bool closed_ = false;

  EntryReplay entry_replay_;

  std::atomic<bool> failed_{false};
  std::atomic<bool> has_lost_file_{false};
  Submissions submissions_;   // last: its thread uses the rest
};

}   // namespace usertags::store
