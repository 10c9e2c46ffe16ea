// An open SQLite database, with the answers to SQLite's hazards built in, and what SQLite's result codes mean
// to the store. This folder is the only place that includes sqlite3.h. Errors are thrown as model::Failure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/options.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace usertags::sqlite {

// The Error that an extended result code means. Its text begins with `doing` ("cannot read table 'user'"),
// names the file, and goes on with SQLite's own message and that of a failed system call. `handle` may be
// null: then the code is one that a file's own method has given. Without memory for the text, the code alone.
Error to_error(sqlite3* handle, int result_code, std::string_view doing) noexcept;

// Throws it, as a model::Failure.
[[noreturn]] void throw_failure(sqlite3* handle, int result_code, std::string_view doing);

enum class OpenMode : std::uint8_t {
  create,   // read and write; the file may be missing
  read_write,
  read_only,   // beside a writer; sees its WAL
  immutable,   // no WAL, no lock, no -shm: only while the caller keeps every writer out
  memory,
};

constexpr bool writes(OpenMode mode) noexcept {
  return mode == OpenMode::create || mode == OpenMode::read_write || mode == OpenMode::memory;
}

struct ConnectionConfig {
  std::filesystem::path path;
  OpenMode mode = OpenMode::read_write;
  Durability durability = Durability::full;
  bool exclusive = false;   // locking_mode=EXCLUSIVE
  bool secure_delete = false;
  std::chrono::milliseconds busy_timeout{5'000};
};

// What begins and ends transactions. Each is prepared when the connection is opened: every commit runs some
// of them, and a rollback must need no memory.
enum class Control : std::uint8_t { begin, begin_immediate, commit, roll_back };
inline constexpr std::size_t kControls = 4;

// Every connection of the store is made here, so that none misses an answer: extended result codes,
// DEFENSIVE on, trusted_schema off, triggers and views off, cell_size_check on, mmap_size 0,
// lowered limits, wal_autocheckpoint 0, no checkpoint on close. Opening writes nothing into a file that is
// there, so that it can be looked at before it is used. One thread at a time. Movable; a moved-from one can
// only be destroyed.
class Connection {
 public:
  explicit Connection(const ConnectionConfig& config);

  sqlite3* handle() const noexcept { return handle_->sqlite; }   // null once closed or abandoned
  void execute(const char* sql);                                 // one or more statements without results
  void execute(Control control);
  int try_to(Control control) noexcept;          // answers SQLite's result code; needs no memory of ours
  std::int64_t query_integer(const char* sql);   // first column of the first row
  std::string query_text(const char* sql);
  std::string name() const;               // the file's path in quotes, for messages
  std::uint64_t database_bytes();         // of all pages, in the file or its WAL
  std::uint64_t pages_in_use();           // those that are not free
  bool in_transaction() const noexcept;   // asks SQLite, which may have rolled back by itself
  bool moved() const noexcept;            // the file was renamed or unlinked under us

  void enter_wal_mode();                              // writes the file's header, unless it is so already
  void set_busy_timeout(std::chrono::milliseconds);   // how long to wait for locks of others
  void set_durability(Durability);                    // of later transactions; rolls back one that is left

  // Only behind a whole checkpoint, and on the one connection that writes: else commits would be lost.
  void remove_wal_at_close() noexcept;

  // Closes, with every statement that is left.
  void close() noexcept { handle_->close(); }

  // A child after fork must not touch SQLite: forgets the handle without closing it.
  void abandon() noexcept { handle_->sqlite = nullptr; }

 private:
  friend class Statement;

  // Stays where it is when the connection is moved, so that statements can see whether it is still open.
  struct Handle {
    ~Handle() { close(); }
    void close() noexcept;

    sqlite3* sqlite = nullptr;
    std::array<sqlite3_stmt*, kControls> controls{};   // by Control
  };

  void prepare_controls();

  std::unique_ptr<Handle> handle_ = std::make_unique<Handle>();
};

}   // namespace usertags::sqlite
