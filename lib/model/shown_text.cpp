#include "model/shown_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/utf8.hpp"

namespace usertags::model {
namespace {

constexpr std::size_t kMaxShownBytes = 80;

bool is_trail_byte(char c) noexcept {
  return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80;
}
bool is_printable_ascii(char c) noexcept {
  return ' ' <= c && c <= '~';
}

// As much as is shown, cut between characters.
std::string_view shown_part(std::string_view text) noexcept {
  if (text.size() <= kMaxShownBytes) return text;
  std::size_t size = kMaxShownBytes;
  while (size > 0 && is_trail_byte(text[size])) --size;
  return text.substr(0, size);
}

// Whether a text can be told from what surrounds it without quotes.
bool is_plain(std::string_view text) noexcept {
  return !text.empty() && scan_utf8(text).well_formed && std::ranges::all_of(text, [](char c) {
    return !is_printable_ascii(c) ? static_cast<std::uint8_t>(c) >= 0x80
                                  : std::string_view(" \"\\;:()").find(c) == std::string_view::npos;
  });
}

void append_quoted(std::string_view text, std::string& out) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const bool well_formed = scan_utf8(text).well_formed;
  out += '"';
  for (const char c : text) {
    const auto value = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (is_printable_ascii(c) || (value >= 0x80 && well_formed)) {
      out += c;
    } else {
      out += {'\\', 'x', kHexDigits[value >> 4], kHexDigits[value & 0xF]};
    }
  }
  out += '"';
}

}   // namespace

void append_shown(std::string_view text, bool quotes, std::string& out) {
  const std::string_view shown = shown_part(text);
  if (!quotes && is_plain(shown)) {
    out += shown;
  } else {
    append_quoted(shown, out);
  }
  if (shown.size() != text.size()) out += "…";
}

std::string quoted(std::string_view text) {
  std::string out;
  append_shown(text, true, out);
  return out;
}

}   // namespace usertags::model
