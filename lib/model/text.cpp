#include "model/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace usertags::model {

namespace {

struct ByteRange {
  std::uint8_t first = 0x80;
  std::uint8_t last = 0xBF;

  bool contains(char byte) const noexcept {
    const auto value = static_cast<std::uint8_t>(byte);
    return first <= value && value <= last;
  }
};

constexpr ByteRange kTrail;

// What table 3-7 allows after a lead byte. The narrowed ranges keep out overlong forms (E0, F0), surrogates
// (ED) and what lies above U+10FFFF (F4).
ByteRange second_byte(std::uint8_t lead) noexcept {
  switch (lead) {
    case 0xE0: return {0xA0, 0xBF};
    case 0xED: return {0x80, 0x9F};
    case 0xF0: return {0x90, 0xBF};
    case 0xF4: return {0x80, 0x8F};
    default: return kTrail;
  }
}

// Zero for what leads no sequence of more than one byte.
std::size_t sequence_length(std::uint8_t lead) noexcept {
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// The length of the well-formed sequence of more than one byte at `at`; zero where there is none. Part of the
// loops that call it: a call a character is 1 % of what planning a batch takes (tools/guard).
[[gnu::always_inline]] inline std::size_t sequence_at(const char* at, const char* end) noexcept {
  const auto lead = static_cast<std::uint8_t>(*at);
  const std::size_t length = sequence_length(lead);
  if (length == 0 || static_cast<std::size_t>(end - at) < length) return 0;
  if (!second_byte(lead).contains(at[1])) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!kTrail.contains(at[i])) return 0;
  }
  return length;
}

}   // namespace

Utf8Scan scan_utf8(std::string_view text) noexcept {
  Utf8Scan scan;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const std::size_t bytes = std::min(static_cast<std::size_t>(end - at), sizeof(Word));
    const Word word = bytes == sizeof(Word) ? load_word(at) : load_short_word(at, bytes);
    if (non_ascii_bytes(word) == 0) {
      scan.contains_nul |= bytes_below(word, 1) != 0;
      scan.code_points += bytes;
      at += bytes;
      continue;
    }
    if (static_cast<std::uint8_t>(*at) < 0x80) {
      scan.contains_nul |= *at == '\0';
      at += 1;
    } else if (const std::size_t length = sequence_at(at, end); length != 0) {
      at += length;
    } else {
      scan.well_formed = false;
      return scan;
    }
    scan.code_points += 1;
  }
  return scan;
}

std::size_t well_formed_character_bytes(std::string_view text) noexcept {
  const char* const at = text.data();
  return static_cast<std::uint8_t>(*at) < 0x80 ? 1 : sequence_at(at, at + text.size());
}

std::size_t well_formed_bytes(std::string_view text) noexcept {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t length = well_formed_character_bytes(rest);
    if (length == 0) break;
    rest.remove_prefix(length);
  }
  return text.size() - rest.size();
}

std::size_t character_bytes(std::string_view text) noexcept {
  if (text.empty()) return 0;
  std::size_t size = 1;
  while (size < text.size() && is_trail_byte(text[size])) ++size;
  return size;
}

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  // from_chars takes a minus, and no plus.
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped_at != end) return std::nullopt;
  return number;
}

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}   // namespace

void to_base64url(std::string_view bytes, char* out) noexcept {
  std::uint32_t waiting = 0;
  int bits = 0;
  for (const char byte : bytes) {
    waiting = waiting << 8 | static_cast<std::uint8_t>(byte);
    for (bits += 8; bits >= 6; bits -= 6) *out++ = kAlphabet[waiting >> (bits - 6) & 63U];
  }
  if (bits > 0) *out = kAlphabet[waiting << (6 - bits) & 63U];
}

std::string to_base64url(std::string_view bytes) {
  std::string text(base64url_characters(bytes.size()), '\0');
  to_base64url(bytes, text.data());
  return text;
}

bool from_base64url(std::string_view text, char* out) noexcept {
  std::uint32_t waiting = 0;
  int bits = 0;
  for (const char character : text) {
    const std::size_t digit = kAlphabet.find(character);
    if (digit == std::string_view::npos) return false;
    waiting = waiting << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    *out++ = static_cast<char>(waiting >> bits & 255U);
  }
  return true;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes(base64url_bytes(text.size()), '\0');
  if (!from_base64url(text, bytes.data())) return std::nullopt;
  return bytes;
}

}   // namespace usertags::model
