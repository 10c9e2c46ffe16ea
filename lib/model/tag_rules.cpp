#include "model/tag_rules.hpp"

#include "model/text.hpp"
#include "model/typeid.hpp"

namespace usertags::model {
namespace {

using Reason = Violation::Reason;

// All three are ASCII, so no byte of a longer sequence is taken for one of them.
bool has_forbidden_character(std::string_view text) noexcept {
  bool found = false;   // without an early exit, so that compilers look at many bytes at once
  for (const char byte : text) found |= (byte == '#') | (byte == '/') | (byte == ':');
  return found;
}

// Most texts are as short as a machine word, and follow all rules.
bool is_short_and_plain(std::string_view text) noexcept {
  static_assert(sizeof(Word) <= kMaxKeyCodePoints);
  if (text.size() >= sizeof(Word)) return false;
  const Word word = load_short_word(text.data(), text.size());
  const Word forbidden = bytes_equal(word, '#') | bytes_equal(word, '/') | bytes_equal(word, ':');
  return (non_ascii_bytes(word) | bytes_equal(word, '\0') | forbidden) == 0;
}

BrokenRule malformed(std::string_view text) noexcept {
  return {.reason = Reason::malformed_utf8, .number = well_formed_bytes(text)};
}
BrokenRule nul(std::string_view text) noexcept {
  return {.reason = Reason::contains_nul, .number = text.find('\0')};
}
BrokenRule forbidden(std::string_view text) noexcept {
  const std::size_t at = text.find_first_of("#/:");
  return {.reason = Reason::forbidden_character, .character = text[at], .number = at};
}

BrokenRules check_label(std::string_view text, std::size_t max_code_points, Reason too_long) noexcept {
  BrokenRules broken;
  if (is_short_and_plain(text)) return broken;
  const Utf8Scan scan = scan_utf8(text);
  if (!scan.well_formed) {
    broken.push_back(malformed(text));
    return broken;
  }
  if (scan.code_points > max_code_points) broken.push_back({.reason = too_long, .number = scan.code_points});
  if (has_forbidden_character(text)) broken.push_back(forbidden(text));
  if (scan.contains_nul) broken.push_back(nul(text));
  return broken;
}

BrokenRules empty_key() noexcept {
  BrokenRules broken;
  broken.push_back({.reason = Reason::empty_key});
  return broken;
}

std::size_t limit_of(Reason too_long) noexcept {
  return too_long == Reason::key_too_long ? kMaxKeyCodePoints : kMaxValueCodePoints;
}

std::string too_many_characters(std::size_t found, std::size_t limit) {
  return "has " + std::to_string(found) + " characters, more than " + std::to_string(limit);
}

std::optional<std::string> check_text(std::string_view text, std::size_t max_code_points) {
  const Utf8Scan scan = scan_utf8(text);
  if (!scan.well_formed) return in_words(malformed(text));
  if (scan.contains_nul) return in_words(nul(text));
  if (scan.code_points > max_code_points) return too_many_characters(scan.code_points, max_code_points);
  return std::nullopt;
}

}   // namespace

void tell(const BrokenRule& rule, Violation& violation) noexcept {
  switch (rule.reason) {
    case Reason::key_too_long:
    case Reason::value_too_long:
      violation.limit = limit_of(rule.reason);
      violation.found = rule.number;
      return;
    case Reason::forbidden_character: violation.character = rule.character; [[fallthrough]];
    case Reason::malformed_utf8:
    case Reason::contains_nul: violation.position = rule.number; return;
    case Reason::key_exists:
    case Reason::key_missing:
    case Reason::value_mismatch:
    case Reason::duplicate_key:
    case Reason::empty_key:
    case Reason::too_many_tags:
    case Reason::too_many_operations: return;   // bear no number of a text
  }
}

std::string in_words(const BrokenRule& rule) {
  const std::string where = " at byte " + std::to_string(rule.number);
  switch (rule.reason) {
    case Reason::empty_key: return "is empty";
    case Reason::key_too_long:
    case Reason::value_too_long: return too_many_characters(rule.number, limit_of(rule.reason));
    case Reason::forbidden_character: return std::string("contains \"") + rule.character + '"' + where;
    case Reason::malformed_utf8: return "is not well-formed UTF-8" + where;
    case Reason::contains_nul: return "contains NUL" + where;
    case Reason::key_exists:
    case Reason::key_missing:
    case Reason::value_mismatch:
    case Reason::duplicate_key:
    case Reason::too_many_tags:
    case Reason::too_many_operations: break;   // are of no text alone
  }
  return std::string(to_string(rule.reason));
}

BrokenRules check_key(std::string_view key) noexcept {
  return key.empty() ? empty_key() : check_label(key, kMaxKeyCodePoints, Reason::key_too_long);
}

BrokenRules check_key_to_erase(std::string_view key) noexcept {
  if (key.empty()) return empty_key();
  BrokenRules broken;
  const Utf8Scan scan = scan_utf8(key);
  if (!scan.well_formed) {
    broken.push_back(malformed(key));
  } else if (scan.contains_nul) {
    broken.push_back(nul(key));
  }
  return broken;
}

BrokenRules check_value(std::string_view value) noexcept {
  return check_label(value, kMaxValueCodePoints, Reason::value_too_long);
}

std::optional<std::string> check_external_id(std::string_view external_id) {
  if (external_id.empty()) return "is empty";
  if (parse_user_id(external_id)) return "has the form of an id, and would be taken for one";
  return check_text(external_id, kMaxExternalIdCodePoints);
}

std::optional<std::string> check_note(std::string_view note) {
  return check_text(note, kMaxNoteCodePoints);
}

}   // namespace usertags::model
