// Integers in values: what `>` and `<` of selectors compare.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace usertags::model {

// One sign or none, then decimal digits, in the range of 64 bits: "7", "+7", "-0", "007". Anything else (an
// empty text, white space, "1e3", "0x1F", "1_000", a fraction, 2^63) is no integer, and compares with none.
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;

}   // namespace usertags::model
