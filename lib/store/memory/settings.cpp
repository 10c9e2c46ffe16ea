#include "store/memory/settings.hpp"

#include <string>

#include "model/failure.hpp"
#include "model/settings.hpp"

namespace usertags::store {

namespace {

void require(bool condition, const char* what) {
  if (!condition) model::fail(ErrorCode::invalid_argument, what);
}

}   // namespace

void check(const Settings& settings) {
  if (const auto wrong = model::check_settings(settings))
    model::fail(ErrorCode::invalid_argument, "the setting " + *wrong);
}

void require_settings(const StoredSettings& stored, const std::optional<Settings>& asked) {
  if (!asked || static_cast<const Settings&>(stored) == *asked) return;
  throw model::Failure{
      Error(ErrorCode::settings_mismatch,
            Error::Details{.what = "the store has other settings: " + model::differences(stored, *asked),
                           .current_version = stored.version})};
}

void check_busy_timeout(std::chrono::milliseconds timeout) {
  require(timeout.count() >= 0, "busy_timeout is negative");
}

void check(const Options& options) {
  if (options.settings) check(*options.settings);
  require(options.housekeeping.checkpoint_wal_bytes <= options.housekeeping.max_wal_bytes,
          "Housekeeping::checkpoint_wal_bytes is above max_wal_bytes");
  require(options.housekeeping.max_wal_bytes >= 1, "Housekeeping::max_wal_bytes is 0");
  require(options.slow_commit.count() >= 0, "slow_commit is negative");
  check_busy_timeout(options.busy_timeout);
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

}   // namespace usertags::store
