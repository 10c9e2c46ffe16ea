#include "sqlite/integrity.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "sqlite/sqlite_error.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {
namespace {

// SQLite tells a page that it could not get for want of memory among the problems.
void refuse_if_out_of_memory(Connection& connection, std::string_view problem) {
  static constexpr std::string_view kMark = "error code";
  for (auto at = problem.find(kMark); at != std::string_view::npos; at = problem.find(kMark, at)) {
    at += kMark.size() + 1;   // and '=', or a space
    if (at >= problem.size()) return;
    int code = SQLITE_OK;
    std::from_chars(problem.data() + at, problem.data() + problem.size(), code);
    if (code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
      throw_failure(connection.handle(), code, "cannot check the file");
  }
}

// SQLite tells several problems in one text, under the database's name.
void append_lines(std::string_view told, std::vector<std::string>& problems) {
  while (!told.empty()) {
    const std::string_view line = told.substr(0, told.find('\n'));
    if (!line.empty() && !line.starts_with("***")) problems.emplace_back(line);
    told.remove_prefix(std::min(line.size() + 1, told.size()));
  }
}

}   // namespace

std::vector<std::string> integrity_problems(Connection& connection) {
  std::vector<std::string> problems;
  Statement check(connection, "PRAGMA integrity_check(100)");
  while (check.step()) {
    const std::string_view told = check.text(0);
    if (told == "ok") continue;
    refuse_if_out_of_memory(connection, told);
    append_lines(told, problems);
  }
  return problems;
}

namespace {

// Null where there is none: of a database in memory, or one without a WAL.
sqlite3_file* open_file(Connection& connection, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", which, &file);
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

std::uint64_t size_of(const Connection& connection, sqlite3_file& file) {
  sqlite3_int64 size = 0;
  const int result = file.pMethods->xFileSize(&file, &size);
  if (result != SQLITE_OK) throw_failure(connection.handle(), result, "cannot read the size of a file");
  return static_cast<std::uint64_t>(size);
}

}   // namespace

void expect_whole_file(Connection& connection) {
  sqlite3_file* const database = open_file(connection, SQLITE_FCNTL_FILE_POINTER);
  sqlite3_file* const wal = open_file(connection, SQLITE_FCNTL_JOURNAL_POINTER);
  if (database == nullptr || (wal != nullptr && size_of(connection, *wal) != 0)) return;
  const std::uint64_t size = size_of(connection, *database);
  const std::uint64_t expected = connection.database_bytes();
  if (size >= expected) return;
  model::fail(ErrorCode::corrupt_store, connection.name() + " was cut short: it has " + std::to_string(size) +
                                            " bytes, and its header speaks of " + std::to_string(expected));
}

}   // namespace usertags::sqlite
