#include "sqlite/transaction.hpp"

#include <sqlite3.h>

#include "sqlite/sqlite_error.hpp"

namespace usertags::sqlite {
namespace {

// It has nothing to report: where it fails, SQLite rolls back with the next use or at close.
void roll_back(Connection& connection) noexcept {
  if (connection.in_transaction()) connection.try_to(Control::roll_back);
}

}   // namespace

CommitOutcome outcome_of_commit(int result_code) noexcept {
  switch (result_code & 0xff) {
    case SQLITE_OK: return CommitOutcome::committed;
    case SQLITE_BUSY:
    case SQLITE_FULL: return CommitOutcome::not_applied;
    default: return CommitOutcome::unknown;
  }
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection_.execute(Control::begin_immediate);
}

Transaction::~Transaction() {
  roll_back(connection_);
}

Transaction::Commit Transaction::commit() noexcept {
  const int result = connection_.try_to(Control::commit);
  Commit commit{outcome_of_commit(result), {}};
  if (commit.outcome == CommitOutcome::committed) return commit;
  commit.error = to_error(connection_.handle(), result, "cannot commit");
  roll_back(connection_);
  return commit;
}

ReadTransaction::ReadTransaction(Connection& connection) : connection_(connection) {
  connection_.execute(Control::begin);
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

Savepoint::Savepoint(Connection& connection) : connection_(connection) {
  connection_.execute(Control::savepoint);
}

Savepoint::~Savepoint() {
  if (!open_ || !connection_.in_transaction()) return;
  sqlite3_exec(connection_.handle(), "ROLLBACK TO part; RELEASE part", nullptr, nullptr, nullptr);
}

void Savepoint::release() {
  connection_.execute(Control::release);
  open_ = false;
}

}   // namespace usertags::sqlite
