// The schema of format version 1, and the look that tells whether a file is ours (docs/file-format.md).
#pragma once

#include <cstdint>

#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"

namespace usertags::sqlite {

inline constexpr std::int32_t kApplicationId = 0x75746167;   // "utag"
inline constexpr std::int32_t kFormatVersion = 2;

enum class FileKind : std::uint8_t { empty, ours };

// Looks at the header, the schema's text (tables that ANALYZE makes aside), and the file's length. Throws
// Failure: not_a_store, for what is no SQLite file or another application's; unsupported_format, of a newer
// version, with both versions; corrupt_store, where ours was changed or is damaged, with the name of what
// differs.
FileKind identify(Connection& connection);

// Makes the schema and the first state in an empty file. Inside the caller's transaction.
void create_schema(Connection& connection, const State& first_state);

}   // namespace usertags::sqlite
