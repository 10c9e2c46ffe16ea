#include "store/engine.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/copy/backup.hpp"
#include "store/file/reading.hpp"
#include "store/file/store_path.hpp"
#include "store/load/verifier.hpp"
#include "store/settings.hpp"
#include "store/write/publish_signal.hpp"

namespace usertags::store {
namespace {

using model::Record;
using model::RecordPtr;

// Writes of one transaction: it is judged and committed in one go, while others wait.
constexpr std::size_t kMaxTransaction = 65'536;

User to_user(RecordPtr record) {
  return model::UserAccess::user(std::move(record));
}

}   // namespace

Engine::Engine(const std::optional<std::filesystem::path>& path, const Options& options)
    : options_(options), logger_(options.log), budget_(options.memory_budget, projection_, tokens_) {
  check(options_);
  if (path && options_.access == Access::read_only)
    open_read_only(*path);
  else
    open_for_writing(path);
  logger_(LogLevel::info, [&] {
    return "opened " + name() + (write_path_ ? " for writing: " : " read-only: ") +
           std::to_string(projection_.counters().users) + " users at revision " + std::to_string(revision());
  });
  fork_guard_.emplace([](void* engine) noexcept { static_cast<Engine*>(engine)->abandon(); }, this);
}

Engine::~Engine() {
  try {
    close(false);
  } catch (const model::Failure& failure) {
    logger_(LogLevel::warning, [&] { return "closing: " + failure.error.message(); });
  } catch (const std::bad_alloc&) {
    logger_(LogLevel::warning, [] { return std::string_view("closing: there is not enough memory"); });
  } catch (const std::system_error&) {
    logger_(LogLevel::warning, [] { return std::string_view("closing: the system refused a lock"); });
  }
}

std::string Engine::name() const {
  return path_.empty() ? "the store in memory" : model::quoted_path(path_.native());
}

void Engine::open_for_writing(const std::optional<std::filesystem::path>& path) {
  std::optional<StoreLock> lock;
  std::optional<std::filesystem::path> resolved;
  if (path) {
    const StorePath place = resolve_store_path(*path, options_.allow_network_file_system);
    if (!options_.create_if_missing)
      require_store(place, "check the path, or set Options::create_if_missing");
    path_ = place.path;
    resolved = place.path;
    lock = StoreLock::exclusive(path_, options_.busy_timeout);
  }
  write_path_ = std::make_unique<WritePath>(resolved, std::move(lock), options_, projection_, tokens_,
                                            budget_, logger_, metrics_, published_);
  store_id_ = write_path_->state().store_id;
  settings_.take(write_path_->state().settings);
  open_feed(write_path_->state().epoch);
}

void Engine::open_read_only(const std::filesystem::path& path) {
  const StorePath place = resolve_store_path(path, options_.allow_network_file_system);
  require_store(place);
  path_ = place.path;
  follower_ = std::make_unique<Follower>(path_, options_.busy_timeout, projection_, tokens_, budget_,
                                         metrics_, published_);
  const sqlite::State state = follower_->state();
  require_settings(state.settings, options_.settings);
  store_id_ = state.store_id;
  settings_.take(state.settings);
  open_feed(state.epoch);
}

bool Engine::has_readable_file() const noexcept {
  return !path_.empty() && options_.access != Access::exclusive;
}

void Engine::open_feed(std::uint64_t epoch) {
  const Feed::Source source{.store_id = store_id_,
                            .epoch = epoch,
                            .file = has_readable_file() ? std::optional(path_) : std::nullopt,
                            .write_path = write_path_.get(),
                            .busy_timeout = options_.busy_timeout};
  feed_.emplace(source, projection_, published_);
}

std::optional<ErrorCode> Engine::refuses_reads() const noexcept {
  if (forked()) return ErrorCode::forked;
  if (closed_.load(std::memory_order_acquire)) return ErrorCode::store_closed;
  return std::nullopt;
}

std::optional<ErrorCode> Engine::refuses_writes() const noexcept {
  if (const auto refusal = refuses_reads()) return refusal;
  if (!write_path_) return ErrorCode::read_only;
  return std::nullopt;
}

Result<Applied> Engine::submit(const WriteView& write) {
  Result<Applied> outcome = std::unexpected(Error(ErrorCode::store_closed));
  Request request(write, outcome);
  write_path_->submit(request);
  return outcome;
}

void Engine::submit_each(std::span<const Write> writes, std::span<Result<Applied>> outcomes) {
  if (writes.empty()) return;
  Request request(Request::Kind::each, writes, outcomes);
  write_path_->submit(request);
}

Result<std::vector<Applied>> Engine::submit_all(std::span<const Write> writes) {
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
  write_path_->submit(request);
  for (Result<Applied>& outcome : outcomes) {
    if (!outcome) return std::unexpected(std::move(outcome).error());
    applied.push_back(*std::move(outcome));
  }
  return applied;
}

Result<Applied> Engine::plan(const PatchView& patch) const {
  return Judge(projection_, tokens_, budget_).plan(patch, settings_.get());
}

Result<User> Engine::find(const UserRef& user) const {
  if (RecordPtr record = projection_.find(user)) return to_user(std::move(record));
  return std::unexpected(user_not_found(user));
}

std::vector<Result<User>> Engine::find_each(std::span<const UserRef> users) const {
  index::Projection::Found found = projection_.find_each(users);
  std::vector<Result<User>> answers;
  answers.reserve(users.size());
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (found.records[i])
      answers.emplace_back(to_user(std::move(found.records[i])));
    else
      answers.emplace_back(std::unexpected(user_not_found(users[i])));
  }
  return answers;
}

// --- Following. ---

std::uint64_t Engine::refresh() {
  if (follower_) {
    const sqlite::State state = follower_->refresh();
    feed_->take_epoch(state.epoch);
    settings_.take(state.settings);
  }
  return revision();
}

Result<std::uint64_t> Engine::read_at_least(std::uint64_t revision, std::chrono::milliseconds timeout) {
  const auto deadline = deadline_in(timeout);
  while (true) {
    const std::uint64_t visible = refresh();
    if (visible >= revision) return visible;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return std::unexpected(has_not_come_to(revision, visible));
    const auto next_look = follower_ ? std::min(deadline, now + kLookEvery) : deadline;
    published_.wait_until(next_look, [&] { return closed_.load() || this->revision() >= revision; });
    if (closed_.load()) return std::unexpected(ErrorCode::store_closed);
  }
}

// --- Care. ---

Result<StoredSettings> Engine::change_settings(const SettingsChange& change,
                                               std::optional<std::uint64_t> expected_version) {
  Result<StoredSettings> settings = write_path_->change_settings(change, expected_version);
  if (settings) settings_.take(*settings);
  return settings;
}

VerifyReport Engine::verify() const {
  try {
    if (has_readable_file()) return verify_aside();
    return write_path_->exclusively([&](sqlite::Database& database) {
      const sqlite::ReadTransaction moment(database.connection());
      return store::verify(database.connection(), projection_, projection_.pin());
    });
  } catch (const model::Failure& failure) {
    if (!is_of_the_file(failure.error.code())) throw;
    return unreadable_file(failure.error);
  }
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
      snapshot.emplace(projection_.pin());
    };
    if (write_path_)
      write_path_->exclusively([&](sqlite::Database&) { take_moment(); });
    else
      take_moment();
    return store::verify(reading.connection, projection_, *snapshot);
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
  Backup backup(target, {path_, store_id_, revision()}, options_);
  if (has_readable_file()) {
    read_file(open_for_reading, path_, options_.busy_timeout, [&](Reading& reading) {
      backup.copy(reading.connection, progress);
      return true;
    });
  } else {
    write_path_->exclusively(
        [&](sqlite::Database& database) { backup.copy(database.connection(), progress); });
  }
  backup.put_in_place();
  logger_(LogLevel::info,
          [&] { return "copied " + name() + " to the backup " + model::quoted_path(target.native()); });
}

Stats Engine::stats() const noexcept {
  const index::Projection::Counters counters = projection_.counters();
  Stats stats;
  stats.revision = projection_.visible_revision();
  stats.users = counters.users;
  stats.tags = counters.tags;
  stats.tag_keys = counters.tag_keys;
  stats.tag_values = counters.tag_values;
  stats.record_bytes = counters.record_bytes;
  stats.directory_bytes = counters.directory_bytes;
  stats.tag_index_bytes = counters.tag_index_bytes;
  stats.tokens = tokens_.size();
  stats.token_bytes = tokens_.heap_bytes();
  stats.database_bytes = metrics_.database_bytes;
  stats.wal_bytes = metrics_.wal_bytes;
  stats.wal_pinned = metrics_.wal_pinned;
  stats.log_floor = metrics_.log_floor;
  stats.folded_revision = metrics_.folded_revision;
  stats.backlog_users = metrics_.backlog_users;
  stats.commit = metrics_.commit.summary();
  stats.sync = metrics_.sync.summary();
  stats.fold = metrics_.fold.summary();
  stats.publish = metrics_.publish.summary();
  stats.checkpoint = metrics_.checkpoint.summary();
  stats.commits = stats.commit.count;
  stats.changes = metrics_.changes;
  stats.folded_users = metrics_.folded_users;
  stats.checkpoints = stats.checkpoint.count;
  stats.failed = write_path_ && write_path_->failed();
  return stats;
}

void Engine::checkpoint() {
  write_path_->checkpoint();
}

void Engine::maintain(std::chrono::milliseconds budget) {
  if (budget.count() <= 0)
    model::fail(ErrorCode::invalid_argument,
                "the budget of maintain is " + std::to_string(budget.count()) + " ms");
  write_path_->maintain(budget);
}

void Engine::compact(const Progress& progress) {
  const std::uint64_t before = metrics_.database_bytes;
  write_path_->compact(progress);
  logger_(LogLevel::info, [&] {
    return "compacted " + name() + ": from " + std::to_string(before) + " to " +
           std::to_string(metrics_.database_bytes) + " bytes";
  });
}

void Engine::close(bool fold) {
  const bool was_closed = closed_.exchange(true, std::memory_order_acq_rel);
  if (feed_) feed_->close();
  const std::unique_lock nobody_reads(file_);
  if (follower_) follower_->close();
  if (write_path_) write_path_->close(fold);
  if (was_closed) return;
  logger_(LogLevel::info, [&] { return "closed " + name() + " at revision " + std::to_string(revision()); });
}

void Engine::abandon() noexcept {
  if (write_path_) write_path_->abandon();
  if (follower_) follower_->abandon();
}

}   // namespace usertags::store
