#include "store/write/writer.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <exception>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include "model/deadline.hpp"
#include "model/failure.hpp"
#include "store/memory/settings.hpp"

namespace usertags::store {
namespace {

// A group ends early when its log entries come to this many bytes.
constexpr std::size_t kMaxGroupTextBytes = std::size_t{4} << 20;

constexpr std::string_view kCommit = "the commit";   // what fails, in messages

template <class Answer>
void answer_all(std::span<Slice> slices, Answer&& answer) noexcept {
  for (const Slice& slice : slices) {
    for (std::size_t i = slice.begin; i < slice.end; ++i) answer(slice.request->outcome(i));
  }
}

std::size_t count_writes(std::span<const Slice> slices) noexcept {
  std::size_t writes = 0;
  for (const Slice& slice : slices) writes += slice.end - slice.begin;
  return writes;
}

void refuse(std::span<Slice> slices, const Error& error) noexcept {
  answer_all(slices, [&](Result<Applied>& outcome) { outcome = std::unexpected(error); });
}

// A write that was refused, or changed nothing, would have had no revision. Behind an outer log another change may
// come to have it.
void answer_unknown(std::span<Slice> slices, const Error& cause, bool is_outside) noexcept {
  answer_all(slices, [&](Result<Applied>& outcome) {
    if (is_outside) {
      outcome = std::unexpected(cause);
      return;
    }
    const bool has_changed = outcome && outcome->changed && !outcome->replayed;
    const auto revision = has_changed ? std::optional(outcome->revision) : std::nullopt;
    outcome = std::unexpected(sqlite::outcome_unknown(kCommit, cause, {}, revision));
  });
}

// Goes through a group's writes ahead of the judge and has what they name fetched into the cache, users'
// records and places of tokens, many at once, so that judging does not wait for each of them in turn.
class Lookahead {
 public:
  Lookahead(const Memory& memory, std::span<const Slice> slices) noexcept
      : memory_(memory), slices_(slices), next_(slices.empty() ? 0 : slices.front().begin) {}

  // To be called before each write of the slices is judged, in order.
  void advance() noexcept {
    if (ahead_ == 0) fetch();
    --ahead_;
  }

 private:
  // Once all writes are fetched, there is nothing to wait for: judging goes on without help.
  void fetch() noexcept {
    boost::container::static_vector<UserRef, index::Projection::kMaxPrefetch> users;
    while (!slices_.empty() && users.size() < users.capacity()) {
      if (next_ >= slices_.front().end) {
        slices_ = slices_.subspan(1);
        next_ = slices_.empty() ? 0 : slices_.front().begin;
      } else {
        const WriteView write = slices_.front().request->write(next_++);
        users.push_back(user_of(write));
        if (const std::string& token = options_of(write).token; !token.empty())
          memory_.tokens.prefetch(token);
      }
    }
    memory_.projection.prefetch(users);
    ahead_ = std::max<std::size_t>(users.size(), 1);
  }

  const Memory& memory_;
  std::span<const Slice> slices_;   // from the one with the next write on
  std::size_t next_;                // in the first slice
  std::size_t ahead_ = 0;           // writes whose users are fetched and which are not yet judged
};

}   // namespace

Writer::Writer(std::optional<StoreLock> lock, std::unique_ptr<sqlite::Database> database,
               const sqlite::State& state, FoldSchedule folds, const Options& options, Memory& memory,
               Telemetry& telemetry, OuterLog* outer_log)
    : housekeeping_(options.housekeeping),
      slow_commit_(options.slow_commit),
      clock_(options.clock),
      memory_(memory),
      telemetry_(telemetry),
      outer_log_(outer_log),
      is_in_memory_(!lock),
      lock_(std::move(lock)),
      database_(std::move(database)),
      file_(*database_, state, std::move(folds), options, memory, telemetry),
      queue_([this] { write_group(); }),
      judge_(memory, &memory.projection.blocks()),
      next_checkpoint_bytes_(options.housekeeping.checkpoint_wal_bytes),
      entry_replay_(memory),
      submissions_(queue_, options) {
  if (!is_in_memory()) telemetry_.metrics.database_bytes = database_->database_bytes();
}

// --- The life of a group. ---

// The thread that leads runs it, one at a time; the next group gathers in the queue meanwhile.
void Writer::write_group() noexcept {
  // Making room may last as long as a checkpoint. Whoever waits can still give up until it is over.
  std::optional<Error> refusal = failure_of([&] { require_room_in_wal(); });
  std::span<Slice> slices = queue_.gather();

  // All that can fail in memory. Nothing is visible yet, and nothing written.
  Prepared prepared;
  if (!refusal) refusal = failure_of([&] { prepared = judge_and_prepare(slices); });
  slices = queue_.give_back();

  // The file, then memory: what is visible is durable.
  if (!refusal) refusal = failure_of([&] { make_durable_and_publish(slices, prepared); });
  if (refusal) refuse(slices, *refusal);

  count_outcomes(slices);
  queue_.answer();
  checkpoint_if_due();
}

template <class Work>
std::optional<Error> Writer::failure_of(Work&& work) noexcept {
  const sqlite::ObserveSyncs observe(telemetry_.metrics);
  try {
    work();
    return std::nullopt;
  } catch (const model::Failure& failure) {
    return failure.error;
  } catch (const std::bad_alloc&) {
    return ErrorCode::out_of_memory;
  }
}

void Writer::require_room_in_wal() {
  if (closed_) throw model::Failure{ErrorCode::store_closed};
  if (failed()) throw model::Failure{ErrorCode::store_failed};
  if (outer_log_ != nullptr) outer_log_->expect_lead();
  if (database_->wal_bytes() < housekeeping_.max_wal_bytes) return;
  try_checkpoint();
  if (failed()) throw model::Failure{ErrorCode::store_failed};
  if (database_->wal_bytes() >= housekeeping_.max_wal_bytes) {
    model::fail(ErrorCode::busy,
                "a reader that does not end keeps the WAL from being recycled, and it is full",
                "end the reader, then try again");
  }
}

Writer::Prepared Writer::judge_and_prepare(std::span<Slice> slices) {
  const std::size_t writes = count_writes(slices);
  file_.make_ready(writes);
  if (memory_.budget.is_limited()) return judge_within_budget(slices);
  auto changes = memory_.projection.begin(writes);
  judge_group(slices, MemoryBudget::kUnlimited, changes.get());
  return group_.empty() ? Prepared() : prepare(std::move(changes));
}

// Judged as often as it takes to keep to the memory budget.
Writer::Prepared Writer::judge_within_budget(std::span<Slice> slices) {
  AllowanceSearch search(memory_.budget.room());
  while (true) {
    const std::int64_t room =
        memory_.budget.room();   // tables that grew for a try that fits stay as they are
    judge_group(slices, search.allowance());
    if (group_.empty()) return {};
    const auto tokens = static_cast<std::int64_t>(memory_.tokens.growth(group_.tokens()));
    const std::int64_t room_of_changes = search.is_last_resort() ? MemoryBudget::kUnlimited : room - tokens;
    std::int64_t growth = 0;
    Prepared prepared;
    if (group_.has_changes()) {
      prepared.changes = memory_.projection.prepare_within(room_of_changes, group_.take_transitions(),
                                                           group_.state().revision, growth);
    }
    if (!search.settles(group_.growth(), growth + tokens - room)) continue;
    prepared.tokens = memory_.tokens.prepare(group_.tokens());
    return prepared;
  }
}

// What no longer fits into the group is left to the next one.
void Writer::judge_group(std::span<Slice> slices, std::int64_t allowance,
                         index::Projection::Publication* begun) {
  group_.begin(file_.state(), now_ms(), file_.lived_ms());
  group_.make_room_for(count_writes(slices));
  judge_.begin_group(file_.state().settings, allowance);
  Lookahead lookahead(memory_, slices);
  for (Slice& slice : slices) {
    if (group_.text_bytes() >= kMaxGroupTextBytes) slice.end = slice.begin;
    if (slice.begin == slice.end) continue;
    Request& request = *slice.request;
    std::optional<Judge::AllOrNone> transaction;
    if (request.is_transaction()) transaction.emplace(judge_, group_);
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      lookahead.advance();
      request.outcome(i) = judge_.judge(request.write(i), request.item(i), group_);
      if (transaction) continue;
      if (begun != nullptr) begun->offer(group_.transitions());
      if (group_.text_bytes() >= kMaxGroupTextBytes) slice.end = i + 1;
    }
    if (transaction) transaction->end(request.outcomes());
  }
  group_.seal();
}

Writer::Prepared Writer::prepare(std::unique_ptr<index::Projection::Publication> begun) {
  Prepared prepared;
  prepared.tokens = memory_.tokens.prepare(group_.tokens());
  if (group_.has_changes()) {
    prepared.changes =
        memory_.projection.prepare(std::move(begun), group_.take_transitions(), group_.state().revision);
  }
  return prepared;
}

void Writer::make_durable_and_publish(std::span<Slice> slices, Prepared& prepared) {
  if (outer_log_ != nullptr) {
    // What the log has is applied: nothing may fail behind it.
    if (prepared.changes) prepared.changes->expect();
    if (!append_outside(slices)) return;
  }
  if (!group_.empty()) commit_and_publish(slices, prepared);
}

// False where the group is not in the log, or nobody knows whether it is: its writes are answered so. Where it comes to
// nothing, its answers are true only if nobody else has written.
bool Writer::append_outside(std::span<Slice> slices) {
  if (group_.empty()) {
    outer_log_->confirm_lead();
    return true;
  }
  const sqlite::Transaction::Commit result = outer_log_->append(entry_of(file_.state(), group_));
  if (result.outcome == sqlite::CommitOutcome::not_applied) refuse(slices, *result.error);
  if (result.outcome == sqlite::CommitOutcome::unknown) answer_unknown(slices, *result.error, true);
  return result.outcome == sqlite::CommitOutcome::committed;
}

// Of what the outer log has: the store stops where the file does not take it, and it is applied all the same.
template <class Commit>
void Writer::commit_or_lose_file(Commit&& commit) noexcept {
  const std::optional<Error> lost = failure_of(commit);
  if (!lost) return;
  has_lost_file_.store(true, std::memory_order_release);
  failed_.store(true, std::memory_order_release);
  outer_log_->note_lost_file(*lost);
  telemetry_.logger(LogLevel::error, [&] {
    return "the store stops: its file does not take what the log of the cluster has: " + lost->message();
  });
}

sqlite::Transaction::Commit Writer::commit_to_file(const Prepared& prepared) {
  if (outer_log_ == nullptr) return file_.commit(group_, prepared.changes.get());
  commit_or_lose_file([&] { sqlite::expect_committed(file_.commit(group_, nullptr), kCommit); });
  return {sqlite::CommitOutcome::committed, std::nullopt};
}

void Writer::commit_and_publish(std::span<Slice> slices, Prepared& prepared) {
  const auto start = std::chrono::steady_clock::now();
  const sqlite::Transaction::Commit result = commit_to_file(prepared);
  const auto took = std::chrono::steady_clock::now() - start;
  switch (result.outcome) {
    case sqlite::CommitOutcome::committed: publish(prepared); break;
    case sqlite::CommitOutcome::not_applied: refuse(slices, *result.error); break;
    case sqlite::CommitOutcome::unknown:
      failed_.store(true, std::memory_order_release);
      answer_unknown(slices, *result.error, false);
      telemetry_.logger(LogLevel::error, [&] { return "the store stops: " + result.error->message(); });
  }
  telemetry_.metrics.commit.record(took);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(took);
  if (milliseconds < slow_commit_) return;
  telemetry_.logger(LogLevel::warning, [&] {
    return "slow commit: " + std::to_string(group_.size()) + " changes took " +
           std::to_string(milliseconds.count()) + " ms";
  });
}

void Writer::publish(Prepared& prepared) noexcept {
  const Timer timer(telemetry_.metrics.publish);
  index::TokenIndex::Forgotten forgotten;   // freed when the moment is over
  const auto show_tokens = [&]() noexcept {
    forgotten = memory_.tokens.forget(file_.state().token_floor - 1);
    memory_.tokens.publish(prepared.tokens);
  };
  if (prepared.changes == nullptr) return memory_.projection.between_moments(show_tokens);
  memory_.projection.publish(std::move(prepared.changes), show_tokens);
  memory_.published.notify();
}

// Refusals bear a list of violations; in a transaction each write bears the same one.
void Writer::count_outcomes(std::span<Slice> slices) noexcept {
  Metrics& metrics = telemetry_.metrics;
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t replayed = 0;
  for (const Slice& slice : slices) {
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      const Result<Applied>& outcome = slice.request->outcome(i);
      if (outcome) {
        ++(outcome->replayed ? replayed : outcome->changed ? changed : unchanged);
        continue;
      }
      metrics.refused.count(outcome.error().code());
      if (slice.request->is_transaction() && i != slice.begin) continue;
      for (const Violation& violation : outcome.error().violations())
        metrics.violations.count(violation.reason);
    }
  }
  metrics.changed += changed;
  metrics.unchanged += unchanged;
  metrics.replayed += replayed;
  metrics.group_writes.record(count_writes(slices));
}

// --- The WAL. ---

void Writer::checkpoint_if_due() noexcept {
  telemetry_.metrics.wal_bytes = database_->wal_bytes();
  if (!failed() && !closed_ && database_->wal_bytes() >= next_checkpoint_bytes_) try_checkpoint();
}

void Writer::try_checkpoint() noexcept {
  try {
    checkpoint_now();
  } catch (const model::Failure& failure) {
    note_failure(failure.error);
  } catch (const std::bad_alloc&) {
    note_failure(ErrorCode::out_of_memory);
  }
}

void Writer::checkpoint_now() {
  const sqlite::ObserveSyncs observe(telemetry_.metrics);
  const Timer timer(telemetry_.metrics.checkpoint);
  take_figures(database_->checkpoint() == sqlite::Database::Checkpointed::whole);
}

void Writer::empty_wal() {
  const sqlite::ObserveSyncs observe(telemetry_.metrics);
  const Timer timer(telemetry_.metrics.checkpoint);
  database_->checkpoint_and_truncate();
  take_figures(true);
}

// While a reader pins the WAL, the next try waits until it has grown by as much again.
void Writer::take_figures(bool whole) {
  Metrics& metrics = telemetry_.metrics;
  next_checkpoint_bytes_ = checkpoint_after(whole ? 0 : database_->wal_bytes());
  metrics.wal_pinned = !whole;
  metrics.wal_bytes = database_->wal_bytes();
  metrics.database_bytes = database_->database_bytes();
}

// The WAL size that is a checkpoint's distance away.
std::uint64_t Writer::checkpoint_after(std::uint64_t wal_bytes) const noexcept {
  constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t distance = housekeeping_.checkpoint_wal_bytes;
  return distance > kNever - wal_bytes ? kNever : wal_bytes + distance;
}

void Writer::guard(const std::function<void()>& work) {
  if (failed()) throw model::Failure{ErrorCode::store_failed};
  try {
    work();
  } catch (const model::Failure& failure) {
    note_failure(failure.error);
    throw;
  }
}

void Writer::note_failure(const Error& error) noexcept {
  const bool stops = error == ErrorCode::io_error || error == ErrorCode::corrupt_store ||
                     error == ErrorCode::outcome_unknown;
  if (stops) failed_.store(true, std::memory_order_release);
  // Tried again when the WAL has grown a little more.
  next_checkpoint_bytes_ = checkpoint_after(database_->wal_bytes());
  telemetry_.logger(stops ? LogLevel::error : LogLevel::warning, [&] {
    return std::string(stops ? "the store stops: " : "checkpoint is put off: ") + error.message();
  });
}

// --- Care. ---

Result<StoredSettings> Writer::change_settings(const SettingsChange& change,
                                               std::optional<std::uint64_t> expected_version) {
  return exclusively([&](sqlite::Database&) -> Result<StoredSettings> {
    const StoredSettings& stored = file_.state().settings;
    if (expected_version && *expected_version != stored.version)
      return std::unexpected(other_version(stored.version, *expected_version));
    if (outer_log_ != nullptr) outer_log_->expect_lead();
    StoredSettings settings = changed(stored, change);
    if (settings == stored) return settings;
    ++settings.version;
    group_.begin(file_.state(), file_.state().last_at_ms, file_.lived_ms());
    group_.change_settings(settings);
    group_.seal();
    commit_settings();
    return settings;
  });
}

void Writer::commit_settings() {
  if (failed()) throw model::Failure{ErrorCode::store_failed};
  if (outer_log_ == nullptr) return guard([&] { file_.change_settings(group_); });
  sqlite::expect_committed(outer_log_->append(entry_of(file_.state(), group_)), kCommit);
  commit_or_lose_file([&] { file_.change_settings(group_); });
}

// --- With an outer log. ---

// What does not belong there is no failure of the file.
bool Writer::apply(const Entry& entry) {
  return exclusively([&](sqlite::Database&) {
    if (failed()) throw model::Failure{ErrorCode::store_failed};
    if (entry.number <= file_.state().entry) return false;
    entry_replay_.run(entry, file_.state(), group_);
    Prepared prepared = prepare(memory_.projection.begin(0));
    guard([&] {
      file_.follow(entry.floors);
      sqlite::expect_committed(file_.commit(group_, prepared.changes.get()), kCommit);
    });
    publish(prepared);
    checkpoint_if_due();
    return true;
  });
}

void Writer::lead() {
  exclusively([&](sqlite::Database&) { file_.lead(); });
}

void Writer::bind(const sqlite::Binding& binding, std::uint64_t epoch) {
  exclusively([&](sqlite::Database&) { guard([&] { file_.bind(binding, epoch); }); });
}

std::optional<std::uint64_t> Writer::sync() {
  return exclusively([&](sqlite::Database& database) -> std::optional<std::uint64_t> {
    bool whole = false;
    guard([&] {
      const sqlite::ObserveSyncs observe(telemetry_.metrics);
      whole = database.checkpoint() == sqlite::Database::Checkpointed::whole;
      take_figures(whole);
    });
    return whole ? std::optional(file_.state().entry) : std::nullopt;
  });
}

void Writer::checkpoint() {
  exclusively([&](sqlite::Database&) {
    if (is_in_memory()) return;
    guard([&] { empty_wal(); });
  });
}

void Writer::maintain(std::chrono::milliseconds budget) {
  const auto deadline = model::deadline_in(budget);
  bool more = true;
  while (more && std::chrono::steady_clock::now() < deadline) {
    exclusively([&](sqlite::Database& database) {
      guard([&] {
        more = file_.maintain(FileWriter::kMaintenanceUsers);
        if (!is_in_memory()) database.checkpoint();
      });
    });
  }
}

void Writer::close(bool fold) {
  queue_.exclusively([&] {
    if (closed_) return;
    closed_ = true;
    std::exception_ptr failure;
    try {
      if (!failed() && !is_in_memory()) settle(fold);
    } catch (...) {
      failure = std::current_exception();
    }
    database_->close();
    lock_.reset();
    if (failure) std::rethrow_exception(failure);
  });
}

void Writer::settle(bool fold) {
  while (fold && file_.maintain(FileWriter::kMaintenanceUsers)) {
    if (database_->wal_bytes() > std::uint64_t{64} << 20) database_->checkpoint();
  }
  file_.mark_clean();
  database_->checkpoint();   // where a reader pins the WAL, it stays, for the next one who opens the store
}

std::int64_t Writer::now_ms() const {
  const auto now = clock_ ? clock_() : std::chrono::system_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
}

}   // namespace usertags::store
