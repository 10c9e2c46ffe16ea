// A number that stands for a user's tags: the sum of a number for each tag, so that contenders may show them
// in any order. Making it reads the texts, so it is also what "touch every tag" means here. A text is taken
// for its length and its first and last four bytes: cheap enough to drown in no look-up.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace usertags::bench {

inline std::uint64_t text_word(std::string_view text) noexcept {
  if (text.size() >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
    return (std::uint64_t{first} << 32 | last) ^ text.size();
  }
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t index) { return std::uint64_t{static_cast<unsigned char>(text[index])}; };
  return byte(0) << 16 | byte(text.size() / 2) << 8 | byte(text.size() - 1) | text.size() << 32;
}

// One multiplication folded, as wyhash does it.
inline std::uint64_t tag_sum(std::string_view key, std::string_view value) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{text_word(key) ^ 0xA0761D6478BD642FU} * (text_word(value) ^ 0xE7037ED1A0B428DBU);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}   // namespace usertags::bench
