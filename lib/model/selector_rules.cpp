#include "model/selector_rules.hpp"

#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/utf8.hpp"

namespace usertags::model {
namespace {

std::string_view broken_by(Violation::Reason reason) noexcept {
  switch (reason) {
    case Violation::Reason::empty_key: return "is empty";
    case Violation::Reason::key_too_long: return "has more than 50 characters";
    case Violation::Reason::malformed_utf8: return "is not well-formed UTF-8";
    case Violation::Reason::contains_nul: return "contains NUL";
    default: return R"(contains "#", "/" or ":")";
  }
}
static_assert(kMaxKeyCodePoints == 50);

}   // namespace

std::optional<std::string> check_selector_key(std::string_view key) {
  const BrokenRules broken = check_key(key);
  if (broken.empty()) return std::nullopt;
  std::string sentence = "no tag has the key " + quoted(key) + ", which ";
  sentence += broken_by(*broken.begin());
  return sentence;
}

std::optional<std::string> check_selector_text(std::string_view what, std::string_view text) {
  const Utf8Scan scan = scan_utf8(text);
  if (scan.well_formed && !scan.contains_nul) return std::nullopt;
  std::string sentence = "the ";
  sentence += what;
  sentence += ' ' + quoted(text) + (scan.well_formed ? " contains NUL" : " is not well-formed UTF-8");
  return sentence;
}

std::optional<std::string> check_selector_bounds(const SelectorText& written) {
  if (written.depth > kMaxSelectorDepth) return selector_too_deep();
  if (written.terms > kMaxSelectorTerms) return selector_of_too_many_terms();
  if (written.text.size() > kMaxSelectorBytes) return selector_too_long();
  return std::nullopt;
}

std::string selector_too_long() {
  return "a selector has at most 65,536 bytes, also when it is written in canonical form";
}
static_assert(kMaxSelectorBytes == 65536);

std::string selector_too_deep() {
  return "groups stand at most 32 deep within one another";
}
static_assert(kMaxSelectorDepth == 32);

std::string selector_of_too_many_terms() {
  return "a selector has at most 1,024 terms";
}
static_assert(kMaxSelectorTerms == 1024);

std::string pattern_escapes_nothing() {
  return R"(in a pattern a backslash stands before "*", "?", "\" or a quote)";
}

std::string text_escapes_nothing() {
  return R"(a backslash stands before "\" or a quote)";
}

}   // namespace usertags::model
