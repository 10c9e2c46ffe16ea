// Matching: whether one user is meant by a selector, from the user's tags alone. For users as they were once, of whom
// the tag index knows nothing; those of now are found by sets (index/selector_evaluation.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "selector/node.hpp"

namespace usertags::selector {

// The keys that the selector asks about, sorted, each once: a user whose tags of other keys change goes on to be meant,
// or not. Throws std::bad_alloc.
std::vector<std::string> keys_of(const Node& selector);

// The user's value of a key that keys_of() names.
using TagLookUp = std::function<std::optional<std::string_view>(std::string_view key)>;

// Of a user who is there.
bool matches(const Node& selector, const TagLookUp& value_of);

}   // namespace usertags::selector
