// Strict UTF-8 (RFC 3629; the Unicode Standard, table 3-7): overlong forms, surrogates, code points above
// U+10FFFF and truncated sequences are malformed. Nothing is repaired.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace usertags::model {

struct Utf8Scan {
  bool well_formed = true;
  bool contains_nul = false;
  std::size_t code_points = 0;   // meaningful where well_formed
};

Utf8Scan scan_utf8(std::string_view text) noexcept;

// The position of the first malformed byte; the text's size where there is none.
std::size_t well_formed_bytes(std::string_view text) noexcept;

// Of the character at the beginning; zero for an empty text. In malformed text a character is a byte and all
// trail bytes that follow it.
std::size_t character_bytes(std::string_view text) noexcept;

}   // namespace usertags::model
