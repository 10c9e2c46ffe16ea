// SQLite's own check of a database's structure and constraints.
#pragma once

#include <string>
#include <vector>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// What PRAGMA integrity_check complains of: at most 100 lines, none where all is well. Throws Failure.
std::vector<std::string> integrity_problems(Connection& connection);

// Throws Failure (corrupt_store) where the file is shorter than its header says. SQLite itself finds whole
// pages that are missing, and takes the rest of one for zeros. A file with a WAL may well be shorter: what is
// missing is in there. Within a transaction.
void expect_whole_file(Connection& connection);

}   // namespace usertags::sqlite
