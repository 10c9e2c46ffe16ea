// Answers for people to read. What programs read is in json_out.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <usertags/error.hpp>
#include <usertags/user.hpp>

#include "terminal/console.hpp"

namespace usertags::command {

// key=value key=value
std::string tags_line(const User& user);

// A line that names the user, and an indented one for each tag. Each ends in a newline.
void append_people(std::string& out, const User& user, const Style& style);

// `usertags: CODE: message`, and an indented line for each violation. Without the last newline. The line of
// input comes first, where the error answers one.
void append_people(std::string& out, const Error& error, const Style& style,
                   std::optional<std::uint64_t> line = {});

}   // namespace usertags::command
