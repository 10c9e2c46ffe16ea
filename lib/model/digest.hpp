// Hashes that are part of the file format (XXH3, xxHash 0.8).
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "model/bytes.hpp"
#include "model/record.hpp"

namespace usertags::model {

// The state digest is the sum, modulo 2^128, of the users' hashes: independent of their order, and kept up
// to date by subtracting the old version's hash and adding the new one's. Two stores with equal digests hold
// the same users. It guards against accident and forgetfulness, not against an adversary.
struct Digest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  Digest& operator+=(const Digest& other) noexcept;
  Digest& operator-=(const Digest& other) noexcept;
  bool operator==(const Digest&) const = default;

  std::string hex() const;                               // 32 digits, high first
  std::array<std::uint8_t, 16> bytes() const noexcept;   // big-endian, high first
  static Digest from_bytes(std::span<const std::uint8_t, 16> bytes) noexcept;
};

// XXH3-128 of the user as docs/file-format.md spells one ("Hashes"), with the id as text: it does not depend
// on how ids are kept in memory. A tombstone has no part in the digest.
Digest user_hash(const Record& record) noexcept;

// The digest goes with a user from one version to the next; `before` is null where the user comes.
void replace_user(const Record* before, const Record& after, Digest& digest) noexcept;

// What a row of table `user` keeps of itself: the low half of user_hash; for a tombstone too.
std::int64_t row_checksum(const Record& record) noexcept;

// The hashed bytes of a row, gathered: one short input costs less than many pieces.
template <std::size_t kMaxBytes>
class HashImage {
 public:
  void add(std::uint64_t number) noexcept { append(&number, sizeof number); }
  void add(std::span<const std::uint8_t> bytes) noexcept { append(bytes.data(), bytes.size()); }

  std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }

 private:
  void append(const void* bytes, std::size_t size) noexcept {
    assert(size_ + size <= kMaxBytes);
    if (size != 0) std::memcpy(bytes_.data() + size_, bytes, size);
    size_ += size;
  }

  std::array<char, kMaxBytes> bytes_;
  std::size_t size_ = 0;
};

}   // namespace usertags::model
