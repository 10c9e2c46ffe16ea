#include "store/write/file_writer.hpp"

#include <algorithm>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "model/failure.hpp"

namespace usertags::store {
namespace {

using model::ChangeKind;

// How many users are folded with so many changes. At its bound the backlog shrinks, even if each change is another
// user's; below, the share is the smaller the further away the bound is, down to nothing, so that the backlog comes to
// rest where as much is folded as is added, and each large commit bears its part. A few users are not worth a page: with
// small commits they wait until they are some.
constexpr std::size_t fold_share(std::size_t changes, std::uint64_t backlog, std::uint64_t bound) noexcept {
  constexpr std::size_t kSome = 16;
  const std::size_t most = changes + changes / 4 + kSome;
  if (backlog > bound) return most;
  const std::uint64_t near = bound / 32;
  const std::uint64_t left = bound - backlog;
  const std::size_t share = left >= near ? 0 : most * (near - left) / near;
  return share < kSome ? 0 : share;
}

// A round over the users takes less than four bounds of patches (with three fifths of the users in the backlog and
// users chosen evenly, 3.7), and the fold is complete up to where the round before was. Where few users take all the
// patches the backlog never reaches its bound, and this alone keeps log and replay short.
constexpr std::uint64_t kReplayFactor = 4;

// Groups up to here stay in SQLite's cache until the COMMIT, if no housekeeping comes with them.
constexpr std::size_t kSmallGroup = 64;
constexpr std::size_t kSmallGroupBytes = std::size_t{256} << 10;

bool is_small(const PendingGroup& group) noexcept {
  return group.size() + group.tokens().size() <= kSmallGroup && group.text_bytes() <= kSmallGroupBytes;
}

bool is_bound(const sqlite::State& state) noexcept {
  return state.binding != sqlite::Binding{};
}

// What fails, in messages.
constexpr std::string_view kHousekeeping = "housekeeping";

}   // namespace

FileWriter::FileWriter(sqlite::Database& database, const sqlite::State& state, FoldSchedule folds,
                       const Options& options, Memory& memory, Telemetry& telemetry)
    : database_(database),
      memory_(memory),
      retention_(database),
      lived_(state.lived_ms, options.uptime),
      backlog_bound_(options.housekeeping.backlog_users),
      durability_(options.durability),
      telemetry_(telemetry),
      durability_now_(options.durability),
      state_(state),
      folds_(std::move(folds)),
      rows_(memory.projection),
      floors_(is_bound(state) ? std::optional(Floors{state.log_floor, state.token_floor}) : std::nullopt),
      users_(memory.projection.counters().users),
      data_version_(database.data_version()) {
  advance_to(state_, nullptr);
}

void FileWriter::make_ready(std::size_t changes) {
  if (changes < index::Companion::kWorthwhile || !postponement_.is_over()) return;
  const std::size_t users = due(changes);
  if (users > 0) rows_.begin(folds_.next(users, state_.revision).ordinals, state_.revision);
}

sqlite::Transaction::Commit FileWriter::commit(const PendingGroup& group, InMemory prepared) {
  rows_.finish();
  for (std::size_t i = 0; i < group.size(); ++i) folds_.reserve(group.version(i).ordinal());
  postponement_.note_writes(group.size() + group.tokens().size());
  choose_durability();
  auto result = leaving_no_void_frames([&] {
    if (postponement_.is_over()) {
      if (auto tried = try_with_housework(group, prepared)) return *std::move(tried);
    }
    return commit_without_housework(group, prepared);
  });
  if (result.outcome == sqlite::CommitOutcome::committed) count_users(group);
  return result;
}

std::optional<sqlite::Transaction::Commit> FileWriter::try_with_housework(const PendingGroup& group,
                                                                          InMemory prepared) {
  bool in_housework = false;
  try {
    sqlite::Transaction transaction(database_.connection());
    check_unchanged();
    append(group);
    in_housework = true;
    const Housework work =
        do_housework(due(group.size()), {group.size(), group.tokens().size(), group.state().lived_ms});
    in_housework = false;
    expect(prepared);
    in_housework = has_done_anything(work);
    sqlite::State state = group.state();
    apply(work, state);
    auto result = finish(transaction, state, &work);
    if (result.outcome != sqlite::CommitOutcome::not_applied || !in_housework) return result;
    put_off(*result.error);
  } catch (const model::Failure& failure) {
    if (!in_housework) throw;
    put_off(failure.error);
  } catch (const std::bad_alloc&) {
    if (!in_housework) throw;
    put_off(ErrorCode::out_of_memory);
  }
  give_void_frames_back();
  return std::nullopt;
}

sqlite::Transaction::Commit FileWriter::commit_without_housework(const PendingGroup& group,
                                                                 InMemory prepared) {
  sqlite::Transaction transaction(database_.connection());
  check_unchanged();
  append(group);
  expect(prepared);
  sqlite::State state = group.state();
  state.token_floor = token_floor();
  return finish(transaction, state, nullptr);
}

void FileWriter::expect(InMemory prepared) {
  if (prepared != nullptr) prepared->expect();
}

void FileWriter::lead() noexcept {
  floors_.reset();
  lived_.go_on_from(state_.lived_ms);
}

// Behind the COMMIT nothing fails.
sqlite::Transaction::Commit FileWriter::finish(sqlite::Transaction& transaction, sqlite::State state,
                                               const Housework* work) {
  state.clean = false;
  database_.state().write(state);
  auto result = transaction.commit();
  if (result.outcome != sqlite::CommitOutcome::committed) return result;
  advance_to(state, work);
  if (work != nullptr) postponement_.note_success();
  return result;
}

bool FileWriter::has_done_anything(const Housework& work) const noexcept {
  const bool has_folded = work.fold && !work.fold->ordinals.empty();
  return has_folded || work.log_floor != state_.log_floor || work.token_floor != state_.token_floor;
}

void FileWriter::put_off(const Error& why) noexcept {
  postponement_.note_failure();
  telemetry_.logger(LogLevel::warning, [&] { return "housekeeping is put off: " + why.message(); });
}

void FileWriter::give_void_frames_back() noexcept {
  if (!database_.has_void_frames()) return;
  try {
    const sqlite::Transaction lock(database_.connection());
    check_unchanged();
    database_.cut_void_frames();
  } catch (const model::Failure&) {   // the next commit overwrites them
  } catch (const std::bad_alloc&) {
  }
}

template <class Work>
sqlite::Transaction::Commit FileWriter::leaving_no_void_frames(Work&& work) {
  try {
    auto result = work();
    if (result.outcome == sqlite::CommitOutcome::not_applied) give_void_frames_back();
    return result;
  } catch (...) {
    give_void_frames_back();
    throw;
  }
}

bool FileWriter::maintain(std::size_t users) {
  bool has_worked = false;
  choose_durability();
  const auto result = leaving_no_void_frames([&] {
    sqlite::Transaction transaction(database_.connection());
    check_unchanged();
    prune_forgotten();
    const Housework work = do_housework(users, {Retention::kChunk, Retention::kChunk, lived_ms()});
    sqlite::State state = state_;
    apply(work, state);
    has_worked = has_done_anything(work) || state != state_;
    state.lived_ms = settled_lived_ms();
    if (has_worked) return finish(transaction, state, &work);
    return sqlite::Transaction::Commit{sqlite::CommitOutcome::committed, std::nullopt};   // nothing to commit
  });
  sqlite::expect_committed(result, kHousekeeping);
  if (has_worked) forget_tokens();
  return has_worked;
}

void FileWriter::forget_tokens() noexcept {
  index::TokenIndex::Forgotten forgotten;   // freed when the moment is over
  memory_.projection.between_moments(
      [&]() noexcept { forgotten = memory_.tokens.forget(state_.token_floor - 1); });
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
  state.lived_ms = settled_lived_ms();
  commit_state(state);
}

// In a cluster, lived time is what entries say: they bear it on, and nothing else.
std::int64_t FileWriter::settled_lived_ms() const noexcept {
  return is_bound(state_) ? state_.lived_ms : lived_.now_ms();
}

void FileWriter::change_settings(const PendingGroup& group) {
  sqlite::State state = group.state();
  state.clean = false;
  choose_durability();
  commit_state(state);
}

void FileWriter::bind(const sqlite::Binding& binding, std::uint64_t epoch) {
  sqlite::State state = state_;
  state.binding = binding;
  state.epoch = epoch;
  commit_state(state);
}

void FileWriter::commit_state(sqlite::State state) {
  sqlite::Transaction transaction(database_.connection());
  check_unchanged();
  database_.state().write(state);
  sqlite::expect_committed(transaction.commit(), kHousekeeping);
  state_ = state;
}

// The commit that takes the mark `clean` away survives power loss, whatever Options say of commits: were the
// mark to come back, revisions that were shown would be given again in the same epoch.
void FileWriter::choose_durability() {
  const Durability wanted = state_.clean ? Durability::full : durability_;
  if (wanted == durability_now_) return;
  database_.connection().set_durability(wanted);
  durability_now_ = wanted;
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

// What may not fit into SQLite's cache is watched: a disk that is full in the midst of it is then not taken
// for a foreign write. Rows that are read take room in it, too.
void FileWriter::append(const PendingGroup& group) {
  const std::uint32_t last_ordinal = group.state().last_ordinal;
  const bool reads = sqlite::ExternalIdHashes::completes(state_.last_ordinal, last_ordinal);
  if (reads || !is_small(group)) database_.watch_commits();
  prune_forgotten();
  for (std::size_t i = 0; i < group.segments(); ++i) database_.log().append(group.segment(i));
  database_.tokens().append(group.tokens());
  std::vector<const model::Record*> created;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group.kind(i) == ChangeKind::created) created.push_back(&group.version(i));
  }
  database_.users().insert(created);
  for (const model::Record* user : created) database_.hashes().add(user->ordinal(), user->external_id());
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group.kind(i) == ChangeKind::deleted) database_.users().bury(group.version(i));
  }
  database_.hashes().complete(state_.last_ordinal, last_ordinal);
}

std::size_t FileWriter::due(std::size_t changes) const {
  const std::uint64_t bound = std::max(backlog_bound_, users_ / 5 * 3);
  const bool replay_is_long = (state_.revision - folds_.folded_revision()) / kReplayFactor > bound;
  const std::uint64_t backlog = replay_is_long ? bound + 1 : folds_.backlog() + changes;
  return fold_share(changes, backlog, bound);
}

FileWriter::Housework FileWriter::do_housework(std::size_t users, const Retention::Newcomers& newcomers) {
  Housework work{std::nullopt, state_.log_floor, state_.floor_checksum, token_floor()};
  std::uint64_t folded_revision = folds_.folded_revision();
  if (users > 0) database_.watch_commits();
  if (users > 0 || folds_.backlog() == 0) {
    work.fold = folds_.next(users, state_.revision);
    fold(*work.fold);
    folded_revision = work.fold->folded_revision;
  }
  prune_log(work, folded_revision, newcomers);
  prune_tokens(work, newcomers);
  return work;
}

// Rows are brought up to what is published, not to the group under way: they bear the revision they are at,
// and a replay of the log goes on from there.
void FileWriter::fold(const FoldSchedule::Portion& portion) {
  if (portion.ordinals.empty()) return;
  const Timer timer(telemetry_.metrics.fold);
  rows_.visit(portion.ordinals, state_.revision,
              [&](std::span<const sqlite::UserFold::Row> rows) { database_.users().fold(rows); });
}

void FileWriter::prune_log(Housework& work, std::uint64_t folded_revision,
                           const Retention::Newcomers& newcomers) {
  if (floors_) folded_revision = std::min(folded_revision, floors_->log - 1);
  const auto segment = retention_.last_segment_to_go(state_, folded_revision, newcomers);
  if (!segment) return;
  database_.watch_commits();
  work.log_floor = segment->last + 1;
  work.floor_checksum = segment->checksum;
  database_.log().prune(segment->last, database_.users());
}

// What the leader has forgotten is no part of housekeeping: its tokens would be there twice when they come again.
void FileWriter::prune_forgotten() {
  if (token_floor() == state_.token_floor) return;
  database_.watch_commits();
  database_.tokens().prune(state_.token_floor, token_floor() - 1);
}

std::uint64_t FileWriter::token_floor() const noexcept {
  return floors_ ? std::max(state_.token_floor, floors_->tokens) : state_.token_floor;
}

void FileWriter::prune_tokens(Housework& work, const Retention::Newcomers& newcomers) {
  if (floors_) return;
  const auto last = retention_.last_token_to_go(state_, newcomers);
  if (!last) return;
  database_.watch_commits();
  work.token_floor = *last + 1;
  database_.tokens().prune(state_.token_floor, *last);
}

void FileWriter::apply(const Housework& work, sqlite::State& state) noexcept {
  if (work.fold) state.folded_revision = work.fold->folded_revision;
  state.log_floor = work.log_floor;
  state.floor_checksum = work.floor_checksum;
  state.token_floor = work.token_floor;
}

void FileWriter::advance_to(const sqlite::State& state, const Housework* work) noexcept {
  state_ = state;
  if (work != nullptr && work->fold) {
    folds_.note_folded(*work->fold);
    telemetry_.metrics.folded_users += work->fold->ordinals.size();
  }
  telemetry_.metrics.log_floor = state.log_floor;
  telemetry_.metrics.folded_revision = state.folded_revision;
  telemetry_.metrics.backlog_users = folds_.backlog();
}

void FileWriter::count_users(const PendingGroup& group) noexcept {
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::uint32_t ordinal = group.version(i).ordinal();
    switch (group.kind(i)) {
      case ChangeKind::created: ++users_; break;
      case ChangeKind::patched: folds_.mark(ordinal); break;
      case ChangeKind::deleted:
        folds_.unmark(ordinal);
        --users_;
        break;
    }
  }
  telemetry_.metrics.backlog_users = folds_.backlog();
  telemetry_.metrics.changes += group.size();
}

}   // namespace usertags::store
