// Cursors as text: URL-safe base64 (RFC 4648, section 5, without padding) of
//   kind, 1 byte | query, 8 bytes | ordinal of the last user returned, 4 bytes | check, 8 bytes
//   (little-endian)
// where `check` is XXH3-64 over what precedes, seeded with the store's id: a cursor of another store, of
// another question, or a mangled one does not fit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <usertags/page.hpp>

namespace usertags::store {

enum class CursorKind : std::uint8_t { list = 1 };

struct CursorBinding {
  std::array<std::uint8_t, 16> store_id;
  CursorKind kind;
  std::uint64_t query;   // hash of the question; 0 where it has no parameters
};

Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal);
std::optional<std::uint32_t> decode_cursor(const CursorBinding& binding, std::string_view text) noexcept;

}   // namespace usertags::store
