#include "model/selector_pattern_text.hpp"

#include "model/selector_characters.hpp"

namespace usertags::model {

std::expected<Pattern, std::size_t> parse_pattern(std::string_view text) {
  Pattern pattern;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '*') {
      pattern.append_any_run();
    } else if (text[at] == '?') {
      pattern.append_any_character();
    } else {
      const bool escaped = text[at] == '\\';
      if (escaped && (at + 1 == text.size() || !kPatternEscapes.contains(text[at + 1]))) {
        return std::unexpected(at);
      }
      at += escaped ? 1 : 0;
      pattern.append_literal(text.substr(at, 1));
    }
  }
  return pattern;
}

}   // namespace usertags::model
