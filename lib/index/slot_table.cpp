#include "index/slot_table.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

namespace usertags::index {

std::uint32_t slot_hash(std::string_view text) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
}

}   // namespace usertags::index
