// Vacuum: SQLite's VACUUM, which builds the database anew without its free pages.
//
// First it fills a temporary file, in the folder for such (SQLITE_TMPDIR, TMPDIR, /var/tmp, …), then it
// writes that back as one transaction: into the WAL, from which a checkpoint moves it into the file and
// shrinks it.
#pragma once

#include <usertags/progress.hpp>

#include "sqlite/connection.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::sqlite {

// In no transaction, and with no statement under way. It holds some MiB in memory, whatever the size.
// Progress counts pages that were read, approximately, and is asked during the first part only; where it
// answers false the outcome is not_applied, with the error `cancelled`.
//
// unknown: it failed after it began to write into the file. not_applied, with any error: before that, or
// busy, or the disk was full, and all that was written is void.
Transaction::Commit vacuum(Connection& connection, const Progress& progress);

}   // namespace usertags::sqlite
