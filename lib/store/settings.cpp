#include "store/settings.hpp"

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

}   // namespace usertags::store
