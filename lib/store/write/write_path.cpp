#include "store/write/write_path.hpp"

#include <exception>
#include <string>

#include "model/failure.hpp"
#include "store/adopt/adoption.hpp"
#include "store/copy/compaction.hpp"
#include "store/file/entropy.hpp"
#include "store/file/rights.hpp"
#include "store/load/loader.hpp"
#include "store/settings.hpp"
#include "store/write/publish_signal.hpp"

namespace usertags::store {
namespace {

sqlite::ConnectionConfig configure(const std::optional<std::filesystem::path>& path, const Options& options) {
  sqlite::ConnectionConfig config;
  config.mode = !path                       ? sqlite::OpenMode::memory
                : options.create_if_missing ? sqlite::OpenMode::create
                                            : sqlite::OpenMode::read_write;
  config.path = path.value_or(std::filesystem::path());
  config.durability = options.durability;
  config.exclusive = path && options.access == Access::exclusive;
  config.secure_delete = options.secure_delete;
  config.busy_timeout = options.busy_timeout;
  return config;
}

std::unique_ptr<sqlite::Database> open_database(const std::optional<std::filesystem::path>& path,
                                                const Options& options, const sqlite::State& first_state) {
  try {
    return std::make_unique<sqlite::Database>(configure(path, options), first_state);
  } catch (const model::Failure& failure) {
    if (path) fail_to_write(*path, failure.error);
    throw;
  }
}

sqlite::State first_state(const Options& options) {
  sqlite::State state;
  static_cast<Settings&>(state.settings) = options.settings.value_or(Settings{});
  fill_random(state.store_id);
  return state;
}

Loaded load_for_writing(sqlite::Database& database, index::TokenIndex& tokens) {
  const sqlite::ReadTransaction moment(database.connection());
  return or_refuse_foreign(database.connection(), [&] {
    Loaded loaded = load(database.connection(), LogExtent::to_replay, refuse_problem);
    load_tokens(database.connection(), loaded.state, tokens, refuse_problem);
    return loaded;
  });
}

// Of a store whose state bears no mark of an orderly end, up to the number of the epoch.
std::string story_of(const Loaded& loaded) {
  return "the store was not closed: its changes up to revision " + std::to_string(loaded.state.revision) +
         " are in the file, " + std::to_string(loaded.backlog.size()) +
         " users were brought up to date from the log; it begins epoch ";
}

FoldSchedule schedule(const Loaded& loaded) {
  FoldSchedule folds(loaded.state.folded_revision);
  for (const std::uint32_t ordinal : loaded.backlog) {
    folds.reserve(ordinal);
    folds.mark(ordinal);
  }
  return folds;
}

StoredSettings changed(StoredSettings settings, const SettingsChange& change) {
  settings.tags_per_user = change.tags_per_user.value_or(settings.tags_per_user);
  settings.operations_per_batch = change.operations_per_batch.value_or(settings.operations_per_batch);
  settings.history = change.history.value_or(settings.history);
  settings.tokens = change.tokens.value_or(settings.tokens);
  check(settings);
  return settings;
}

Error other_version(std::uint64_t version, std::uint64_t expected) {
  return {ErrorCode::settings_mismatch,
          Error::Details{.what = "the store's settings are at version " + std::to_string(version) + ", not " +
                                 std::to_string(expected),
                         .remedy = "read the settings again and decide anew",
                         .current_version = version}};
}

}   // namespace

WritePath::WritePath(const std::optional<std::filesystem::path>& path, std::optional<StoreLock> lock,
                     const Options& options, index::Projection& projection, index::TokenIndex& tokens,
                     const MemoryBudget& budget, const Logger& logger, Metrics& metrics,
                     PublishSignal& published)
    : lock_(std::move(lock)),
      database_(open_database(path, options, first_state(options))),
      in_memory_(!path) {
  const Loaded loaded = load_for_writing(*database_, tokens);
  require_settings(loaded.state.settings, options.settings);
  projection.load(loaded.records, loaded.state.revision);
  budget.require_room();
  file_ = std::make_unique<FileWriter>(*database_, projection, tokens, options, logger, metrics, loaded.state,
                                       schedule(loaded), loaded.records.size());
  if (!loaded.state.clean) {
    file_->begin_epoch(next_epoch(loaded.state.epoch, Entropy().next()));
    logger(LogLevel::info, [&] { return story_of(loaded) + std::to_string(file_->state().epoch); });
  }
  writer_ = std::make_unique<Writer>(*database_, projection, tokens, budget, *file_, options, logger, metrics,
                                     published);
  queue_ = std::make_unique<GroupCommit>(*writer_);
  if (!in_memory_) metrics.database_bytes = database_->database_bytes();
}

Result<StoredSettings> WritePath::change_settings(const SettingsChange& change,
                                                  std::optional<std::uint64_t> expected_version) {
  return exclusively([&](sqlite::Database&) -> Result<StoredSettings> {
    const StoredSettings& stored = file_->state().settings;
    if (expected_version && *expected_version != stored.version)
      return std::unexpected(other_version(stored.version, *expected_version));
    StoredSettings settings = changed(stored, change);
    if (settings == stored) return settings;
    ++settings.version;
    writer_->guard([&] { file_->change_settings(settings); });
    return settings;
  });
}

void WritePath::checkpoint() {
  exclusively([&](sqlite::Database&) {
    if (in_memory_) return;
    writer_->guard([&] { writer_->empty_wal(); });
  });
}

void WritePath::maintain(std::chrono::milliseconds budget) {
  const auto deadline = deadline_in(budget);
  bool more = true;
  while (more && std::chrono::steady_clock::now() < deadline) {
    exclusively([&](sqlite::Database& database) {
      writer_->guard([&] {
        more = file_->maintain(FileWriter::kMaintenanceUsers);
        if (!in_memory_) database.checkpoint();
      });
    });
  }
}

void WritePath::compact(const Progress& progress) {
  exclusively([&](sqlite::Database& database) {
    if (in_memory_) return;   // there is no file system to give anything back to
    Compaction(database, *file_, *writer_, progress).run();
  });
}

void WritePath::close(bool fold) {
  queue_->exclusively([&] {
    if (closed_) return;
    closed_ = true;
    writer_->close();
    std::exception_ptr failure;
    try {
      if (!failed()) settle(fold);
    } catch (...) {
      failure = std::current_exception();
    }
    database_->close();
    lock_.reset();
    if (failure) std::rethrow_exception(failure);
  });
}

void WritePath::settle(bool fold) {
  if (in_memory_) return;
  while (fold && file_->maintain(FileWriter::kMaintenanceUsers)) {
    if (database_->wal_bytes() > std::uint64_t{64} << 20) database_->checkpoint();
  }
  file_->mark_clean();
  database_->checkpoint();   // where a reader pins the WAL, it stays, for the next one who opens the store
}

void WritePath::abandon() noexcept {
  database_->abandon();
}

}   // namespace usertags::store
