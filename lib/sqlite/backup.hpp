// Backup: one database copied into another file, page by page (sqlite3_backup).
#pragma once

#include <filesystem>

#include <usertags/progress.hpp>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// Copies the database as the connection's open read transaction sees it into `file`, which is empty, and
// which nobody else has open. The copy is whole and synced, in WAL mode, without a WAL. Its commit record is
// marked as not clean, so that whoever opens it for writing begins a new epoch.
//
// `progress` is told after every step of 256 pages, the last one included. Throws Failure: cancelled where it
// answers false; disk_full, io_error, …; corrupt_store where the commit record is not one that a store wrote.
// Then the caller removes what is there: `file`, and the -wal beside it.
void copy_database(Connection& from, const std::filesystem::path& file, const Progress& progress);

}   // namespace usertags::sqlite
