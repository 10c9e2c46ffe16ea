// One step through text that may not be well-formed UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace usertags::command {

struct CodePoint {
  char32_t value;
  std::size_t length;   // in bytes
};

// The code point that `text` starts with; none where its first byte starts no well-formed one. That byte is
// then to be skipped alone. `text` is not empty.
std::optional<CodePoint> first_code_point(std::string_view text);

}   // namespace usertags::command
