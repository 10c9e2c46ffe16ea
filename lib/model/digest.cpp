#include "model/digest.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

#include <bit>

#include "model/bytes.hpp"
#include "model/text.hpp"

namespace usertags::model {

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
  std::string text;
  for (const std::uint8_t byte : bytes()) append_hex(byte, text);
  return text;
}

std::array<std::uint8_t, 16> Digest::bytes() const noexcept {
  std::array<std::uint8_t, 16> bytes;
  store_big_endian(high, bytes.data());
  store_big_endian(low, bytes.data() + 8);
  return bytes;
}

Digest Digest::from_bytes(std::span<const std::uint8_t, 16> bytes) noexcept {
  return {.low = load_big_endian<std::uint64_t>(bytes.data() + 8),
          .high = load_big_endian<std::uint64_t>(bytes.data())};
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
