// The rules that selectors keep, whether they are parsed or built.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/selector_text.hpp"

namespace usertags::model {

// Together they bound what one call can ask for.
inline constexpr std::size_t kMaxSelectorBytes = std::size_t{64}
                                                 << 10;   // of the text given, and of the canonical one
inline constexpr std::size_t kMaxSelectorDepth = 32;      // groups (any, all, not) within one another
inline constexpr std::size_t kMaxSelectorTerms = 1024;    // terms that name a key; groups do not count

// What is wrong, as a sentence; none where all is well. They throw std::bad_alloc.
std::optional<std::string> check_selector_key(std::string_view key);
std::optional<std::string> check_selector_text(std::string_view what, std::string_view text);
std::optional<std::string> check_selector_bounds(const SelectorText& written);

std::string selector_too_long(std::size_t found);
std::string selector_too_deep();
std::string selector_of_too_many_terms();
std::string pattern_escapes_nothing();
std::string text_escapes_nothing();

}   // namespace usertags::model
