#include "model/violation_list.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "model/utf8.hpp"

namespace usertags::model {
namespace {

using Reason = Violation::Reason;

constexpr std::size_t kMaxListed = 16;
constexpr std::size_t kMaxShownBytes = 80;   // of a key or a value

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

void append_text(std::string_view text, bool quotes, std::string& out) {
  const std::string_view shown = shown_part(text);
  if (!quotes && is_plain(shown)) {
    out += shown;
  } else {
    append_quoted(shown, out);
  }
  if (shown.size() != text.size()) out += "...";
}

// Where the reason alone does not say that it is the value that is wrong.
bool needs_subject(const Violation& violation) noexcept {
  switch (violation.reason) {
    case Reason::forbidden_character:
    case Reason::malformed_utf8:
    case Reason::contains_nul: return violation.subject == Violation::Subject::value;
    default: return false;
  }
}

void append_violation(const Violation& violation, std::string& out) {
  if (violation.item) out += "item " + std::to_string(*violation.item) + ": ";
  if (violation.operation) {
    out += to_string(*violation.operation);
    out += ' ';
    append_text(violation.key, false, out);
    out += ": ";
  }
  out += to_string(violation.reason);
  if (needs_subject(violation)) out += " in the value";
  if (violation.first_index) out += " (as operation " + std::to_string(*violation.first_index) + ")";
  if (violation.current) {
    out += " (now ";
    append_text(*violation.current, true, out);
    out += ')';
  }
}

}   // namespace

void append_violation_list(std::span<const Violation> violations, std::string& out) {
  out += std::to_string(violations.size());
  out += violations.size() == 1 ? " violation" : " violations";
  const std::size_t listed = std::min(violations.size(), kMaxListed);
  for (std::size_t i = 0; i < listed; ++i) {
    out += i == 0 ? ": " : "; ";
    append_violation(violations[i], out);
  }
  if (listed < violations.size()) out += "; and " + std::to_string(violations.size() - listed) + " more";
}

}   // namespace usertags::model
