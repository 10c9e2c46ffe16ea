// The schema of a store's file, the look that tells whether a file is ours, and the way from one version of
// the format to the next (docs/file-format.md).
#pragma once

#include <cstdint>
#include <span>

#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"

namespace usertags::sqlite {

inline constexpr std::int32_t kApplicationId = 0x75746167;   // "utag"
inline constexpr std::int32_t kFormatVersion = 4;

// What makes a file of version `from` one of the next: schema, rows and checksums, all but the version in the
// header. It throws Failure, or std::bad_alloc.
struct FormatStep {
  std::int32_t from;
  void (*migrate)(Connection& connection);
};

// In the order of their versions, without a gap; the last one leads to kFormatVersion. A version for which
// there is no step is refused by name.
using FormatSteps = std::span<const FormatStep>;

// Those of this library.
FormatSteps format_steps() noexcept;

enum class FileKind : std::uint8_t { empty, ours };

// Looks at the header, the schema's text (tables that ANALYZE makes aside), and the file's length. Throws
// Failure: not_a_store, for what is no SQLite file or another application's; unsupported_format, of a newer
// version, or of an older one, with both versions; corrupt_store, where ours was changed or is damaged, with
// the name of what differs.
FileKind identify(Connection& connection, FormatSteps steps = format_steps());

// Whether the file says that it is ours, and of an older version to which the steps reach back.
bool can_be_migrated(Connection& connection, FormatSteps steps = format_steps());

// Of such a file: takes all steps in one transaction, and identifies what they have made. Throws Failure, or
// std::bad_alloc; the file is then as it was. Only where the commit's outcome is unknown it may be migrated,
// which the next open finds out.
void migrate(Connection& connection, FormatSteps steps = format_steps());

// Makes the schema and the first state in an empty file. Inside the caller's transaction.
void create_schema(Connection& connection, const State& first_state);

}   // namespace usertags::sqlite
