#include "store/opening.hpp"

#include <string>
#include <utility>

#include "model/failure.hpp"
#include "sqlite/database.hpp"
#include "sqlite/transaction.hpp"
#include "store/adopt/adoption.hpp"
#include "store/file/entropy.hpp"
#include "store/file/rights.hpp"
#include "store/file/store_lock.hpp"
#include "store/file/store_path.hpp"
#include "store/load/loader.hpp"
#include "store/memory/settings.hpp"

namespace usertags::store {
namespace {

sqlite::ConnectionConfig configure(const std::optional<std::filesystem::path>& file, const Options& options) {
  sqlite::ConnectionConfig config;
  config.mode = !file                       ? sqlite::OpenMode::memory
                : options.create_if_missing ? sqlite::OpenMode::create
                                            : sqlite::OpenMode::read_write;
  config.path = file.value_or(std::filesystem::path());
  config.durability = options.durability;
  config.exclusive = file && options.access == Access::exclusive;
  config.secure_delete = options.secure_delete;
  config.busy_timeout = options.busy_timeout;
  return config;
}

sqlite::State first_state(const Options& options) {
  sqlite::State state;
  static_cast<Settings&>(state.settings) = options.settings.value_or(Settings{});
  fill_random(state.store_id);
  return state;
}

std::unique_ptr<sqlite::Database> open_database(const std::optional<std::filesystem::path>& file,
                                                const Options& options) {
  try {
    return std::make_unique<sqlite::Database>(configure(file, options), first_state(options));
  } catch (const model::Failure& failure) {
    if (file) fail_to_write(*file, failure.error);
    throw;
  }
}

Loaded load_for_writing(sqlite::Database& database, index::TokenIndex& tokens, bool is_member) {
  const sqlite::ReadTransaction moment(database.connection());
  try {
    Loaded loaded = load(database.connection(), LogExtent::to_replay, refuse_problem);
    if (is_member)
      sqlite::expect_bound(loaded.state);
    else
      sqlite::expect_unbound(loaded.state);
    load_tokens(database.connection(), loaded.state, tokens, refuse_problem);
    return loaded;
  } catch (const model::Failure& failure) {
    refuse_foreign(database.connection(), failure);
  }
}

FoldSchedule schedule(const Loaded& loaded) {
  FoldSchedule folds(loaded.state.folded_revision);
  for (const std::uint32_t ordinal : loaded.backlog) {
    folds.reserve(ordinal);
    folds.mark(ordinal);
  }
  return folds;
}

// Of a store whose state bears no mark of an orderly end, up to the number of the epoch.
std::string story_of(const Loaded& loaded) {
  return "the store was not closed: its changes up to revision " + std::to_string(loaded.state.revision) +
         " are in the file, " + std::to_string(loaded.backlog.size()) +
         " users were brought up to date from the log; it begins epoch ";
}

}   // namespace

std::filesystem::path resolve(const std::filesystem::path& path, const Options& options) {
  const StorePath place = resolve_store_path(path, options.allow_network_file_system);
  if (options.access == Access::read_only)
    require_store(place);
  else if (!options.create_if_missing)
    require_store(place, "check the path, or set Options::create_if_missing");
  return place.path;
}

std::unique_ptr<Writer> open_for_writing(const std::optional<std::filesystem::path>& file,
                                         const Options& options, Memory& memory, Telemetry& telemetry,
                                         OuterLog* outer_log) {
  std::optional<StoreLock> lock;
  if (file) lock = StoreLock::exclusive(*file, options.busy_timeout);
  auto database = open_database(file, options);
  const Loaded loaded = load_for_writing(*database, memory.tokens, outer_log != nullptr);
  require_settings(loaded.state.settings, options.settings);
  memory.projection.load(loaded.records, loaded.state.revision);
  // In a cluster whoever leads judges by the budget, and all others take what it has taken.
  if (outer_log == nullptr) memory.budget.require_room();
  auto writer = std::make_unique<Writer>(std::move(lock), std::move(database), loaded.state, schedule(loaded),
                                         options, memory, telemetry, outer_log);
  // In a cluster, what an unclean end has lost comes back from the log: it is the same.
  if (!loaded.state.clean && outer_log == nullptr) {
    writer->begin_epoch(next_epoch(loaded.state.epoch, Entropy().next()));
    telemetry.logger(LogLevel::info,
                     [&] { return story_of(loaded) + std::to_string(writer->state().epoch); });
  }
  return writer;
}

std::unique_ptr<Follower> open_read_only(const std::filesystem::path& file, const Options& options,
                                         Memory& memory, Metrics& metrics) {
  auto follower = std::make_unique<Follower>(file, options.busy_timeout, memory, metrics);
  require_settings(follower->state().settings, options.settings);
  return follower;
}

}   // namespace usertags::store
