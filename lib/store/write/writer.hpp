// Lookahead: goes through a group's writes ahead of the judge and has what he will look at fetched into the
// cache, users' records and places of tokens, many at once, so that he does not wait for each of them in
// turn.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <usertags/error.hpp>
#include <usertags/options.hpp>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "sqlite/database.hpp"
#include "store/watch/logger.hpp"
#include "store/watch/metrics.hpp"
#include "store/write/file_writer.hpp"
#include "store/write/group_commit.hpp"
#include "store/write/judge.hpp"
#include "store/write/publish_signal.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

class Lookahead {
 public:
  Lookahead(const index::Projection& projection, const index::TokenIndex& tokens,
            std::span<const Slice> slices) noexcept;

  // To be called before each write of the slices is judged, in order.
  void advance() noexcept {
    if (ahead_ == 0) fetch();
    --ahead_;
  }

 private:
  void fetch() noexcept;

  const index::Projection& projection_;
  const index::TokenIndex& tokens_;
  std::span<const Slice> slices_;   // from the one with the next write on
  std::size_t next_ = 0;            // in the first slice
  std::size_t ahead_ = 0;           // writes whose users are fetched and which are not yet judged
};

// The error of a COMMIT whose outcome is unknown. Whoever stops the store because of it must not fail in
// saying so: where there is no memory, the code says enough.
inline Error outcome_unknown(std::string_view what, const Error& cause, std::string_view remedy = {},
                             std::optional<std::uint64_t> intended_revision = std::nullopt) noexcept {
  Error::Details details;
  details.intended_revision = intended_revision;
  try {
    details.what = std::string(what) + " failed on its way to the disk (" + cause.what() + ')';
    details.remedy = remedy;
  } catch (const std::bad_alloc&) {
    details.what.clear();
  }
  return {ErrorCode::outcome_unknown, std::move(details)};
}

// Writer: what the leader does with a group: judge, prepare, commit to the file, publish, answer.
//
//   judge ──▶ prepare (all that can fail in memory) ──▶ file ═COMMIT═▶ publish (cannot fail) ──▶ answers
//
// Between the COMMIT and the end of publish nothing allocates, throws, or calls the host.
// A COMMIT whose outcome is unknown stops the writer for good: every write of the group is answered with
// outcome_unknown, later ones with store_failed. So does a checkpoint whose sync failed, after the group was
// answered. Reads of memory go on.
class Writer final : public GroupRunner {
 public:
  Writer(sqlite::Database& database, index::Projection& projection, index::TokenIndex& tokens,
         const MemoryBudget& budget, FileWriter& file, const Options& options, const Logger& logger,
         Metrics& metrics, PublishSignal& published);

  void before_group() noexcept override;
  void judge(std::span<Slice> slices) noexcept override;
  void commit(std::span<Slice> slices) noexcept override;
  void after_group() noexcept override;

  bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  // Later groups are answered with store_closed. Under the lead.
  void close() noexcept { closed_ = true; }
  // Runs housekeeping that the store must not survive unnoticed when a sync fails in it. Throws what that
  // throws; store_failed, where the store has stopped. Under the lead.
  void guard(const std::function<void()>& work);
  // What a failure of housekeeping means for the store: a sync that failed stops it. Under the lead.
  void note_failure(const Error& error) noexcept;

  // Moves the WAL into the file, as far as readers let it; what fails is noted.
  void try_checkpoint() noexcept;
  // Moves all of it, and empties it: waits for readers. Throws Failure (busy).
  void empty_wal();

 private:
  // What is published when the file has committed.
  struct Prepared {
    std::unique_ptr<index::Projection::Publication> changes;   // null: only tokens
    index::TokenIndex::Addition tokens;
  };

  // Runs it; what it throws is answered.
  template <class Work>
  std::optional<Error> failure_of(Work&& work) noexcept;
  Prepared decide(std::span<Slice> slices);
  void judge_group(std::span<Slice> slices, std::int64_t allowance);
  void judge_slice(Slice& slice);
  Result<Applied> judge_write(const WriteView& write, std::optional<std::size_t> item);
  void commit_group(std::span<Slice> slices);
  Prepared prepare();
  void publish(Prepared& prepared) noexcept;
  void tell_slow_commit(std::chrono::steady_clock::duration took) noexcept;
  void refuse_if_stopped_or_full();
  void checkpoint();
  void take_figures(bool whole);
  std::uint64_t checkpoint_after(std::uint64_t wal_bytes) const noexcept;
  std::int64_t now_ms() const;

  sqlite::Database& database_;
  index::Projection& projection_;
  index::TokenIndex& tokens_;
  const MemoryBudget& budget_;
  FileWriter& file_;
  const Housekeeping housekeeping_;
  const std::chrono::milliseconds slow_commit_;
  const std::function<std::chrono::system_clock::time_point()> clock_;
  const Logger& logger_;
  Metrics& metrics_;
  PublishSignal& published_;

  Judge judge_;
  std::optional<Error> refusal_;   // why the group under way is not to be committed
  PendingGroup group_;
  Prepared prepared_;                    // of the group that is judged, until it is committed
  std::optional<Lookahead> lookahead_;   // of the group that is being judged
  std::chrono::steady_clock::time_point judged_at_;
  std::uint64_t next_checkpoint_bytes_;   // WAL size at which the next checkpoint is tried
  bool closed_ = false;
  std::atomic<bool> failed_{false};
};

}   // namespace usertags::store
