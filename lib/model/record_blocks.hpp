// RecordBlocks: the memory of records that are gone, for those that come. In steady state each patch frees one version
// and makes another that is about as large: so most are made where one has just been, in lines that are in the cache,
// and the allocator has nothing to do.
//
// Blocks are the allocator's, rounded up to one of a few sizes, so that one of a size may take another's place. Whoever
// frees a record may also give its block back to the allocator. Any thread; who comes while another is there goes to
// the allocator at once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace usertags::model {

class RecordBlocks {
 public:
  RecordBlocks() noexcept = default;
  RecordBlocks(const RecordBlocks&) = delete;
  RecordBlocks& operator=(const RecordBlocks&) = delete;
  ~RecordBlocks() {
    for (Block* first : kept_) {
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    }
  }

  // What a block has that so many bytes are asked for: no more than allocators with steps of 16 bytes give anyway.
  static constexpr std::size_t size_of(std::size_t bytes) noexcept { return class_of(bytes) * 16 + 8; }
  // Throws std::bad_alloc.
  static void* allocate(std::size_t bytes) { return ::operator new(size_of(bytes)); }

  // A block that is kept, or a new one. Throws std::bad_alloc.
  void* take(std::size_t bytes) {
    const Turn turn(is_taken_);
    if (!turn || class_of(bytes) >= kClasses || kept_[class_of(bytes)] == nullptr) return allocate(bytes);
    --count_;
    return std::exchange(kept_[class_of(bytes)], kept_[class_of(bytes)]->next);
  }
  // The block of a record of so many bytes: it is kept, as far as there is room for it.
  void give(void* block, std::size_t bytes) noexcept {
    const Turn turn(is_taken_);
    if (!turn || class_of(bytes) >= kClasses || count_ == kMost) return ::operator delete(block);
    kept_[class_of(bytes)] = new (block) Block{kept_[class_of(bytes)]};
    ++count_;
  }

  std::size_t count() const noexcept { return count_; }   // that are kept, while nobody gives or takes

#ifdef USERTAGS_KEEPS_NO_BLOCKS   // so that the sanitizer sees who looks at a record that is gone
  static constexpr std::size_t kMost = 0;
#else
  static constexpr std::size_t kMost = 1024;   // what a large group frees
#endif

 private:
  struct Block {
    Block* next;
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

  static constexpr std::size_t kClasses = 32;   // blocks of up to 504 bytes
  static constexpr std::size_t class_of(std::size_t bytes) noexcept { return (bytes + 7) / 16; }

  std::array<Block*, kClasses> kept_{};
  std::size_t count_ = 0;
  std::atomic_flag is_taken_;
};

}   // namespace usertags::model
