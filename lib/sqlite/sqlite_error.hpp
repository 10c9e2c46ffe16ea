// What SQLite's result codes mean to the store.
#pragma once

#include <string_view>

#include <usertags/error.hpp>

struct sqlite3;

namespace usertags::sqlite {

// The Error that an extended result code means. Its text begins with `doing` ("cannot read table 'user'"),
// names the file, and goes on with SQLite's own message and that of a failed system call. `handle` may be
// null: then the code is one that a file's own method has given. Without memory for the text, the code alone.
Error to_error(sqlite3* handle, int result_code, std::string_view doing) noexcept;

// Throws it, as a model::Failure.
[[noreturn]] void throw_failure(sqlite3* handle, int result_code, std::string_view doing);

}   // namespace usertags::sqlite
