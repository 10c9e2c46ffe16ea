#include "store/engine.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/deadline.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/copy/backup.hpp"
#include "store/copy/compaction.hpp"
#include "store/file/reading.hpp"
#include "store/load/verifier.hpp"
#include "store/memory/publish_signal.hpp"
#include "store/memory/settings.hpp"
#include "store/opening.hpp"
#include "store/watch/host_call.hpp"
#include "store/watch/metrics_text.hpp"

namespace usertags::store {
namespace {

using model::RecordPtr;

// Writes of one transaction: it is judged and committed in one go, while others wait.
constexpr std::size_t kMaxTransaction = 65'536;

const Options& checked(const Options& options) {
  check(options);
  return options;
}

User to_user(RecordPtr record) {
  return model::UserAccess::user(std::move(record));
}

}   // namespace

Engine::Engine(const std::optional<std::filesystem::path>& path, const Options& options, OuterLog* outer_log)
    : options_(marked(this, checked(options))),
      path_(path ? resolve(*path, options) : std::filesystem::path()),
      telemetry_(options_.log),
      memory_(options.memory_budget) {
  open(outer_log);
  telemetry_.logger(LogLevel::info, [&] {
    return "opened " + name() + (writer_ ? " for writing: " : " read-only: ") +
           std::to_string(memory_.projection.counters().users) + " users at revision " +
           std::to_string(revision());
  });
  fork_guard_.emplace([](void* engine) noexcept { static_cast<Engine*>(engine)->abandon(); }, this);
}

Engine::~Engine() {
  if (writer_ && writer_->submissions().is_calling())
    end_process("a callback of submit() destroys its store");
  try {
    if (writer_) writer_->submissions().drop();
    release(false);
  } catch (const model::Failure& failure) {
    telemetry_.logger(LogLevel::warning, [&] { return "closing: " + failure.error.message(); });
  } catch (const std::bad_alloc&) {
    telemetry_.logger(LogLevel::warning,
                      [] { return std::string_view("closing: there is not enough memory"); });
  } catch (const std::system_error&) {
    telemetry_.logger(LogLevel::warning,
                      [] { return std::string_view("closing: the system refused a lock"); });
  }
}

std::string Engine::name() const {
  return path_.empty() ? "the store in memory" : model::quoted_path(path_.native());
}

void Engine::open(OuterLog* outer_log) {
  const auto file = path_.empty() ? std::nullopt : std::optional(path_);
  if (file && options_.access == Access::read_only) {
    follower_ = open_read_only(*file, options_, memory_, telemetry_.metrics);
    go_on_from(follower_->state());
  } else {
    if (outer_log != nullptr) memory_.shard = outer_log->shard();
    writer_ = open_for_writing(file, options_, memory_, telemetry_, outer_log);
    if (options_.commit_thread) writer_->submissions().start_thread();
    go_on_from(writer_->state());
  }
}

void Engine::go_on_from(const sqlite::State& state) {
  store_id_ = state.store_id;
  settings_.set(state.settings);
  const Feed::Source source{.store_id = store_id_,
                            .epoch = state.epoch,
                            .file = has_readable_file() ? std::optional(path_) : std::nullopt,
                            .writer = writer_.get(),
                            .busy_timeout = options_.busy_timeout};
  feed_.emplace(source, memory_);
}

bool Engine::has_readable_file() const noexcept {
  return !path_.empty() && options_.access != Access::exclusive;
}

std::optional<ErrorCode> Engine::refuses_reads() const noexcept {
  if (forked()) return ErrorCode::forked;
  if (closed_.load(std::memory_order_acquire)) return ErrorCode::store_closed;
  return std::nullopt;
}

std::optional<ErrorCode> Engine::refuses_writes() const noexcept {
  if (const auto refusal = refuses_reads()) return refusal;
  if (!writer_) return ErrorCode::read_only;
  return std::nullopt;
}

Result<Applied> Engine::write(const WriteView& write) {
  Result<Applied> outcome = std::unexpected(Error(ErrorCode::store_closed));
  Request request(write, outcome);
  writer_->write(request);
  return outcome;
}

void Engine::write_each(std::span<const Write> writes, std::span<Result<Applied>> outcomes) {
  if (writes.empty()) return;
  Request request(Request::Kind::each, writes, outcomes);
  writer_->write(request);
}

Result<std::vector<Applied>> Engine::write_all(std::span<const Write> writes) {
  if (writes.size() > kMaxTransaction) {
    return std::unexpected(
        Error(ErrorCode::invalid_argument, "a transaction has up to " + std::to_string(kMaxTransaction) +
                                               " writes, not " + std::to_string(writes.size())));
  }
  std::vector<Result<Applied>> outcomes(writes.size(), std::unexpected(Error(ErrorCode::store_closed)));
  std::vector<Applied> applied;
  applied.reserve(writes.size());
  if (writes.empty()) return applied;
  Request request(Request::Kind::all, writes, outcomes);
  writer_->write(request);
  for (Result<Applied>& outcome : outcomes) {
    if (!outcome) return std::unexpected(std::move(outcome).error());
    applied.push_back(*std::move(outcome));
  }
  return applied;
}

Result<void> Engine::submit(std::vector<Write>&& writes, Done done) {
  return writer_->submissions().submit(std::move(writes), std::move(done));
}

Result<void> Engine::drain() {
  return writer_->submissions().drain();
}

Result<Applied> Engine::modify(const UserRef& user, const ApplyOptions& options, const Decision& decide) {
  const TagBatch nothing;
  ApplyOptions as_found = options;
  index::require_before(options.deadline);
  if (auto known = Judge(memory_).recall(PatchView{user, nothing, options, true})) return *std::move(known);
  for (int left = kMaxTries; true; --left) {
    const Result<User> found = find(user);
    if (!found) return std::unexpected(found.error());
    if (auto wrong = check_revision(model::UserAccess::record(*found), options))
      return std::unexpected(*std::move(wrong));
    std::optional<TagBatch> batch;
    if (!decide(*found, batch)) return std::unexpected(ErrorCode::cancelled);
    if (!batch && options.token.empty()) return Applied{.user = *found, .revision = found->revision()};
    as_found.expected_revision = found->revision();
    Result<Applied> answer = write(PatchView{user, batch ? *batch : nothing, as_found, true});
    const bool again =
        !answer && answer.error() == ErrorCode::revision_mismatch && left > 1 && !options.expected_revision;
    if (!again) return answer;
    index::require_before(options.deadline);
  }
}

Result<void> Engine::modify_where(const Selector& selector, const WhereOptions& options,
                                  const WhereWork& work, WhereOutcome& outcome) {
  const auto plan_each = [this](std::span<const WriteView> writes, std::span<Result<Applied>> answers) {
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const auto* const patch = std::get_if<PatchView>(&writes[i]);
      // A deletion is what nothing refuses.
      answers[i] = patch != nullptr ? plan(*patch) : Applied{.changed = true};
    }
  };
  const auto commit_each = [this](std::span<const WriteView> writes, std::span<Result<Applied>> answers) {
    Request request(writes, answers);
    writer_->write(request);
  };
  WhereWalk walk(memory_.projection, store_id_,
                 options.dry_run ? WhereWalk::Writer(plan_each) : WhereWalk::Writer(commit_each));
  WhereOptions marked_options = options;
  marked_options.progress = marked(this, "a Progress", options.progress);
  return walk.run(selector, marked_options, work, outcome);
}

Result<Applied> Engine::plan(const PatchView& patch) const {
  return Judge(memory_).plan(patch, settings_.get());
}

Result<Position> Engine::membership_changes(const Selector& selector, const Position& after,
                                            const AskOptions& options, const MembershipVisitor& function) {
  const auto node = selector::SelectorAccess::node(selector);
  if (!node) return std::unexpected(node.error());
  return store::membership_changes(*feed_, memory_.projection, **node, after, options, function);
}

Result<User> Engine::find(const UserRef& user) const {
  RecordPtr copy;
  memory_.projection.visit(user, [&](const model::Record& record) { copy = record.copy(); });
  if (copy) return to_user(std::move(copy));
  return std::unexpected(no_such_user(user, memory_.shard));
}

std::vector<Result<User>> Engine::find_each(std::span<const UserRef> users) const {
  index::Projection::Found found = memory_.projection.find_each(users);
  std::vector<Result<User>> answers;
  answers.reserve(users.size());
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (found.records[i])
      answers.emplace_back(to_user(std::move(found.records[i])));
    else
      answers.emplace_back(std::unexpected(no_such_user(users[i], memory_.shard)));
  }
  return answers;
}

// --- Following. ---

std::uint64_t Engine::refresh() {
  if (follower_) {
    const sqlite::State state = follower_->refresh();
    feed_->set_epoch(state.epoch);
    settings_.set(state.settings);
  }
  return revision();
}

Result<std::uint64_t> Engine::read_at_least(std::uint64_t revision, std::chrono::milliseconds timeout) {
  const auto deadline = model::deadline_in(timeout);
  while (true) {
    const std::uint64_t visible = refresh();
    if (visible >= revision) return visible;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return std::unexpected(has_not_come_to(revision, visible));
    const auto next_look = follower_ ? std::min(deadline, now + kLookEvery) : deadline;
    memory_.published.wait_until(next_look, [&] { return closed_.load() || this->revision() >= revision; });
    if (closed_.load()) return std::unexpected(ErrorCode::store_closed);
  }
}

// --- Care. ---

Result<StoredSettings> Engine::change_settings(const SettingsChange& change,
                                               std::optional<std::uint64_t> expected_version) {
  Result<StoredSettings> settings = writer_->change_settings(change, expected_version);
  if (settings) settings_.set(*settings);
  return settings;
}

sqlite::State Engine::state() {
  return writer_->exclusively([&](sqlite::Database&) { return writer_->state(); });
}

bool Engine::apply(const Entry& entry) {
  if (!writer_->apply(entry)) return false;
  settings_.set(entry.settings);
  return true;
}

void Engine::between_groups(const std::function<void()>& function) {
  writer_->exclusively([&](sqlite::Database&) { function(); });
}

VerifyReport Engine::verify() const {
  expect_whole_file();
  try {
    if (has_readable_file()) return verify_aside();
    return writer_->exclusively([&](sqlite::Database& database) {
      const sqlite::ReadTransaction moment(database.connection());
      return store::verify(database.connection(), memory_.projection, memory_.projection.pin());
    });
  } catch (const model::Failure& failure) {
    if (!is_of_the_file(failure.error.code())) throw;
    return unreadable_file(failure.error);
  }
}

// A file that the outer log is ahead of for good is neither compared nor copied.
void Engine::expect_whole_file() const {
  if (writer_ && writer_->has_lost_file()) throw model::Failure{ErrorCode::store_failed};
}

// While it is held, the file is not closed.
std::shared_lock<std::shared_mutex> Engine::keep_open() const {
  std::shared_lock lock(file_);
  if (closed_.load(std::memory_order_acquire)) throw model::Failure{ErrorCode::store_closed};
  return lock;
}

// By a connection of its own: writes wait only while the moment is taken.
VerifyReport Engine::verify_aside() const {
  const auto open = keep_open();
  if (follower_) try_to_refresh();
  return read_file(open_unidentified, path_, options_.busy_timeout, [&](Reading& reading) {
    std::optional<sqlite::ReadTransaction> moment;
    std::optional<index::Projection::Snapshot> snapshot;
    const auto take_moment = [&] {
      moment.emplace(reading.connection);
      snapshot.emplace(memory_.projection.pin());
    };
    if (writer_)
      writer_->exclusively([&](sqlite::Database&) { take_moment(); });
    else
      take_moment();
    return store::verify(reading.connection, memory_.projection, *snapshot);
  });
}

// So that memory and file are of one moment, or nearly so. What is wrong with the file is told by the report.
void Engine::try_to_refresh() const {
  try {
    follower_->refresh();
  } catch (const model::Failure& failure) {
    if (!is_of_the_file(failure.error.code()) && failure.error != ErrorCode::store_failed) throw;
  }
}

// By a connection of its own, where there can be one: then nobody waits.
void Engine::backup(const std::filesystem::path& target, const Progress& progress) const {
  const auto open = keep_open();
  expect_whole_file();
  const Progress marked_progress = marked(this, "a Progress", progress);
  Backup backup(target, {path_, store_id_, revision()}, options_);
  if (has_readable_file()) {
    read_file(open_for_reading, path_, options_.busy_timeout, [&](Reading& reading) {
      backup.copy(reading.connection, marked_progress);
      return true;
    });
  } else {
    writer_->exclusively(
        [&](sqlite::Database& database) { backup.copy(database.connection(), marked_progress); });
  }
  backup.put_in_place();
  telemetry_.logger(LogLevel::info, [&] {
    return "copied " + name() + " to the backup " + model::quoted_path(target.native());
  });
}

Stats Engine::stats() const noexcept {
  // All of them, so that a new one does not compile before it is told.
  const auto [users, tags, tag_keys, tag_values, record_bytes, directory_bytes, tag_index_bytes] =
      memory_.projection.counters();
  Stats stats;
  stats.revision = memory_.projection.visible_revision();
  stats.users = users;
  stats.tags = tags;
  stats.tag_keys = tag_keys;
  stats.tag_values = tag_values;
  stats.record_bytes = record_bytes;
  stats.directory_bytes = directory_bytes;
  stats.tag_index_bytes = tag_index_bytes;
  stats.tokens = memory_.tokens.size();
  stats.token_bytes = memory_.tokens.heap_bytes();
  stats.database_bytes = telemetry_.metrics.database_bytes;
  stats.wal_bytes = telemetry_.metrics.wal_bytes;
  stats.wal_pinned = telemetry_.metrics.wal_pinned;
  stats.log_floor = telemetry_.metrics.log_floor;
  stats.folded_revision = telemetry_.metrics.folded_revision;
  stats.backlog_users = telemetry_.metrics.backlog_users;
  stats.commit = telemetry_.metrics.commit.summary();
  stats.sync = telemetry_.metrics.sync.summary();
  stats.fold = telemetry_.metrics.fold.summary();
  stats.publish = telemetry_.metrics.publish.summary();
  stats.checkpoint = telemetry_.metrics.checkpoint.summary();
  stats.commits = stats.commit.count;
  stats.changes = telemetry_.metrics.changes;
  stats.folded_users = telemetry_.metrics.folded_users;
  stats.checkpoints = stats.checkpoint.count;
  stats.failed = writer_ && writer_->failed();
  return stats;
}

std::string Engine::metrics_text() const {
  return store::metrics_text(stats(), telemetry_.metrics, writer_ ? writer_->queue_figures() : QueueFigures(),
                             writer_ ? writer_->submissions().figures() : SubmissionFigures());
}

void Engine::checkpoint() {
  writer_->checkpoint();
}

void Engine::maintain(std::chrono::milliseconds budget) {
  if (budget.count() <= 0)
    model::fail(ErrorCode::invalid_argument,
                "the budget of maintain is " + std::to_string(budget.count()) + " ms");
  writer_->maintain(budget);
}

void Engine::compact(const Progress& progress) {
  const std::uint64_t before = telemetry_.metrics.database_bytes;
  writer_->exclusively([&](sqlite::Database& database) {
    if (!writer_->is_in_memory())
      Compaction(database, *writer_, marked(this, "a Progress", progress))
          .run();   // else it has no free pages
  });
  telemetry_.logger(LogLevel::info, [&] {
    return "compacted " + name() + ": from " + std::to_string(before) + " to " +
           std::to_string(telemetry_.metrics.database_bytes) + " bytes";
  });
}

// What was submitted is answered while the store is still open: callbacks may call it.
Result<void> Engine::close() {
  if (writer_) {
    if (auto closed = writer_->submissions().close(); !closed) return closed;
  }
  release(true);
  return {};
}

void Engine::release(bool fold) {
  const bool was_closed = closed_.exchange(true, std::memory_order_acq_rel);
  if (feed_) feed_->close();
  const std::unique_lock nobody_reads(file_);
  if (follower_) follower_->close();
  if (writer_) writer_->close(fold);
  if (was_closed) return;
  telemetry_.logger(LogLevel::info,
                    [&] { return "closed " + name() + " at revision " + std::to_string(revision()); });
}

void Engine::abandon() noexcept {
  if (writer_) writer_->abandon();
  if (follower_) follower_->abandon();
}

}   // namespace usertags::store
