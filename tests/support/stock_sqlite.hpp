// StockSqlite: a plain SQLite connection beside the engine, as the sqlite3 shell or any other program has it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace usertags::test {

class StockSqlite {
 public:
  using Row = std::vector<std::string>;   // NULL reads as ""

  explicit StockSqlite(const std::filesystem::path& path, int flags = SQLITE_OPEN_READWRITE) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) fail();
  }

  void run(const std::string& sql) { query(sql); }

  // Runs the statements one after the other; answers the rows of all of them.
  std::vector<Row> query(const std::string& sql) {
    std::vector<Row> rows;
    for (const char* rest = sql.c_str(); *rest != '\0';) {
      sqlite3_stmt* prepared = nullptr;
      if (sqlite3_prepare_v2(handle_.get(), rest, -1, &prepared, &rest) != SQLITE_OK) fail();
      const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, sqlite3_finalize);
      if (prepared == nullptr) continue;
      int code = SQLITE_OK;
      while ((code = sqlite3_step(prepared)) == SQLITE_ROW) rows.push_back(row(prepared));
      if (code != SQLITE_DONE) fail();
    }
    return rows;
  }

 private:
  static Row row(sqlite3_stmt* statement) {
    Row row;
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      row.push_back(text == nullptr ? std::string() : std::string(text, bytes));
    }
    return row;
  }
  [[noreturn]] void fail() { throw std::runtime_error(sqlite3_errmsg(handle_.get())); }

  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> handle_{nullptr, sqlite3_close};
};

}   // namespace usertags::test
