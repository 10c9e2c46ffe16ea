#include "model/digest.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

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

namespace {

// Of the text behind the head, which is put there if there is room.
XXH128_hash_t hash_of(std::string_view head, std::string_view text, std::span<char> behind_head) noexcept {
  if (text.size() <= behind_head.size()) {
    std::ranges::copy(text, behind_head.begin());
    return XXH3_128bits(head.data(), head.size() + text.size());
  }
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, head.data(), head.size());
  XXH3_128bits_update(&state, text.data(), text.size());
  return XXH3_128bits_digest(&state);
}

// What is hashed of the versions of one user, whose id is written once.
class UserImage {
 public:
  explicit UserImage(const Uuid& id) noexcept { write_user_id(id, bytes_ + kNumberBytes); }

  Digest hash_of(const Record& version) noexcept {
    store_number(version.revision(), bytes_);
    store_number(static_cast<std::uint16_t>(version.external_id().size()), bytes_ + 8);
    store_number(version.hashed_tag_count(), bytes_ + 10);
    const XXH128_hash_t hash =
        model::hash_of({bytes_, kHeadBytes}, version.texts(), std::span(bytes_).subspan(kHeadBytes));
    return {.low = hash.low64, .high = hash.high64};
  }

 private:
  static constexpr std::size_t kNumberBytes = 12;
  static constexpr std::size_t kHeadBytes = kNumberBytes + kUserIdBytes;

  char bytes_[512];   // most users fit: one short input costs less than pieces
};

}   // namespace

Digest user_hash(const Record& record) noexcept {
  return UserImage(record.uuid()).hash_of(record);
}

void replace_user(const Record* before, const Record& after, Digest& digest) noexcept {
  UserImage user(after.uuid());
  if (before != nullptr) digest -= user.hash_of(*before);
  if (!after.is_tombstone()) digest += user.hash_of(after);
}

std::int64_t row_checksum(const Record& record) noexcept {
  return std::bit_cast<std::int64_t>(user_hash(record).low);
}

}   // namespace usertags::model
