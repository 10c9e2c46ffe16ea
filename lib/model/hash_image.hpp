// HashImage: the hashed bytes of a row, gathered: one short input costs less than many pieces.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace usertags::model {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

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
