#include "store/option_checks.hpp"

#include "model/failure.hpp"
#include "model/record.hpp"

namespace usertags::store {
namespace {

void require(bool condition, const char* what) {
  if (!condition) model::fail(ErrorCode::invalid_argument, what);
}

}   // namespace

void check(const Limits& limits) {
  require(limits.tags_per_user >= 1 && limits.tags_per_user <= model::Record::kMaxTags,
          "Limits::tags_per_user is out of range");
  require(limits.operations_per_batch >= 1, "Limits::operations_per_batch is out of range");
}

void check_busy_timeout(std::chrono::milliseconds timeout) {
  require(timeout.count() >= 0, "busy_timeout is negative");
}

void check(const Options& options) {
  check(options.limits);
  require(options.history.min_age.count() >= 0, "History::min_age is negative");
  require(options.tokens.max_count >= 1, "Tokens::max_count is 0");
  require(options.tokens.max_age.count() >= 0, "Tokens::max_age is negative");
  require(options.housekeeping.checkpoint_wal_bytes <= options.housekeeping.max_wal_bytes,
          "Housekeeping::checkpoint_wal_bytes is above max_wal_bytes");
  require(options.housekeeping.max_wal_bytes >= 1, "Housekeeping::max_wal_bytes is 0");
  require(options.slow_commit.count() >= 0, "slow_commit is negative");
  check_busy_timeout(options.busy_timeout);
}

}   // namespace usertags::store
