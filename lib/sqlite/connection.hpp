// Connection, Statement, Transaction, Savepoint: SQLite as C++, with the answers to its hazards built in.
// This folder is the only place that includes sqlite3.h. Errors are thrown as model::Failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/options.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace usertags::sqlite {

enum class OpenMode : std::uint8_t {
  create,   // read and write; the file may be missing
  read_write,
  read_only,   // beside a writer; sees its WAL
  immutable,   // no WAL, no lock, no -shm: only while the caller keeps every writer out
  memory,
};

struct ConnectionConfig {
  std::filesystem::path path;
  OpenMode mode = OpenMode::read_write;
  Durability durability = Durability::full;
  bool exclusive = false;   // locking_mode=EXCLUSIVE
  bool secure_delete = false;
  std::chrono::milliseconds busy_timeout{5'000};
};

// Every connection of the store is made here, so that none misses an answer: extended result codes,
// DEFENSIVE on, trusted_schema off, triggers and views off, cell_size_check on, mmap_size 0,
// lowered limits, wal_autocheckpoint 0, no checkpoint on close.
class Connection {
 public:
  explicit Connection(const ConnectionConfig& config);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  sqlite3* handle() const noexcept { return handle_; }
  void execute(const char* sql);                 // one or more statements without results
  std::int64_t query_integer(const char* sql);   // first column of the first row
  std::string query_text(const char* sql);
  bool in_transaction() const noexcept;   // asks SQLite, which may have rolled back by itself

  // A child after fork must not touch SQLite: forgets the handle without closing it.
  void abandon() noexcept { handle_ = nullptr; }

 private:
  sqlite3* handle_ = nullptr;
};

// Throws the Failure that the result code means, with SQLite's own message; `doing` begins the sentence.
[[noreturn]] void throw_failure(sqlite3* handle, int result_code, std::string_view doing);
Error to_error(sqlite3* handle, int result_code, std::string_view doing);

// A prepared statement. Binding is positional from 1. Text and blobs are bound without a copy: they must
// live until the statement is reset. One thread at a time.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_blob(int index, std::span<const std::uint8_t> value);
  Statement& bind_null(int index);

  bool step();   // true: a row stands; false: done (and reset, bindings kept)
  void run();    // steps to the end of a statement without rows, then resets
  void reset() noexcept;

  std::int64_t integer(int column) const noexcept;
  std::string_view text(int column) const noexcept;                // valid until the next step or reset
  std::span<const std::uint8_t> blob(int column) const noexcept;   // likewise
  bool is_null(int column) const noexcept;

 private:
  Connection* connection_;
  sqlite3_stmt* statement_ = nullptr;
};

// How a COMMIT ended. `unknown` is any error within it but busy and full: it may have reached the disk.
enum class CommitOutcome : std::uint8_t { committed, not_applied, unknown };

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
  Commit commit();

 private:
  Connection& connection_;
};

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

// SAVEPOINT … RELEASE within a Transaction; rolls back to its start when it goes out of scope unreleased.
class Savepoint {
 public:
  explicit Savepoint(Connection& connection);
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint();
  void release();

 private:
  Connection& connection_;
  bool open_ = true;
};

}   // namespace usertags::sqlite
