// Tags as something other than the store may have written them: any JSON object (RFC 8259) whose members are
// all strings, however it is ordered, spaced and escaped. PatchDecoder (change.hpp) reads what the store
// writes, and nothing else: it hands out views, and is what loading costs.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace usertags::model {

struct ForeignTag {
  std::string key;
  std::string value;

  auto operator<=>(const ForeignTag&) const = default;
};

// Sorted by key; a key that is there several times stays so, sorted by value. The texts are the caller's
// to judge: they may contain NUL, and half a surrogate pair becomes three bytes that are no UTF-8. None where
// the text is no such object. Throws std::bad_alloc.
std::optional<std::vector<ForeignTag>> parse_foreign_tags(std::string_view json);

}   // namespace usertags::model
