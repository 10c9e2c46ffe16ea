// The peer of the first comparison: tags in SQLite as they are commonly written by hand, one row a tag, with
// prepared statements, WAL and synchronous=FULL, and without any index from tag to user; with SQLite's own
// page cache of 2 MB, or a larger one.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "workload.hpp"

namespace usertags::bench {

class HandWritten {
 public:
  HandWritten(const std::filesystem::path& path, bool large_cache) {
    check(sqlite3_open(path.c_str(), &handle_));
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE user(id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE);"
        "CREATE TABLE user_tag(user INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
        " PRIMARY KEY (user, key)) WITHOUT ROWID;");
    if (large_cache) execute("PRAGMA cache_size=-65536");
    insert_user_ = prepare("INSERT INTO user VALUES (?1, ?2)");
    upsert_ = prepare(
        "INSERT INTO user_tag VALUES (?1, ?2, ?3) ON CONFLICT (user, key) DO UPDATE SET value = "
        "excluded.value");
    find_ = prepare(
        "SELECT key, value FROM user JOIN user_tag ON user_tag.user = user.id WHERE external_id = ?1");
  }
  HandWritten(const HandWritten&) = delete;
  HandWritten& operator=(const HandWritten&) = delete;
  ~HandWritten() {
    for (sqlite3_stmt* statement : {insert_user_, upsert_, find_}) sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }

  void load(std::uint64_t users) {
    execute("BEGIN");
    for (std::uint64_t user = 0; user < users; ++user) {
      const std::string id = external_id(user);
      bind(insert_user_, 1, user);
      bind(insert_user_, 2, id);
      run(insert_user_);
      for (std::size_t k = 0; k < kKeys.size(); ++k) upsert(user, kKeys[k].key, first_value(user, k));
    }
    execute("COMMIT");
  }

  void begin() { execute("BEGIN IMMEDIATE"); }
  void commit() { execute("COMMIT"); }
  void upsert(std::uint64_t user, std::string_view key, std::string_view value) {
    bind(upsert_, 1, user);
    bind(upsert_, 2, key);
    bind(upsert_, 3, value);
    run(upsert_);
  }

  // Touches every tag; answers their bytes.
  std::size_t find(std::string_view id) {
    bind(find_, 1, id);
    std::size_t bytes = 0;
    while (sqlite3_step(find_) == SQLITE_ROW) {
      for (const int column : {0, 1}) {
        bytes += static_cast<std::size_t>(sqlite3_column_text(find_, column)[0] != 0) +
                 static_cast<std::size_t>(sqlite3_column_bytes(find_, column));
      }
    }
    sqlite3_reset(find_);
    return bytes;
  }

 private:
  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    std::fprintf(stderr, "hand-written SQLite: %s\n", sqlite3_errmsg(handle_));
    std::abort();
  }
  void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }
  void bind(sqlite3_stmt* statement, int index, std::uint64_t value) {
    check(sqlite3_bind_int64(statement, index, static_cast<sqlite3_int64>(value)));
  }
  void bind(sqlite3_stmt* statement, int index, std::string_view text) {
    check(sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }
  void run(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt* insert_user_ = nullptr;
  sqlite3_stmt* upsert_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
};

}   // namespace usertags::bench
