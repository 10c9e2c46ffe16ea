// The peer of the first comparison: tags in SQLite as they are commonly written by hand, one row a tag, with
// prepared statements, WAL and synchronous=FULL; with SQLite's own page cache of 2 MB, or a larger one.
// Without an index from tag to user, unless one is added.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
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
    for (sqlite3_stmt* statement : {insert_user_, upsert_, find_, count_, page_, values_})
      sqlite3_finalize(statement);
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

  // From here on it keeps an index from tag to user, and can be asked for tags.
  void add_tag_index() {
    execute("CREATE INDEX tag ON user_tag(key, value, user); ANALYZE;");
    count_ = prepare(
        "SELECT count(*) FROM user_tag AS a JOIN user_tag AS b ON b.user = a.user"
        " WHERE a.key = ?1 AND a.value = ?2 AND b.key = ?3 AND b.value = ?4");
    page_ = prepare(
        "SELECT external_id, tag.key, tag.value FROM (SELECT user FROM user_tag WHERE key = ?1 AND value = ?2"
        "  AND user > ?3 ORDER BY user LIMIT ?4) AS page"
        " JOIN user ON user.id = page.user JOIN user_tag AS tag ON tag.user = page.user");
    values_ = prepare("SELECT value, count(*) FROM user_tag WHERE key = ?1 GROUP BY value");
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
    return touch_rows(find_, {0, 1});
  }

  std::uint64_t count(std::string_view key, std::string_view value, std::string_view other_key,
                      std::string_view other_value) {
    bind(count_, 1, key);
    bind(count_, 2, value);
    bind(count_, 3, other_key);
    bind(count_, 4, other_value);
    check(sqlite3_step(count_));
    const auto count = static_cast<std::uint64_t>(sqlite3_column_int64(count_, 0));
    sqlite3_reset(count_);
    return count;
  }

  // The first users who have the tag, with all their tags; answers their bytes.
  std::size_t first_page(std::string_view key, std::string_view value, std::uint64_t limit) {
    bind(page_, 1, key);
    bind(page_, 2, value);
    bind(page_, 3, std::uint64_t{0});
    bind(page_, 4, limit);
    return touch_rows(page_, {0, 1, 2});
  }

  std::size_t values(std::string_view key) {
    bind(values_, 1, key);
    return touch_rows(values_, {0, 1});
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
  std::size_t touch_rows(sqlite3_stmt* statement, std::initializer_list<int> columns) {
    std::size_t bytes = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (const int column : columns) {
        bytes += static_cast<std::size_t>(sqlite3_column_text(statement, column)[0] != 0) +
                 static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      }
    }
    sqlite3_reset(statement);
    return bytes;
  }
  void run(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt* insert_user_ = nullptr;
  sqlite3_stmt* upsert_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
  sqlite3_stmt* count_ = nullptr;
  sqlite3_stmt* page_ = nullptr;
  sqlite3_stmt* values_ = nullptr;
};

}   // namespace usertags::bench
