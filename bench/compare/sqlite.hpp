// SQLite for the peers that are written over it: a connection and prepared statements.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace usertags::bench {

class Sqlite {
 public:
  // `setup`: what the connection needs before statements can be prepared.
  Sqlite(const std::filesystem::path& path, const char* setup) {
    check(sqlite3_open_v2(path.c_str(), &handle_,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr));
    execute(setup);
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() { sqlite3_close(handle_); }

  void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(handle_));
  }
  sqlite3* handle() const { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

// Values are bound in order. Texts must live until the last step.
class Statement {
 public:
  Statement(const Sqlite& connection, const char* sql) : connection_(connection) {
    connection_.check(
        sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(handle_); }

  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  // True as long as there are rows; after the last one the statement is ready again.
  bool step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    connection_.check(code);
    reset();
    return false;
  }
  void run() {
    while (step()) {
    }
  }
  void reset() { sqlite3_reset(handle_); }   // where not all rows were wanted

  std::string_view text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }
  int columns() const { return sqlite3_column_count(handle_); }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }

 private:
  void bind_one(int index, std::int64_t value) {
    connection_.check(sqlite3_bind_int64(handle_, index, value));
  }
  void bind_one(int index, std::string_view text) {
    connection_.check(
        sqlite3_bind_text(handle_, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }

  const Sqlite& connection_;
  sqlite3_stmt* handle_ = nullptr;
};

}   // namespace usertags::bench
