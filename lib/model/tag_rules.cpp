#include "model/tag_rules.hpp"

#include "model/typeid.hpp"
#include "model/utf8.hpp"

namespace usertags::model {
namespace {

using Reason = Violation::Reason;

// Without an early exit, so that compilers look at many bytes at once. All three are ASCII, so no byte of a
// longer sequence is taken for one of them.
bool has_forbidden_character(std::string_view text) noexcept {
  bool found = false;
  for (const char byte : text) found |= (byte == '#') | (byte == '/') | (byte == ':');
  return found;
}

BrokenRules check_label(std::string_view text, std::size_t max_code_points, Reason too_long) noexcept {
  BrokenRules broken;
  const Utf8Scan scan = scan_utf8(text);
  if (!scan.well_formed) {
    broken.add(Reason::malformed_utf8);
    return broken;
  }
  if (scan.code_points > max_code_points) broken.add(too_long);
  if (has_forbidden_character(text)) broken.add(Reason::forbidden_character);
  if (scan.contains_nul) broken.add(Reason::contains_nul);
  return broken;
}

BrokenRules empty_key() noexcept {
  BrokenRules broken;
  broken.add(Reason::empty_key);
  return broken;
}

std::optional<std::string> check_text(std::string_view text, std::size_t max_code_points) {
  const Utf8Scan scan = scan_utf8(text);
  if (!scan.well_formed) return "is not well-formed UTF-8";
  if (scan.contains_nul) return "contains NUL";
  if (scan.code_points > max_code_points) {
    return "has " + std::to_string(scan.code_points) + " characters, more than " +
           std::to_string(max_code_points);
  }
  return std::nullopt;
}

}   // namespace

BrokenRules check_key(std::string_view key) noexcept {
  return key.empty() ? empty_key() : check_label(key, kMaxKeyCodePoints, Reason::key_too_long);
}

BrokenRules check_key_to_erase(std::string_view key) noexcept {
  if (key.empty()) return empty_key();
  BrokenRules broken;
  const Utf8Scan scan = scan_utf8(key);
  if (!scan.well_formed) {
    broken.add(Reason::malformed_utf8);
  } else if (scan.contains_nul) {
    broken.add(Reason::contains_nul);
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
