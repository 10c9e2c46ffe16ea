// RecordBlocks: the memory of records that are gone, for those that come. In steady state each patch frees one version
// and makes another that is about as large: so most are made where one has just been, in lines that are in the cache,
// and nobody else is asked. (Bonwick and Adams, "Magazines and Vmem", USENIX 2001.)
//
// Any thread; who comes while another is there goes to the slabs at once (record_slabs.hpp).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

#include "model/record_slabs.hpp"

namespace usertags::model {

class RecordBlocks {
 public:
  RecordBlocks() noexcept = default;
  RecordBlocks(const RecordBlocks&) = delete;
  RecordBlocks& operator=(const RecordBlocks&) = delete;
  ~RecordBlocks() {
    for (Kept* first : kept_) {
      while (first != nullptr) RecordSlabs::give({std::exchange(first, first->next), true});
    }
  }

  // A block that is kept, or a new one. Throws std::bad_alloc.
  RecordBlock take(std::size_t bytes) {
    const Turn turn(is_taken_);
    if (!turn || steps_of(bytes) >= kept_.size() || kept_[steps_of(bytes)] == nullptr)
      return RecordSlabs::take(bytes);
    --count_;
    Kept*& first = kept_[steps_of(bytes)];
    return {std::exchange(first, first->next), true};
  }
  // The block of a record of so many bytes. It is kept, if it is one of a slab and there is room for it.
  void give(const RecordBlock& block, std::size_t bytes) noexcept {
    const Turn turn(is_taken_);
    if (!turn || !block.is_of_slab || count_ == kMost) return RecordSlabs::give(block);
    Kept*& first = kept_[steps_of(bytes)];
    first = new (block.at) Kept{first};
    ++count_;
  }

  std::size_t count() const noexcept { return count_; }   // that are kept, while nobody gives or takes

  static constexpr std::size_t kMost = 1024;   // what a large group frees

 private:
  struct Kept {
    Kept* next;
  };
  // One thread's, while it lives; false where another is there.
  class Turn {
   public:
    explicit Turn(std::atomic_flag& is_taken) noexcept
        : is_taken_(is_taken), has_it_(!is_taken.test_and_set(std::memory_order_acquire)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (has_it_) is_taken_.clear(std::memory_order_release);
    }
    explicit operator bool() const noexcept { return has_it_; }

   private:
    std::atomic_flag& is_taken_;
    const bool has_it_;
  };

  static constexpr std::size_t steps_of(std::size_t bytes) noexcept {
    return RecordSlabs::size_of(bytes) / RecordSlabs::kStep;
  }

  std::array<Kept*, RecordSlabs::kSizes> kept_{};   // by their size
  std::size_t count_ = 0;
  std::atomic_flag is_taken_;
};

}   // namespace usertags::model
