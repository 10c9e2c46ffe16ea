// Text for people: nothing that a store holds can move the cursor, change the colours, or pass for
// something else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace usertags::command {

// Control characters, line separators and marks of writing direction as escapes (\n, \x1b, \u202e), bytes
// that are no UTF-8 as \xNN, and the backslash doubled, so that each text has one spelling.
std::string printable(std::string_view text);

// The same for text that was made to be read, such as a message: its backslashes stay single.
std::string printable_message(std::string_view text);

// The same for a page, whose fonts join letters and emoji by marks of zero width: these stay.
std::string printable_on_page(std::string_view text);

// printable(), in double quotes where it is empty or could be misread within `key=value key=value`.
std::string printable_word(std::string_view text);

// Columns that printable text takes, at one a code point.
std::size_t width(std::string_view printable_text);

// The first `columns` columns of printable text; what is cut ends in an ellipsis.
std::string clipped(std::string_view printable_text, std::size_t columns);

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

// 12902400 as "12.3 MiB".
std::string byte_size(std::uint64_t bytes);

// "1 user", "32,561 users".
std::string counted(std::uint64_t number, std::string_view singular);

}   // namespace usertags::command
