// What is done with a database as a whole: copied, built anew without free pages, checked.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <usertags/progress.hpp>

#include "sqlite/connection.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::sqlite {

// Copies a database page by page (sqlite3_backup), as the connection's open read transaction sees it into
// `file`, which is empty, and which nobody else has open. The copy is whole and synced, in WAL mode, without
// a WAL. Its commit record is marked as not clean, so that whoever opens it for writing begins a new epoch.
//
// `progress` is told after every step of 256 pages, the last one included. Throws Failure: cancelled where it
// answers false; disk_full, io_error, …; corrupt_store where the commit record is not one that a store wrote.
// Then the caller removes what is there: `file`, and the -wal beside it.
void copy_database(Connection& from, const std::filesystem::path& file, const Progress& progress);

// SQLite's VACUUM, which builds the database anew without its free pages. First it fills a temporary file, in
// the folder for such (SQLITE_TMPDIR, TMPDIR, /var/tmp, …), then it writes that back as one transaction: into
// the WAL, from which a checkpoint moves it into the file and shrinks it.
//
// In no transaction, and with no statement under way. It holds some MiB in memory, whatever the size.
// Progress counts pages that were read, approximately, and is asked during the first part only; where it
// answers false the outcome is not_applied, with the error `cancelled`.
//
// unknown: it failed after it began to write into the file. not_applied, with any error: before that, or
// busy, or the disk was full, and all that was written is void.
Transaction::Commit vacuum(Connection& connection, const Progress& progress);

// What PRAGMA integrity_check complains of: at most 100 lines, none where all is well. Throws Failure.
std::vector<std::string> integrity_problems(Connection& connection);

// Throws Failure (corrupt_store) where the file is shorter than its header says. SQLite itself finds whole
// pages that are missing, and takes the rest of one for zeros. A file with a WAL may well be shorter: what is
// missing is in there. Within a transaction.
void expect_whole_file(Connection& connection);

}   // namespace usertags::sqlite
