// Random bits from the kernel, fetched some hundred bytes at a time. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace usertags::store {

void fill_random(std::span<std::uint8_t> bytes);   // throws Failure (io_error)

class Entropy {
 public:
  std::uint64_t next();   // throws Failure (io_error)

 private:
  std::array<std::uint64_t, 32> words_{};
  std::size_t used_ = words_.size();
};

}   // namespace usertags::store
