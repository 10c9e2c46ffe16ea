#include "terminal/caret.hpp"

#include <algorithm>

#include "input/input.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

// The last `columns` columns of printable text; what is cut begins with an ellipsis.
std::string clipped_front(std::string_view printable_text, std::size_t columns) {
  const std::size_t wide = width(printable_text);
  if (wide <= columns) return std::string(printable_text);
  for (std::size_t cut = wide + 1 - columns; cut > 0; --cut) {
    printable_text.remove_prefix(first_code_point(printable_text).value_or(CodePoint{0, 1}).length);
  }
  return "…" + std::string(printable_text);
}

}   // namespace

std::string caret_lines(std::string_view text, std::size_t position, std::size_t columns) {
  position = std::min(position, text.size());
  const std::string before = clipped_front(printable_message(text.substr(0, position)), columns / 2);
  const std::string after = clipped(printable_message(text.substr(position)), columns - columns / 2);
  return "  " + before + after + "\n  " + std::string(width(before), ' ') + '^';
}

}   // namespace usertags::command
