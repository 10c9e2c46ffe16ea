// Text that came from outside, shown within a message: on one line, however strange or long it is.
#pragma once

#include <string>
#include <string_view>

namespace usertags::model {

// Appends at most 80 bytes of the text, with "…" for the rest. In quotes, control characters and malformed
// bytes stand as \xNN; without, only where the text can be told from what surrounds it.
void append_shown(std::string_view text, bool quotes, std::string& out);

// The same in quotes, for messages under construction.
std::string quoted(std::string_view text);

}   // namespace usertags::model
