#include "model/digest.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

#include <bit>

namespace usertags::model {
namespace {

void store_big_endian(std::uint64_t value, std::uint8_t* out) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<std::uint8_t>(value >> shift);
}

std::uint64_t load_big_endian(const std::uint8_t* bytes) noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

}   // namespace

Digest& Digest::operator+=(const Digest& other) noexcept {
  low += other.low;
  const std::uint64_t carry = low < other.low ? 1 : 0;
  high += other.high + carry;
  return *this;
}

Digest& Digest::operator-=(const Digest& other) noexcept {
  const std::uint64_t borrow = low < other.low ? 1 : 0;
  low -= other.low;
  high -= other.high + borrow;
  return *this;
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes()) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

std::array<std::uint8_t, 16> Digest::bytes() const noexcept {
  std::array<std::uint8_t, 16> bytes;
  store_big_endian(high, bytes.data());
  store_big_endian(low, bytes.data() + 8);
  return bytes;
}

Digest Digest::from_bytes(std::span<const std::uint8_t, 16> bytes) noexcept {
  return {.low = load_big_endian(bytes.data() + 8), .high = load_big_endian(bytes.data())};
}

Digest user_hash(const Record& record) noexcept {
  const std::string_view bytes = record.hashed_bytes();
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {.low = hash.low64, .high = hash.high64};
}

std::int64_t row_checksum(const Record& record) noexcept {
  return std::bit_cast<std::int64_t>(user_hash(record).low);
}

}   // namespace usertags::model
