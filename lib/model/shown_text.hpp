// Text that came from outside, shown within a message: on one line, however strange or long it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace usertags::model {

// Appends at most 80 bytes of the text, with "…" for the rest. In quotes, what would break a line or disturb
// a terminal (control characters, line and paragraph separators, marks of direction, malformed bytes) stands
// as \xNN. Without quotes, only where the text can be told from what surrounds it.
void append_shown(std::string_view text, bool quotes, std::string& out);

// The same in quotes, for messages under construction.
std::string quoted(std::string_view text);

// The name of a file or folder, in single quotes.
std::string quoted_path(std::string_view path);

// The text on one line: what is escaped in quotes is escaped, and nothing else is changed. Without memory
// each such byte becomes "?".
std::string one_line(std::string&& text) noexcept;

// As much of the text's beginning as fits into `bytes`, cut between characters.
std::string_view beginning(std::string_view text, std::size_t bytes) noexcept;

}   // namespace usertags::model
