#include "sqlite/transaction.hpp"

#include <sqlite3.h>

#include "model/failure.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/observed_vfs.hpp"

namespace usertags::sqlite {
namespace {

// It has nothing to report: where it fails, SQLite rolls back with the next use or at close.
void roll_back(Connection& connection) noexcept {
  if (connection.in_transaction()) connection.try_to(Control::roll_back);
}

void begin(Connection& connection, Control how) {
  roll_back(connection);   // what a failure has left open
  try {
    connection.execute(how);
  } catch (...) {
    roll_back(connection);
    throw;
  }
}

}   // namespace

CommitOutcome outcome_of_commit(int result_code, bool has_written) noexcept {
  switch (result_code & 0xff) {
    case SQLITE_OK: return CommitOutcome::committed;
    case SQLITE_BUSY:
    case SQLITE_FULL: return CommitOutcome::not_applied;
    default: return has_written ? CommitOutcome::unknown : CommitOutcome::not_applied;
  }
}

Error outcome_unknown(std::string_view what, const Error& cause, std::string_view remedy,
                      std::optional<std::uint64_t> intended_revision) noexcept {
  Error::Details details;
  details.intended_revision = intended_revision;
  try {
    details.what = std::string(what) + " failed on its way to the disk (" + cause.what() + ')';
    details.remedy = remedy;
  } catch (const std::bad_alloc&) {
    details.what.clear();
  }
  return {ErrorCode::outcome_unknown, std::move(details)};
}

void expect_committed(const Transaction::Commit& result, std::string_view what, std::string_view remedy,
                      std::optional<std::uint64_t> intended_revision) {
  switch (result.outcome) {
    case CommitOutcome::committed: return;
    case CommitOutcome::not_applied: throw model::Failure{*result.error};
    case CommitOutcome::unknown:
      throw model::Failure{outcome_unknown(what, *result.error, remedy, intended_revision)};
  }
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
  begin(connection_, Control::begin_immediate);
}

Transaction::~Transaction() {
  roll_back(connection_);
}

Transaction::Commit Transaction::commit() noexcept {
  const std::uint64_t writes_before = file_writes();
  const int result = connection_.try_to(Control::commit);
  Commit commit{outcome_of_commit(result, file_writes() != writes_before), {}};
  if (commit.outcome == CommitOutcome::committed) return commit;
  commit.error = to_error(connection_.handle(), result, "cannot commit");
  roll_back(connection_);
  return commit;
}

ReadTransaction::ReadTransaction(Connection& connection) : connection_(connection) {
  begin(connection_, Control::begin);
  try {
    connection_.query_integer(
        "PRAGMA schema_version");   // BEGIN alone takes no snapshot: the first read does
  } catch (...) {
    roll_back(connection_);
    throw;
  }
}

ReadTransaction::~ReadTransaction() {
  roll_back(connection_);
}

}   // namespace usertags::sqlite
