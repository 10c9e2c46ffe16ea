// The scanners of text: UTF-8, machine words of it, integers, base64 and hexadecimal.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/bytes.hpp"

namespace usertags::model {

// --- Strict UTF-8 (RFC 3629; the Unicode Standard, table 3-7): overlong forms, surrogates, code points above
// U+10FFFF and truncated sequences are malformed. Nothing is repaired. ---

struct Utf8Scan {
  bool well_formed = true;
  bool contains_nul = false;
  std::size_t code_points = 0;   // meaningful where well_formed
};

Utf8Scan scan_utf8(std::string_view text) noexcept;

// The position of the first malformed byte; the text's size where there is none.
std::size_t well_formed_bytes(std::string_view text) noexcept;

// Of the well-formed character at the beginning of a text that is not empty; zero where it is malformed.
std::size_t well_formed_character_bytes(std::string_view text) noexcept;

// Whether a byte goes on with a character that began before it.
constexpr bool is_trail_byte(char byte) noexcept {
  return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80;
}

// Of the character at the beginning; zero for an empty text. In malformed text a character is a byte and all
// trail bytes that follow it.
std::size_t character_bytes(std::string_view text) noexcept;

// --- Eight bytes at a time: the few questions that the scanners ask of a machine word.
//
// A mask has the top bit set in bytes that answer yes. Subtracting lets a byte that answers yes disturb those
// above it, so only the lowest set bit of a mask, and whether it is zero, can be relied upon. That is enough
// to find the first hit, because words are loaded little-endian: the lowest byte is the first of the text.
// ---

using Word = std::uint64_t;

inline constexpr Word kEveryByte = 0x0101010101010101;
inline constexpr Word kTopBits = 0x80 * kEveryByte;

inline Word load_word(const char* at) noexcept {
  return load_number<Word>(at);
}

// Of less than eight bytes; spaces behind them.
inline Word load_short_word(const char* at, std::size_t bytes) noexcept {
  return load_bytes(at, bytes) | (' ' * kEveryByte) << (8 * bytes);
}

constexpr Word non_ascii_bytes(Word word) noexcept {
  return word & kTopBits;
}
// `bound` is at most 0x80.
constexpr Word bytes_below(Word word, std::uint8_t bound) noexcept {
  return (word - bound * kEveryByte) & ~word & kTopBits;
}
constexpr Word bytes_equal(Word word, char byte) noexcept {
  return bytes_below(word ^ (static_cast<std::uint8_t>(byte) * kEveryByte), 1);
}

constexpr std::size_t first_byte(Word mask) noexcept {
  return static_cast<std::size_t>(std::countr_zero(mask)) / 8;
}

// How many bytes both begin with.
inline std::size_t common_bytes(std::string_view left, std::string_view right) noexcept {
  const std::size_t most = std::min(left.size(), right.size());
  std::size_t at = 0;
  for (; most - at >= sizeof(Word); at += sizeof(Word)) {
    const Word differs = load_word(left.data() + at) ^ load_word(right.data() + at);
    if (differs != 0) return at + first_byte(differs);
  }
  const Word differs = load_bytes(left.data() + at, most - at) ^ load_bytes(right.data() + at, most - at);
  return differs == 0 ? most : at + first_byte(differs);
}

// --- Integers in values: what `>` and `<` of selectors compare. ---

// One sign or none, then decimal digits, in the range of 64 bits: "7", "+7", "-0", "007". Anything else (an
// empty text, white space, "1e3", "0x1F", "1_000", a fraction, 2^63) is no integer, and compares with none.
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;

// --- URL-safe base64 (RFC 4648, section 5) without padding, for opaque texts that survive URLs, shells and files. ---

constexpr std::size_t base64url_characters(std::size_t bytes) noexcept {
  return (bytes * 8 + 5) / 6;
}
constexpr std::size_t base64url_bytes(std::size_t characters) noexcept {
  return characters * 6 / 8;
}

// `out` has room for base64url_characters(bytes.size()). Bits that fill the last character up are zero.
void to_base64url(std::string_view bytes, char* out) noexcept;
std::string to_base64url(std::string_view bytes);   // throws std::bad_alloc

// `out` has room for base64url_bytes(text.size()). False where a character is not of the alphabet. Bits that
// fill up are not looked at: whoever wants one text for one value encodes again and compares.
bool from_base64url(std::string_view text, char* out) noexcept;
std::optional<std::string> from_base64url(std::string_view text);   // throws std::bad_alloc

// --- Hexadecimal digits, in lowercase. ---

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

inline void append_hex(std::uint8_t byte, std::string& out) {
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 0xF];
}

}   // namespace usertags::model
