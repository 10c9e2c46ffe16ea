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

// The epoch of a store: it grows with every opening for writing that does not follow an orderly close, so
// that a Position from before can be told from one from after.
//
// It grows by a random step: a store that did not end in good order and a copy of it go on from the same
// epoch, each on its own, and would come to the same next one otherwise.

// The epoch after `epoch`: greater by 1 to 2^32, for random bits. Where that would pass 2^63 - 1, the last
// one that the file can hold, it is that; which takes at least 2^31 unclean ends.
std::uint64_t next_epoch(std::uint64_t epoch, std::uint64_t random) noexcept;

}   // namespace usertags::store
