#include "support/reference_rules.hpp"

#include <algorithm>
#include <cstddef>

namespace usertags::test {
namespace {

using Reason = Violation::Reason;

constexpr std::size_t kMaxKey = 50;
constexpr std::size_t kMaxValue = 200;
constexpr std::size_t kMaxExternalId = 255;
constexpr std::size_t kMaxNote = 200;

struct Lead {
  std::size_t bytes;
  char32_t bits;
  char32_t smallest;   // a smaller code point in as many bytes is overlong
};

std::optional<Lead> lead(unsigned char byte) {
  if (byte < 0x80) return Lead{1, byte, 0};
  if ((byte & 0xE0) == 0xC0) return Lead{2, byte & 0x1Fu, 0x80};
  if ((byte & 0xF0) == 0xE0) return Lead{3, byte & 0x0Fu, 0x800};
  if ((byte & 0xF8) == 0xF0) return Lead{4, byte & 0x07u, 0x10000};
  return std::nullopt;
}

bool contains(const std::vector<char32_t>& text, std::u32string_view any_of) {
  return std::ranges::any_of(text, [&](char32_t c) { return any_of.contains(c); });
}

constexpr std::u32string_view kForbidden = U"#/:";
constexpr std::u32string_view kNul{U"\0", 1};

bool is_text(std::string_view bytes, std::size_t at_least, std::size_t at_most) {
  const auto text = decode_utf8(bytes);
  return text && text->size() >= at_least && text->size() <= at_most && !contains(*text, kNul);
}

}   // namespace

std::optional<std::vector<char32_t>> decode_utf8(std::string_view text) {
  std::vector<char32_t> code_points;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = lead(static_cast<unsigned char>(text[at]));
    if (!first || first->bytes > text.size() - at) return std::nullopt;
    char32_t code_point = first->bits;
    for (const char c : text.substr(at + 1, first->bytes - 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0) != 0x80) return std::nullopt;
      code_point = (code_point << 6) | (byte & 0x3Fu);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < first->smallest || surrogate || code_point > 0x10FFFF) return std::nullopt;
    code_points.push_back(code_point);
    at += first->bytes;
  }
  return code_points;
}

bool has_form_of_id(std::string_view text) {
  constexpr std::string_view kPrefix = "user_";
  constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 26) return false;
  const std::string_view suffix = text.substr(kPrefix.size());
  return suffix[0] <= '7' && suffix.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::vector<Reason> broken_rules_of_key(std::string_view key, OperationKind kind) {
  const auto text = decode_utf8(key);
  if (!text) return {Reason::malformed_utf8};
  std::vector<Reason> broken;
  if (text->empty()) broken.push_back(Reason::empty_key);
  if (kind != OperationKind::erase) {
    if (text->size() > kMaxKey) broken.push_back(Reason::key_too_long);
    if (contains(*text, kForbidden)) broken.push_back(Reason::forbidden_character);
  }
  if (contains(*text, kNul)) broken.push_back(Reason::contains_nul);
  return broken;
}

std::vector<Reason> broken_rules_of_value(std::string_view value) {
  const auto text = decode_utf8(value);
  if (!text) return {Reason::malformed_utf8};
  std::vector<Reason> broken;
  if (text->size() > kMaxValue) broken.push_back(Reason::value_too_long);
  if (contains(*text, kForbidden)) broken.push_back(Reason::forbidden_character);
  if (contains(*text, kNul)) broken.push_back(Reason::contains_nul);
  return broken;
}

void add_numbers(std::string_view text, Violation& violation) {
  const auto decoded = decode_utf8(text);
  switch (violation.reason) {
    case Reason::key_too_long:
    case Reason::value_too_long:
      violation.limit = violation.reason == Reason::key_too_long ? kMaxKey : kMaxValue;
      violation.found = decoded->size();
      return;
    case Reason::forbidden_character:
      violation.position = text.find_first_of("#/:");
      violation.character = text[*violation.position];
      return;
    case Reason::contains_nul: violation.position = text.find('\0'); return;
    case Reason::malformed_utf8: {
      std::size_t sound = text.size();
      while (!decode_utf8(text.substr(0, sound))) --sound;
      violation.position = sound;
      return;
    }
    default: return;
  }
}

std::string told_of(std::string_view key) {
  constexpr std::size_t kMost = 256;
  constexpr std::size_t kLeast = kMost - 3;   // a character has at most three bytes before its last
  if (key.size() <= kMost) return std::string(key);
  for (std::size_t size = kMost; size >= kLeast; --size) {
    const bool goes_on = (static_cast<unsigned char>(key[size]) & 0xC0) == 0x80;
    if (!goes_on) return std::string(key.substr(0, size));
  }
  return std::string(key.substr(0, kMost));
}

bool is_external_id(std::string_view text) {
  return is_text(text, 1, kMaxExternalId) && !has_form_of_id(text);
}

bool is_note(std::string_view text) {
  return is_text(text, 0, kMaxNote);
}

}   // namespace usertags::test
