// SQLite's own check of a database's structure and constraints.
#pragma once

#include <string>
#include <vector>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// What PRAGMA integrity_check complains of: at most 100 lines, none where all is well. Throws Failure.
std::vector<std::string> integrity_problems(Connection& connection);

}   // namespace usertags::sqlite
