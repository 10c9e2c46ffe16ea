#include "model/shown_text.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include "model/tag_rules.hpp"
#include "model/text.hpp"

namespace usertags::model {
namespace {

constexpr std::size_t kMaxShownBytes = 80;
constexpr std::size_t kMaxPathBytes = 4096;   // Linux knows no longer one

bool is_printable_ascii(char c) noexcept {
  return ' ' <= c && c <= '~';
}

struct Character {
  std::size_t bytes;
  bool disturbs;   // on a line of text
};

// U+0080 to U+009F; U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069: separators, and marks of direction.
bool disturbs_beyond_ascii(std::string_view character) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(character[i]); };
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80) return byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xA8 && byte(2) <= 0xAE);
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

// The one at the beginning; a malformed byte is one.
Character first_character(std::string_view text) noexcept {
  if (static_cast<std::uint8_t>(text.front()) < 0x80) return {1, !is_printable_ascii(text.front())};
  const std::size_t bytes = well_formed_character_bytes(text);
  if (bytes == 0) return {1, true};
  return {bytes, disturbs_beyond_ascii(text.substr(0, bytes))};
}

void append_escaped(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    out += "\\x";
    append_hex(static_cast<std::uint8_t>(c), out);
  }
}

// With a backslash before each of the special characters.
void append_one_line(std::string_view text, std::string_view special, std::string& out) {
  while (!text.empty()) {
    const auto [bytes, disturbs] = first_character(text);
    const std::string_view character = text.substr(0, bytes);
    if (disturbs) {
      append_escaped(character, out);
    } else {
      if (special.contains(character.front())) out += '\\';
      out += character;
    }
    text.remove_prefix(bytes);
  }
}

// How many bytes from the beginning on need no escape.
std::size_t undisturbed_bytes(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size()) {
    const auto [bytes, disturbs] = first_character(text.substr(size));
    if (disturbs) break;
    size += bytes;
  }
  return size;
}

// Whether a text can be told from what surrounds it without quotes.
bool is_plain(std::string_view text) noexcept {
  return !text.empty() && text.find_first_of(" \"\\;:()") == std::string_view::npos &&
         undisturbed_bytes(text) == text.size();
}

void append_in_quotes(std::string_view text, char quote, std::string& out) {
  const char special[] = {quote, '\\'};
  out += quote;
  append_one_line(text, {special, sizeof special}, out);
  out += quote;
}

}   // namespace

std::string_view beginning(std::string_view text, std::size_t bytes) noexcept {
  if (text.size() <= bytes) return text;
  std::size_t size = bytes;
  while (size > 0 && bytes - size < kMaxUtf8BytesPerCodePoint && is_trail_byte(text[size])) --size;
  return text.substr(0, bytes - size < kMaxUtf8BytesPerCodePoint ? size : bytes);
}

void append_shown(std::string_view text, bool quotes, std::string& out) {
  const std::string_view shown = beginning(text, kMaxShownBytes);
  if (!quotes && is_plain(shown)) {
    out += shown;
  } else {
    append_in_quotes(shown, '"', out);
  }
  if (shown.size() != text.size()) out += "…";
}

std::string quoted(std::string_view text) {
  std::string out;
  append_shown(text, true, out);
  return out;
}

std::string quoted_path(std::string_view path) {
  const std::string_view shown = beginning(path, kMaxPathBytes);
  std::string out;
  append_in_quotes(shown, '\'', out);
  if (shown.size() != path.size()) out += "…";
  return out;
}

std::string one_line(std::string&& text) noexcept {
  const std::size_t fine = undisturbed_bytes(text);
  if (fine == text.size()) return std::move(text);
  try {
    std::string line(text, 0, fine);
    append_one_line(std::string_view(text).substr(fine), "", line);
    return line;
  } catch (const std::bad_alloc&) {
    for (std::size_t at = fine; at < text.size();) {
      const auto [bytes, disturbs] = first_character(std::string_view(text).substr(at));
      if (disturbs) std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), bytes, '?');
      at += bytes;
    }
    return std::move(text);
  }
}

}   // namespace usertags::model
