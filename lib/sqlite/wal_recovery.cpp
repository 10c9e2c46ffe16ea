#include "sqlite/wal_recovery.hpp"

#include <algorithm>
#include <memory>

#include <sqlite3.h>

#include "sqlite/sqlite_error.hpp"
#include "sqlite/transaction.hpp"
#include "sqlite/wal_file.hpp"

namespace usertags::sqlite {
namespace {

// SQLite's file layer writes at most 128 KiB at once: it drops the higher bits of a length (os_unix.c), and
// takes what is left for a full disk.
constexpr sqlite3_int64 kChunk = sqlite3_int64{64} * 1024;

void check(int result, const char* doing) {
  if (result != SQLITE_OK) throw_failure(nullptr, result, doing);
}

void rewrite(sqlite3_file& wal) {
  sqlite3_int64 size = 0;
  check(wal.pMethods->xFileSize(&wal, &size), "cannot read the WAL's size");
  if (size == 0) return;
  const auto buffer = std::make_unique<char[]>(static_cast<std::size_t>(std::min(size, kChunk)));
  for (sqlite3_int64 offset = 0; offset < size; offset += kChunk) {
    const int bytes = static_cast<int>(std::min(kChunk, size - offset));
    check(wal.pMethods->xRead(&wal, buffer.get(), bytes, offset), "cannot read the WAL");
    check(wal.pMethods->xWrite(&wal, buffer.get(), bytes, offset), "cannot write the WAL again");
  }
  check(wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL), "cannot sync the WAL");
}

}   // namespace

void rewrite_wal(Connection& connection) {
  const Transaction lock(connection);
  if (connection.query_text("PRAGMA journal_mode") != "wal") return;
  if (sqlite3_file* const wal = wal_file(connection)) rewrite(*wal);
}

}   // namespace usertags::sqlite
