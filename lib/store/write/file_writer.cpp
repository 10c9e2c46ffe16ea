#include "store/write/file_writer.hpp"

#include <algorithm>
#include <new>

#include "model/failure.hpp"

namespace usertags::store {
namespace {

using model::ChangeKind;

// Folding keeps a little ahead of the patches, so that the backlog returns to its bound.
constexpr std::size_t fold_share(std::size_t changes) noexcept {
  return changes + changes / 4 + 16;
}

// A round over the users takes less than three bounds of patches (with two fifths of the users in the backlog
// and users chosen evenly, 2.8), and the fold is complete up to the round before. Where few users take all
// the patches the backlog never reaches its bound, and this alone keeps log and replay short.
constexpr std::uint64_t kReplayFactor = 6;

// Groups up to here stay in SQLite's cache until the COMMIT, if no housekeeping comes with them.
constexpr std::size_t kSmallGroup = 64;
constexpr std::size_t kSmallGroupBytes = std::size_t{256} << 10;

bool is_small(const PendingGroup& group) noexcept {
  return group.size() + group.tokens().size() <= kSmallGroup && group.patch_bytes() <= kSmallGroupBytes;
}

void commit_or_throw(sqlite::Transaction& transaction) {
  auto result = transaction.commit();
  if (result.outcome == sqlite::CommitOutcome::unknown) {
    model::fail(ErrorCode::outcome_unknown,
                "housekeeping failed on its way to the disk (" + result.error->what() + ')');
  }
  if (result.error) throw model::Failure{std::move(*result.error)};
}

}   // namespace

FileWriter::FileWriter(sqlite::Database& database, const index::Projection& projection,
                       index::TokenIndex& tokens, const Options& options, const Logger& logger,
                       Metrics& metrics, const sqlite::State& state, FoldSchedule folds, std::uint64_t users)
    : database_(database),
      projection_(projection),
      tokens_(tokens),
      retention_(database, options.history, options.tokens),
      backlog_bound_(options.housekeeping.backlog_users),
      logger_(logger),
      metrics_(metrics),
      state_(state),
      folds_(std::move(folds)),
      users_(users),
      data_version_(database.data_version()) {
  take(state_, std::nullopt);
}

sqlite::Transaction::Commit FileWriter::commit(const PendingGroup& group) {
  folds_.reserve(group.state().last_ordinal);
  sqlite::Transaction transaction(database_.connection());
  check_unchanged();
  append(group);
  const std::optional<Housework> work = try_housework(due(group), {group.size(), group.tokens().size()});
  sqlite::State state = group.state();
  apply(work, state);
  state.clean = false;
  database_.state().write(state);
  auto result = transaction.commit();
  if (result.outcome == sqlite::CommitOutcome::committed) {
    take(state, work);
    take(group);
  }
  return result;
}

bool FileWriter::maintain(std::size_t users) {
  sqlite::Transaction transaction(database_.connection());
  check_unchanged();
  const Housework work = do_housework(users, {Retention::kChunk, Retention::kChunk});
  sqlite::State state = state_;
  apply(work, state);
  const bool folded = work.fold && !work.fold->ordinals.empty();
  if (!folded && state == state_) return false;
  state.clean = false;
  database_.state().write(state);
  commit_or_throw(transaction);
  take(state, work);
  return true;
}

// VACUUM begins its own transaction: who writes between the two is found by the next commit.
sqlite::Transaction::Commit FileWriter::vacuum(const Progress& progress) {
  {
    const sqlite::Transaction lock(database_.connection());
    check_unchanged();
    database_.watch_commits();
  }
  return database_.vacuum(progress);
}

void FileWriter::begin_epoch(std::uint64_t epoch) {
  sqlite::State state = state_;
  state.epoch = epoch;
  state.clean = false;
  commit_state(state);
}

void FileWriter::mark_clean() {
  if (state_.clean) return;
  sqlite::State state = state_;
  state.clean = true;
  commit_state(state);
}

void FileWriter::commit_state(sqlite::State state) {
  sqlite::Transaction transaction(database_.connection());
  check_unchanged();
  database_.state().write(state);
  commit_or_throw(transaction);
  state_ = state;
}

// Within the transaction, which nobody can write behind any more.
void FileWriter::check_unchanged() {
  if (database_.data_version() != data_version_) {
    model::fail(ErrorCode::foreign_write, "something other than this store has written to its file",
                "close the store, then adopt what was written, or restore a backup");
  }
  if (database_.moved()) {
    model::fail(ErrorCode::io_error, "the store's file was renamed or removed while it was open",
                "put it back, or close the store and open it by its new name");
  }
}

// Before work that may not fit into SQLite's cache: a disk that is full in the midst of it is then not taken
// for a foreign write. Where there can be no watch, the work is done all the same.
void FileWriter::try_to_watch() noexcept {
  try {
    database_.watch_commits();
  } catch (const model::Failure&) {
  } catch (const std::bad_alloc&) {
  }
}

void FileWriter::append(const PendingGroup& group) {
  if (!is_small(group)) try_to_watch();
  entries_.clear();
  for (std::size_t i = 0; i < group.size(); ++i) entries_.push_back({group.change(i), group.checksum(i)});
  database_.log().append(entries_);
  database_.tokens().append(group.tokens());
  for (std::size_t i = 0; i < group.size(); ++i) {
    const ChangeKind kind = entries_[i].change.kind;
    if (kind == ChangeKind::created) database_.users().insert(group.version(i));
    if (kind == ChangeKind::deleted) database_.users().bury(group.version(i));
  }
}

std::size_t FileWriter::due(const PendingGroup& group) const {
  const std::uint64_t bound = std::max(backlog_bound_, users_ / 5 * 2);
  const bool backlog_is_long = folds_.backlog() + group.size() > bound;
  const bool replay_is_long = state_.revision - folds_.folded_revision() > kReplayFactor * bound;
  return backlog_is_long || replay_is_long ? fold_share(group.size()) : 0;
}

// None where it failed, and was rolled back without harm to the transaction.
std::optional<FileWriter::Housework> FileWriter::try_housework(std::size_t users,
                                                               const Newcomers& newcomers) {
  try {
    sqlite::Savepoint savepoint(database_.connection());
    Housework work = do_housework(users, newcomers);
    savepoint.release();
    return work;
  } catch (const model::Failure& failure) {
    if (!database_.connection().in_transaction()) throw;
    logger_(LogLevel::warning, [&] { return "housekeeping is put off: " + failure.error.message(); });
    return std::nullopt;
  }
}

FileWriter::Housework FileWriter::do_housework(std::size_t users, const Newcomers& newcomers) {
  Housework work{std::nullopt, state_.log_floor, state_.floor_checksum, state_.token_floor};
  std::uint64_t folded_revision = folds_.folded_revision();
  if (users > 0) try_to_watch();
  if (users > 0 || folds_.backlog() == 0) {
    work.fold = folds_.next(users, state_.revision);
    fold(*work.fold);
    folded_revision = work.fold->folded_revision;
  }
  prune_log(work, folded_revision, newcomers.changes);
  prune_tokens(work, newcomers.tokens);
  return work;
}

// Rows are brought up to what is published, not to the group under way: they bear the revision they are at,
// and a replay of the log goes on from there.
void FileWriter::fold(const FoldSchedule::Step& step) {
  if (step.ordinals.empty()) return;
  const Timer timer(metrics_.fold);
  projection_.visit_each(step.ordinals, [&](const model::Record& record) { database_.users().fold(record); });
}

void FileWriter::prune_log(Housework& work, std::uint64_t folded_revision, std::size_t changes) {
  const auto last = retention_.last_change_to_go(state_, folded_revision, changes);
  if (!last) return;
  try_to_watch();
  work.log_floor = *last + 1;
  work.floor_checksum = retention_.mark_of(*last).checksum;
  database_.log().prune(state_.log_floor, *last);
  database_.users().forget_deleted(*last);
}

void FileWriter::prune_tokens(Housework& work, std::size_t tokens) {
  const auto last = retention_.last_token_to_go(state_, tokens);
  if (!last) return;
  try_to_watch();
  work.token_floor = *last + 1;
  database_.tokens().prune(state_.token_floor, *last);
}

void FileWriter::apply(const std::optional<Housework>& work, sqlite::State& state) {
  if (!work) return;
  if (work->fold) state.folded_revision = work->fold->folded_revision;
  state.log_floor = work->log_floor;
  state.floor_checksum = work->floor_checksum;
  state.token_floor = work->token_floor;
}

void FileWriter::take(const sqlite::State& state, const std::optional<Housework>& work) {
  state_ = state;
  tokens_.forget(state.token_floor - 1);
  if (work && work->fold) {
    folds_.take(*work->fold);
    metrics_.folded_users += work->fold->ordinals.size();
  }
  metrics_.log_floor = state.log_floor;
  metrics_.folded_revision = state.folded_revision;
  metrics_.backlog_users = folds_.backlog();
}

void FileWriter::take(const PendingGroup& group) {
  for (std::size_t i = 0; i < group.size(); ++i) {
    const model::Change change = group.change(i);
    switch (change.kind) {
      case ChangeKind::created: ++users_; break;
      case ChangeKind::patched: folds_.mark(change.ordinal); break;
      case ChangeKind::deleted:
        folds_.unmark(change.ordinal);
        --users_;
        break;
    }
  }
  metrics_.backlog_users = folds_.backlog();
  metrics_.changes += group.size();
}

}   // namespace usertags::store
