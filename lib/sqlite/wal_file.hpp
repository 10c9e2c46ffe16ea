// The WAL as a file, for what SQLite has no words for.
#pragma once

#include <cstdint>

#include <sqlite3.h>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// The WAL's file: open from the first read of a database in WAL mode on; null where there is none. Throws
// Failure.
sqlite3_file* wal_file(Connection& connection);

// How long the WAL is; 0 where there is none. Throws Failure.
std::int64_t wal_length(Connection& connection);

// Cuts off what was written behind that length. Within a transaction that writes and has written nothing, and
// only what no commit has written: readers and recovery look at frames up to the last commit. Throws Failure.
void cut_wal(Connection& connection, std::int64_t length);

}   // namespace usertags::sqlite
