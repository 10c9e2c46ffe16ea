// The text of a pattern, without quotes around it: `*`, `?`, and an escape of each of * ? \ " by a backslash.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "model/selector_pattern.hpp"

namespace usertags::model {

// Of well-formed UTF-8. Where a backslash escapes nothing, its position. Throws std::bad_alloc.
std::expected<Pattern, std::size_t> parse_pattern(std::string_view text);

}   // namespace usertags::model
