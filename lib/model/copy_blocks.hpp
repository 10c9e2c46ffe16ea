// CopyBlocks: the memory of the copies that hosts get of users (Record::copy). Most are looked at and dropped, one after
// the other, on one thread, and asking the allocator for each costs more than copying: so a thread keeps the blocks that it
// has dropped, one of each size, for its next copies, until it ends.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

#include "model/bytes.hpp"
#include "model/end_of_thread.hpp"

namespace usertags::model {

class CopyBlocks {
 public:
  static void* take(std::size_t bytes) {   // throws std::bad_alloc
    const std::size_t size = size_of(bytes);
    if (size >= kSizes) return ::operator new(bytes);
    if (void* const kept = std::exchange(this_thread.kept[size], nullptr)) return kept;
    return ::operator new(kLeast + size * kStep);
  }
  // What was taken for so many bytes; or a block of the allocator's that is larger than those that are kept.
  static void give(void* block, std::size_t bytes) noexcept {
    const std::size_t size = size_of(bytes);
    if (size >= kSizes || this_thread.kept[size] != nullptr || !keeps()) return ::operator delete(block);
    this_thread.kept[size] = block;
  }

 private:
  // As large as what glibc's malloc makes of them.
  static constexpr std::size_t kLeast = 40;
  static constexpr std::size_t kStep = 32;
  static constexpr std::size_t kSizes = 9;
  static constexpr std::size_t size_of(std::size_t bytes) noexcept {
    return bytes <= kLeast ? 0 : rounded_up(bytes - kLeast, kStep) / kStep;
  }

  struct OfThread {
    std::array<void*, kSizes> kept{};
    bool keeps = false;   // its end will be told
    bool ends = false;
  };
  static constinit thread_local OfThread this_thread;
  static const EndOfThread end_of_thread;

  static bool keeps() noexcept { return this_thread.keeps || begins_to_keep(); }
  static bool begins_to_keep() noexcept;
  static void end(void* of_thread) noexcept;
};

}   // namespace usertags::model
