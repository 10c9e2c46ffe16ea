// Bytes: how numbers are laid out as bytes, and what bytes take in memory.
//
// What is stored, hashed or handed out as a text is little-endian, as this machine's memory is. Ids and
// digests are in network byte order, so that they compare as their texts do.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace usertags::model {

static_assert(std::endian::native == std::endian::little,
              "numbers are stored and hashed as they lie in memory");

template <std::unsigned_integral Number>
void append_number(Number number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <std::unsigned_integral Number>
Number load_number(const void* from) noexcept {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

// Up to eight bytes, put together of two loads that may overlap; zeros behind them.
inline std::uint64_t load_bytes(const char* from, std::size_t bytes) noexcept {
  const auto twice = [&]<class Number>(Number) {
    return std::uint64_t{load_number<Number>(from)} |
           std::uint64_t{load_number<Number>(from + bytes - sizeof(Number))}
               << (8 * (bytes - sizeof(Number)));
  };
  return bytes >= 4   ? twice(std::uint32_t{})
         : bytes >= 2 ? twice(std::uint16_t{})
         : bytes == 1 ? static_cast<std::uint8_t>(*from)
                      : 0;
}

template <std::unsigned_integral Number>
void store_number(Number number, void* to) noexcept {
  std::memcpy(to, &number, sizeof number);
}

template <std::unsigned_integral Number>
Number load_big_endian(const void* from) noexcept {
  return std::byteswap(load_number<Number>(from));
}

template <std::unsigned_integral Number>
void store_big_endian(Number number, void* to) noexcept {
  number = std::byteswap(number);
  std::memcpy(to, &number, sizeof number);
}

// To the next multiple of the unit.
constexpr std::size_t rounded_up(std::size_t number, std::size_t unit) noexcept {
  return (number + unit - 1) / unit * unit;
}

// What a block of memory takes of the heap, the allocator's own bytes estimated. glibc: 8 bytes before each
// block, in steps of 16, at least 32.
constexpr std::size_t heap_bytes(std::size_t size) noexcept {
  return std::max<std::size_t>(32, rounded_up(size + 8, 16));
}

}   // namespace usertags::model
