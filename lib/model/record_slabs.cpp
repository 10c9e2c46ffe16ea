#include "model/record_slabs.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <thread>

namespace usertags::model {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{2} << 20;
constexpr std::size_t kSlabBytes = std::size_t{64} << 10;
constexpr std::size_t kSlabs = kChunkBytes / kSlabBytes;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kStep = RecordSlabs::kStep;
constexpr std::size_t kFew = std::size_t{1} << 20;   // bytes that are asked for before there is a chunk

struct Block {
  Block* next;
};

// The header. One with free blocks is in the list of those of its size, one that is free as a whole in another.
struct Slab {
  Slab* next = nullptr;
  Slab** link = nullptr;       // what leads to it in its list
  Block* free = nullptr;       // blocks that were given back
  std::uint32_t size = 0;      // of a block, in steps
  std::uint32_t taken = 0;     // blocks
  std::uint32_t used_to = 0;   // bytes: no block behind was taken yet

  static Slab& of(void* block) noexcept {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(kSlabBytes - 1));
  }
  bool is_full() const noexcept { return free == nullptr && used_to + size * kStep > kSlabBytes; }

  void put_into(Slab*& list) noexcept {
    next = list;
    link = &list;
    if (next != nullptr) next->link = &next;
    list = this;
  }
  void take_out() noexcept {
    *link = next;
    if (next != nullptr) next->link = link;
  }

  void* take() noexcept {
    ++taken;
    if (free == nullptr) {
      char* const block = reinterpret_cast<char*>(this) + used_to;
      used_to += size * static_cast<std::uint32_t>(kStep);
      return block;
    }
    Block* const block = free;
    free = block->next;
    return block;
  }
  void give(void* block) noexcept {
    --taken;
    free = new (block) Block{free};
  }
};
static_assert(sizeof(Slab) <= kHeaderBytes);

class Slabs {
 public:
  // Null where the allocator has to do.
  void* take(std::size_t bytes) {
    if (chunks_ == 0 && asked_for_ < kFew) {
      asked_for_ += bytes;
      return nullptr;
    }
    Slab* const first = with_room_[bytes / kStep];
    Slab& slab = first != nullptr ? *first : start_slab(bytes / kStep);
    void* const block = slab.take();
    if (slab.is_full()) slab.take_out();
    ++blocks_;
    return block;
  }

  void give(void* block) noexcept {
    Slab& slab = Slab::of(block);
    const bool was_full = slab.is_full();
    slab.give(block);
    --blocks_;
    if (was_full) slab.put_into(with_room_[slab.size]);
    if (slab.taken == 0) free_slab(slab);
  }

  RecordSlabs::Figures figures() const noexcept { return {chunks_, free_slabs_, blocks_}; }

 private:
  Slab& start_slab(std::size_t size) {
    if (free_ == nullptr) add_chunk();
    Slab& slab = *free_;
    slab.take_out();
    --free_slabs_;
    slab.size = static_cast<std::uint32_t>(size);
    slab.free = nullptr;
    slab.used_to = kHeaderBytes;
    slab.put_into(with_room_[size]);
    return slab;
  }

  void free_slab(Slab& slab) noexcept {
    slab.take_out();
    slab.put_into(free_);
    ++free_slabs_;
    if (free_slabs_ >= 2 * kSlabs) free_chunk_of(slab);
  }

  // If all of it is free.
  void free_chunk_of(Slab& slab) noexcept {
    char* const chunk = reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(&slab) & ~(kChunkBytes - 1));
    for (std::size_t i = 0; i < kSlabs; ++i) {
      if (slab_in(chunk, i).taken != 0) return;
    }
    for (std::size_t i = 0; i < kSlabs; ++i) slab_in(chunk, i).take_out();
    free_slabs_ -= kSlabs;
    --chunks_;
    ::operator delete(chunk, std::align_val_t(kChunkBytes));
  }

  void add_chunk() {
    auto* const chunk = static_cast<char*>(::operator new(kChunkBytes, std::align_val_t(kChunkBytes)));
#ifdef MADV_HUGEPAGE
    madvise(chunk, kChunkBytes, MADV_HUGEPAGE);   // where it fails, pages are small
#endif
    for (std::size_t i = kSlabs; i > 0; --i) (new (&slab_in(chunk, i - 1)) Slab)->put_into(free_);
    free_slabs_ += kSlabs;
    ++chunks_;
  }

  static Slab& slab_in(char* chunk, std::size_t number) noexcept {
    return *reinterpret_cast<Slab*>(chunk + number * kSlabBytes);
  }

  std::array<Slab*, RecordSlabs::kSizes> with_room_{};   // by their blocks' size
  Slab* free_ = nullptr;
  std::size_t free_slabs_ = 0;
  std::size_t chunks_ = 0;
  std::size_t blocks_ = 0;
  std::size_t asked_for_ = 0;
};

constinit Slabs slabs;
constinit std::atomic_flag is_taken;

void lock() noexcept {
  while (is_taken.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
}
void unlock() noexcept {
  is_taken.clear(std::memory_order_release);
}

// A child of a fork has what its parent had, not halfway through a change. Without memory for the handlers it may wait
// for ever for a thread that it does not have.
void watch_forks() noexcept {
  static const int registered = pthread_atfork(lock, unlock, unlock);
  static_cast<void>(registered);
}

class Turn {
 public:
  Turn() noexcept { lock(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { unlock(); }
};

}   // namespace

RecordBlock RecordSlabs::take(std::size_t bytes) {
  if (has_size(bytes)) {
    watch_forks();
    const Turn turn;
    if (void* const block = slabs.take(size_of(bytes))) return {block, true};
  }
  return {::operator new(size_of(bytes)), false};
}

void RecordSlabs::give(const RecordBlock& block) noexcept {
  if (!block.is_of_slab) return ::operator delete(block.at);
  const Turn turn;
  slabs.give(block.at);
}

RecordSlabs::Figures RecordSlabs::figures() noexcept {
  const Turn turn;
  return slabs.figures();
}

}   // namespace usertags::model
