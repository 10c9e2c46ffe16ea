// Eight bytes at a time: the few questions that the scanners of text ask of a machine word.
//
// A mask has the top bit set in bytes that answer yes. Subtracting lets a byte that answers yes disturb those
// above it, so only the lowest set bit of a mask, and whether it is zero, can be relied upon. That is enough
// to find the first hit, because words are loaded little-endian: the lowest byte is the first of the text.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace usertags::model {

static_assert(std::endian::native == std::endian::little);

using Word = std::uint64_t;

inline constexpr Word kEveryByte = 0x0101010101010101;
inline constexpr Word kTopBits = 0x80 * kEveryByte;

inline Word load_word(const char* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

constexpr Word non_ascii_bytes(Word word) noexcept {
  return word & kTopBits;
}
// `bound` is at most 0x80.
constexpr Word bytes_below(Word word, std::uint8_t bound) noexcept {
  return (word - bound * kEveryByte) & ~word & kTopBits;
}
constexpr Word bytes_equal(Word word, char byte) noexcept {
  return bytes_below(word ^ (static_cast<std::uint8_t>(byte) * kEveryByte), 1);
}

constexpr std::size_t first_byte(Word mask) noexcept {
  return static_cast<std::size_t>(std::countr_zero(mask)) / 8;
}

}   // namespace usertags::model
