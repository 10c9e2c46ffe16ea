#include "sqlite/wal_file.hpp"

#include "sqlite/sqlite_error.hpp"

namespace usertags::sqlite {
namespace {

void check(int result, const char* doing) {
  if (result != SQLITE_OK) throw_failure(nullptr, result, doing);
}

std::int64_t length_of(sqlite3_file& wal) {
  sqlite3_int64 length = 0;
  check(wal.pMethods->xFileSize(&wal, &length), "cannot read the WAL's size");
  return length;
}

}   // namespace

sqlite3_file* wal_file(Connection& connection) {
  sqlite3_file* file = nullptr;
  check(sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file),
        "cannot reach the WAL");
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

std::int64_t wal_length(Connection& connection) {
  sqlite3_file* const wal = wal_file(connection);
  return wal == nullptr ? 0 : length_of(*wal);
}

void cut_wal(Connection& connection, std::int64_t length) {
  sqlite3_file* const wal = wal_file(connection);
  if (wal == nullptr || length_of(*wal) <= length) return;
  check(wal->pMethods->xTruncate(wal, length), "cannot cut the WAL");
}

}   // namespace usertags::sqlite
