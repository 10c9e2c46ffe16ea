#include "model/selector_characters.hpp"

#include <cstdint>

namespace usertags::model {
namespace {

bool is_ascii_word_character(char c) noexcept {
  return c > ' ' && c != '\x7F' && std::string_view(",()=!<>~\"\\*?#/:").find(c) == std::string_view::npos;
}

// U+0080 to U+009F, the control characters beyond ASCII.
bool begins_with_c1_control(std::string_view text) noexcept {
  return text.size() >= 2 && text[0] == '\xC2' && static_cast<std::uint8_t>(text[1]) < 0xA0;
}

std::size_t wildcard_or_escape_bytes(std::string_view text) noexcept {
  if (text.starts_with('*') || text.starts_with('?')) return 1;
  const bool escape = text.starts_with('\\') && text.size() > 1 && kPatternEscapes.contains(text[1]);
  return escape ? 2 : 0;
}

}   // namespace

std::string_view without_space(std::string_view text) noexcept {
  while (!text.empty() && is_selector_space(text.front())) text.remove_prefix(1);
  return text;
}

std::size_t word_bytes(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size()) {
    const bool ascii = static_cast<std::uint8_t>(text[size]) < 0x80;
    if (ascii ? !is_ascii_word_character(text[size]) : begins_with_c1_control(text.substr(size))) break;
    ++size;
  }
  return size;
}

std::size_t pattern_bytes(std::string_view text) noexcept {
  for (std::size_t size = 0;;) {
    const std::string_view rest = text.substr(size);
    const std::size_t more = word_bytes(rest) + wildcard_or_escape_bytes(rest);
    if (more == 0) return size;
    size += more;
  }
}

}   // namespace usertags::model
