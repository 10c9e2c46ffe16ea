// How large a selector may be, whether it is parsed or built. Together they bound what one call can ask for.
#pragma once

#include <cstddef>

namespace usertags::model {

inline constexpr std::size_t kMaxSelectorBytes = 64 * 1024;   // of the text given, and of the canonical one
inline constexpr std::size_t kMaxSelectorDepth = 32;          // groups (any, all, not) within one another
inline constexpr std::size_t kMaxSelectorTerms = 1024;        // terms that name a key; groups do not count

}   // namespace usertags::model
