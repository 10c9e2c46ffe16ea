#include "store/write/writer.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <limits>
#include <new>
#include <string>
#include <variant>

#include "model/failure.hpp"

namespace usertags::store {

namespace {

UserRef user_of(const WriteView& write) noexcept {
  if (const auto* creation = std::get_if<CreateView>(&write))
    return UserRef::external_id(creation->external_id);
  if (const auto* patch = std::get_if<PatchView>(&write)) return patch->user;
  return std::get<DeleteView>(write).user;
}

}   // namespace

Lookahead::Lookahead(const index::Projection& projection, const index::TokenIndex& tokens,
                     std::span<const Slice> slices) noexcept
    : projection_(projection),
      tokens_(tokens),
      slices_(slices),
      next_(slices.empty() ? 0 : slices.front().begin) {}

// Once all writes are fetched, there is nothing to wait for: whoever goes on does so without help.
void Lookahead::fetch() noexcept {
  boost::container::static_vector<UserRef, index::Projection::kMaxPrefetch> users;
  while (!slices_.empty() && users.size() < users.capacity()) {
    if (next_ >= slices_.front().end) {
      slices_ = slices_.subspan(1);
      next_ = slices_.empty() ? 0 : slices_.front().begin;
    } else {
      const WriteView write = slices_.front().request->write(next_++);
      users.push_back(user_of(write));
      if (const std::string& token = options_of(write).token; !token.empty()) tokens_.prefetch(token);
    }
  }
  projection_.prefetch(users);
  ahead_ = std::max<std::size_t>(users.size(), 1);
}

namespace {

// A group ends early when its log entries come to this many bytes.
constexpr std::size_t kMaxGroupPatchBytes = std::size_t{4} << 20;

template <class Answer>
void answer_all(std::span<Slice> slices, Answer&& answer) noexcept {
  for (const Slice& slice : slices) {
    for (std::size_t i = slice.begin; i < slice.end; ++i) answer(slice.request->outcome(i));
  }
}

void refuse(std::span<Slice> slices, const Error& error) noexcept {
  answer_all(slices, [&](Result<Applied>& outcome) { outcome = std::unexpected(error); });
}

// A write that was refused, or changed nothing, would have had no revision.
void answer_unknown(std::span<Slice> slices, const Error& cause) noexcept {
  answer_all(slices, [&](Result<Applied>& outcome) {
    const bool has_changed = outcome && outcome->changed && !outcome->replayed;
    const auto revision = has_changed ? std::optional(outcome->revision) : std::nullopt;
    outcome = std::unexpected(outcome_unknown("the commit", cause, {}, revision));
  });
}

}   // namespace

Writer::Writer(sqlite::Database& database, index::Projection& projection, index::TokenIndex& tokens,
               const MemoryBudget& budget, FileWriter& file, const Options& options, const Logger& logger,
               Metrics& metrics, PublishSignal& published)
    : database_(database),
      projection_(projection),
      tokens_(tokens),
      budget_(budget),
      file_(file),
      housekeeping_(options.housekeeping),
      slow_commit_(options.slow_commit),
      clock_(options.clock),
      logger_(logger),
      metrics_(metrics),
      published_(published),
      judge_(projection, tokens, budget),
      next_checkpoint_bytes_(options.housekeeping.checkpoint_wal_bytes) {}

// --- A group. ---

template <class Work>
std::optional<Error> Writer::failure_of(Work&& work) noexcept {
  const sqlite::ObserveSyncs observe(metrics_);
  try {
    work();
    return std::nullopt;
  } catch (const model::Failure& failure) {
    return failure.error;
  } catch (const std::bad_alloc&) {
    return ErrorCode::out_of_memory;
  }
}

void Writer::before_group() noexcept {
  refusal_ = closed_ ? std::optional<Error>(ErrorCode::store_closed)
                     : failure_of([&] { refuse_if_stopped_or_full(); });
}

void Writer::judge(std::span<Slice> slices) noexcept {
  if (!refusal_) refusal_ = failure_of([&] { prepared_ = decide(slices); });
  if (refusal_) refuse(slices, *refusal_);
}

void Writer::commit(std::span<Slice> slices) noexcept {
  if (refusal_ || group_.empty()) return;
  if (const auto failure = failure_of([&] { commit_group(slices); })) refuse(slices, *failure);
}

// What the group comes to, prepared in memory; judged as often as it takes to keep to the memory budget.
Writer::Prepared Writer::decide(std::span<Slice> slices) {
  if (!budget_.is_limited()) {
    judge_group(slices, MemoryBudget::kUnlimited);
    return group_.empty() ? Prepared() : prepare();
  }
  AllowanceSearch search(budget_.room());
  while (true) {
    const std::int64_t room = budget_.room();   // tables that grew for a try that fits stay as they are
    judge_group(slices, search.allowance());
    if (group_.empty()) return {};
    const auto tokens = static_cast<std::int64_t>(tokens_.growth(group_.tokens()));
    const std::int64_t room_of_changes = search.is_last_resort() ? MemoryBudget::kUnlimited : room - tokens;
    std::int64_t growth = 0;
    Prepared prepared;
    if (group_.size() != 0) {
      prepared.changes =
          projection_.prepare_within(room_of_changes, group_.take_steps(), group_.state().revision, growth);
    }
    if (!search.settles(group_.growth(), growth + tokens - room)) continue;
    prepared.tokens = tokens_.prepare(group_.tokens());
    return prepared;
  }
}

void Writer::judge_group(std::span<Slice> slices, std::int64_t allowance) {
  group_.begin(file_.state(), now_ms(), file_.lived_ms());
  judge_.begin_group(file_.state().settings, allowance);
  lookahead_.emplace(projection_, tokens_, slices);
  judged_at_ = std::chrono::steady_clock::now();
  for (Slice& slice : slices) {
    if (group_.patch_bytes() >= kMaxGroupPatchBytes) slice.end = slice.begin;   // for the next group
    if (slice.begin != slice.end) judge_slice(slice);
  }
  group_.seal();
}

void Writer::judge_slice(Slice& slice) {
  Request& request = *slice.request;
  std::optional<Judge::Transaction> transaction;
  if (request.is_transaction()) transaction.emplace(judge_, group_);
  for (std::size_t i = slice.begin; i < slice.end; ++i) {
    lookahead_->advance();
    request.outcome(i) = judge_write(request.write(i), request.item(i));
    if (!transaction && group_.patch_bytes() >= kMaxGroupPatchBytes) slice.end = i + 1;
  }
  if (transaction) transaction->end(request.outcomes());
}

Result<Applied> Writer::judge_write(const WriteView& write, std::optional<std::size_t> item) {
  const auto& deadline = options_of(write).deadline;
  if (deadline && *deadline < judged_at_) return std::unexpected(ErrorCode::timeout);
  return judge_.judge(write, item, group_);
}

void Writer::commit_group(std::span<Slice> slices) {
  const auto start = std::chrono::steady_clock::now();
  Prepared prepared = std::move(prepared_);   // not published, it is undone
  const sqlite::Transaction::Commit result = file_.commit(group_);
  const auto took = std::chrono::steady_clock::now() - start;
  switch (result.outcome) {
    case sqlite::CommitOutcome::committed: publish(prepared); break;
    case sqlite::CommitOutcome::not_applied: refuse(slices, *result.error); break;
    case sqlite::CommitOutcome::unknown:
      failed_.store(true, std::memory_order_release);
      answer_unknown(slices, *result.error);
      logger_(LogLevel::error, [&] { return "the store stops: " + result.error->message(); });
  }
  metrics_.commit.record(took);
  if (std::chrono::floor<std::chrono::milliseconds>(took) >= slow_commit_) tell_slow_commit(took);
}

void Writer::tell_slow_commit(std::chrono::steady_clock::duration took) noexcept {
  logger_(LogLevel::warning, [&] {
    return "slow commit: " + std::to_string(group_.size()) + " changes took " +
           std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) + " ms";
  });
}

Writer::Prepared Writer::prepare() {
  Prepared prepared;
  prepared.tokens = tokens_.prepare(group_.tokens());
  if (group_.size() != 0)
    prepared.changes = projection_.prepare(group_.take_steps(), group_.state().revision);
  return prepared;
}

void Writer::publish(Prepared& prepared) noexcept {
  const Timer timer(metrics_.publish);
  index::TokenIndex::Forgotten forgotten;   // freed when the moment is over
  const auto show_tokens = [&]() noexcept {
    forgotten = tokens_.forget(file_.state().token_floor - 1);
    tokens_.publish(prepared.tokens);
  };
  if (prepared.changes == nullptr) return projection_.between_moments(show_tokens);
  projection_.publish(std::move(prepared.changes), show_tokens);
  published_.notify();
}

void Writer::refuse_if_stopped_or_full() {
  if (failed()) throw model::Failure{ErrorCode::store_failed};
  if (database_.wal_bytes() < housekeeping_.max_wal_bytes) return;
  try_checkpoint();
  if (failed()) throw model::Failure{ErrorCode::store_failed};
  if (database_.wal_bytes() >= housekeeping_.max_wal_bytes) {
    model::fail(ErrorCode::busy,
                "a reader that does not end keeps the WAL from being recycled, and it is full",
                "end the reader, then try again");
  }
}

void Writer::after_group() noexcept {
  metrics_.wal_bytes = database_.wal_bytes();
  if (!failed() && !closed_ && database_.wal_bytes() >= next_checkpoint_bytes_) try_checkpoint();
}

void Writer::try_checkpoint() noexcept {
  try {
    checkpoint();
  } catch (const model::Failure& failure) {
    note_failure(failure.error);
  } catch (const std::bad_alloc&) {
    note_failure(ErrorCode::out_of_memory);
  }
}

void Writer::checkpoint() {
  const sqlite::ObserveSyncs observe(metrics_);
  const Timer timer(metrics_.checkpoint);
  take_figures(database_.checkpoint() == sqlite::Database::Checkpointed::whole);
}

void Writer::empty_wal() {
  const sqlite::ObserveSyncs observe(metrics_);
  const Timer timer(metrics_.checkpoint);
  database_.checkpoint_and_truncate();
  take_figures(true);
}

// While a reader pins the WAL, the next try waits until it has grown by as much again.
void Writer::take_figures(bool whole) {
  next_checkpoint_bytes_ = checkpoint_after(whole ? 0 : database_.wal_bytes());
  metrics_.wal_pinned = !whole;
  metrics_.wal_bytes = database_.wal_bytes();
  metrics_.database_bytes = database_.database_bytes();
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
  next_checkpoint_bytes_ = checkpoint_after(database_.wal_bytes());
  logger_(stops ? LogLevel::error : LogLevel::warning, [&] {
    return std::string(stops ? "the store stops: " : "checkpoint is put off: ") + error.message();
  });
}

std::int64_t Writer::now_ms() const {
  const auto now = clock_ ? clock_() : std::chrono::system_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
}

}   // namespace usertags::store
