#include "model/selector_rules.hpp"

#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/utf8.hpp"

namespace usertags::model {
namespace {

// 65536 as "65,536".
std::string with_commas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}   // namespace

std::optional<std::string> check_selector_key(std::string_view key) {
  const BrokenRules broken = check_key(key);
  if (broken.empty()) return std::nullopt;
  return "no tag has the key " + quoted(key) + ", which " + in_words(*broken.begin());
}

std::optional<std::string> check_selector_text(std::string_view what, std::string_view text) {
  const Utf8Scan scan = scan_utf8(text);
  if (scan.well_formed && !scan.contains_nul) return std::nullopt;
  std::string sentence = "the ";
  sentence += what;
  sentence += ' ' + quoted(text);
  sentence += scan.well_formed ? " contains NUL at byte " : " is not well-formed UTF-8 at byte ";
  return sentence + std::to_string(scan.well_formed ? text.find('\0') : well_formed_bytes(text));
}

std::optional<std::string> check_selector_bounds(const SelectorText& written) {
  if (written.depth > kMaxSelectorDepth) return selector_too_deep();
  if (written.terms > kMaxSelectorTerms) {
    return selector_of_too_many_terms() + ", not " + with_commas(written.terms);
  }
  if (written.text.size() > kMaxSelectorBytes)
    return "the canonical text of " + selector_too_long(written.text.size());
  return std::nullopt;
}

std::string selector_too_long(std::size_t found) {
  return "a selector has at most " + with_commas(kMaxSelectorBytes) + " bytes, not " + with_commas(found);
}

std::string selector_too_deep() {
  return "groups stand at most " + with_commas(kMaxSelectorDepth) + " deep within one another";
}

std::string selector_of_too_many_terms() {
  return "a selector has at most " + with_commas(kMaxSelectorTerms) + " terms";
}

std::string pattern_escapes_nothing() {
  return R"(in a pattern a backslash stands before "*", "?", "\" or a quote)";
}

std::string text_escapes_nothing() {
  return R"(a backslash stands before "\" or a quote)";
}

}   // namespace usertags::model
