// Tells a foreign edit of a tags column from damage, by SQLite's own JSON functions.
#pragma once

#include <string_view>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {

// Whether the text is a JSON object whose members are all strings, however it is escaped and ordered.
bool is_tags_object(Connection& connection, std::string_view json);

}  // namespace usertags::sqlite
