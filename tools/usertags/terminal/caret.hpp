// The place of a mistake within a text, shown to people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace usertags::command {

// The text, indented and printable, and under it a caret at the byte `position`. Of a text that is wider than
// `columns` the part around the caret. Two lines, without the last newline.
std::string caret_lines(std::string_view text, std::size_t position, std::size_t columns = 100);

}   // namespace usertags::command
