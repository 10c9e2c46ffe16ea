// Transaction, ReadTransaction. Whether a transaction is open is asked of SQLite, never remembered: a full
// disk, exhausted memory and some errors of I/O roll back by themselves. A BEGIN or a ROLLBACK that failed
// may leave one open: whoever begins the next one ends it first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <usertags/error.hpp>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// How a COMMIT ended. `unknown` is any error within it but busy and full, once it has begun to write to a
// file: it may have reached the disk. Memory that runs out before that leaves nothing unknown.
enum class CommitOutcome : std::uint8_t { committed, not_applied, unknown };
CommitOutcome outcome_of_commit(int result_code, bool has_written) noexcept;

// The error of an outcome that is unknown. Whoever stops the store because of it must not fail in saying so:
// where there is no memory, the code says enough.
Error outcome_unknown(std::string_view what, const Error& cause, std::string_view remedy = {},
                      std::optional<std::uint64_t> intended_revision = std::nullopt) noexcept;

// BEGIN IMMEDIATE … COMMIT. Rolls back when it goes out of scope uncommitted, if SQLite has not yet.
class Transaction {
 public:
  explicit Transaction(Connection& connection);   // throws Failure, busy among others
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  struct Commit {
    CommitOutcome outcome;
    std::optional<Error> error;   // where it is not `committed`
  };
  // Leaves no transaction open, whatever the outcome. Once.
  [[nodiscard]] Commit commit() noexcept;

 private:
  Connection& connection_;
};

// Throws Failure where it is not: what was not applied with its error, what is unknown as outcome_unknown() says it.
void expect_committed(const Transaction::Commit& result, std::string_view what, std::string_view remedy = {},
                      std::optional<std::uint64_t> intended_revision = std::nullopt);

// BEGIN … for reading: one consistent snapshot of the file while it lives.
class ReadTransaction {
 public:
  explicit ReadTransaction(Connection& connection);   // takes the snapshot at once
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  ~ReadTransaction();

 private:
  Connection& connection_;
};

}   // namespace usertags::sqlite
