// What is done with a WAL that was left, before anything is built on it.
//
// After a failed sync, the page cache may hold what the disk does not, and may count it as written: a later
// sync then succeeds and writes nothing. So the WAL's bytes are written in place again, which makes the pages
// dirty, and synced. All of it goes through SQLite's own file handle: opening the file beside SQLite is one
// thing less to reason about, and tests that record or fail I/O see it.
#pragma once

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// Under SQLite's write lock, so that nobody appends to the WAL or starts it anew meanwhile. Does nothing
// where the WAL is empty, or the database has none. Throws Failure.
void rewrite_wal(Connection& connection);

}   // namespace usertags::sqlite
