#include "model/selector_mistake.hpp"

#include <utility>

#include "model/selector_characters.hpp"
#include "model/shown_text.hpp"
#include "model/utf8.hpp"

namespace usertags::model {
namespace {

using Wanted = SelectorMistake::Wanted;

std::string found(const SelectorMistake& mistake) {
  const std::string_view token = found_token(mistake);
  if (token.empty()) return "the end";
  return token == "\"" ? "a quote" : quoted(token);
}

std::string expected_separator(const SelectorMistake& mistake) {
  std::string words = mistake.key.empty() || !mistake.test.empty() ? "" : "a test, ";
  words += mistake.opening ? "\",\" or \")\"" : "\",\" or the end";
  return words;
}

std::string expected(const SelectorMistake& mistake) {
  switch (mistake.wanted) {
    case Wanted::term: return "a key, \"!\" or a group";
    case Wanted::key: return "a key";
    case Wanted::separator: return expected_separator(mistake);
    case Wanted::value: return "a value";
    case Wanted::pattern: return "a pattern";
    case Wanted::integer: return "an integer";
    case Wanted::list: return "\"(\"";
    case Wanted::list_separator: break;
  }
  return "\",\" or \")\"";
}

}   // namespace

std::string_view found_token(const SelectorMistake& mistake) noexcept {
  const std::string_view rest = mistake.text.substr(mistake.position);
  if (const std::size_t word = word_bytes(rest); word != 0) return rest.substr(0, word);
  for (const std::string_view token : {"==", "!=", "!~"}) {
    if (rest.starts_with(token)) return token;
  }
  return rest.substr(0, character_bytes(rest));
}

Error explain(const SelectorMistake& mistake) {
  std::string what = "found " + found(mistake) + ", expected " + expected(mistake);
  return explain(mistake.position, what, hint(mistake));
}

Error explain(std::size_t position, std::string_view what, std::string remedy) {
  std::string message = "the selector cannot be parsed at byte " + std::to_string(position) + ": ";
  message += what;
  return Error(ErrorCode::invalid_selector,
               Error::Details{.what = std::move(message), .remedy = std::move(remedy), .position = position});
}

}   // namespace usertags::model
