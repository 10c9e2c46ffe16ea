#include "model/record_slabs.hpp"

#include <array>
#include <cstdint>
#include <new>

namespace usertags::model {
namespace {

constexpr std::size_t kSlabBytes = std::size_t{64} << 10;
constexpr std::size_t kSlabPages = kSlabBytes / PageRuns::kPageBytes;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kStep = RecordSlabs::kStep;

struct Block {
  Block* next;
};

// The header. One with free blocks is in the list of those of its size.
struct Slab {
  explicit Slab(std::size_t steps) noexcept : size(static_cast<std::uint32_t>(steps)) {}

  Slab* next = nullptr;
  Slab** link = nullptr;                  // what leads to it in its list
  Block* free = nullptr;                  // blocks that were given back
  std::uint32_t size;                     // of a block, in steps
  std::uint32_t taken = 0;                // blocks
  std::uint32_t used_to = kHeaderBytes;   // bytes: no block behind was taken yet

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
  void* take(const PageRuns::Turn& turn, std::size_t size) {
    Slab* const first = with_room_[size];
    Slab& slab = first != nullptr ? *first : start_slab(turn, size);
    void* const block = slab.take();
    if (slab.is_full()) slab.take_out();
    ++blocks_;
    return block;
  }

  void give(const PageRuns::Turn& turn, void* block) noexcept {
    Slab& slab = Slab::of(block);
    const bool was_full = slab.is_full();
    slab.give(block);
    --blocks_;
    if (was_full) slab.put_into(with_room_[slab.size]);
    if (slab.taken > 0) return;
    slab.take_out();
    PageRuns::give(turn, &slab, kSlabBytes);
  }

  std::size_t blocks() const noexcept { return blocks_; }

 private:
  Slab& start_slab(const PageRuns::Turn& turn, std::size_t size) {
    auto* const slab = new (PageRuns::take(turn, kSlabBytes, kSlabPages)) Slab(size);
    slab->put_into(with_room_[size]);
    return *slab;
  }

  std::array<Slab*, RecordSlabs::kSizes> with_room_{};   // by their blocks' size, in steps
  std::size_t blocks_ = 0;
};

constinit Slabs slabs;

}   // namespace

RecordBlock RecordSlabs::take(std::size_t bytes) {
  if (!has_size(bytes)) return {::operator new(size_of(bytes)), false};
  const PageRuns::Turn turn;
  return {slabs.take(turn, size_of(bytes) / kStep), true};
}

void RecordSlabs::give(const RecordBlock& block) noexcept {
  if (!block.is_of_slab) return ::operator delete(block.at);
  const PageRuns::Turn turn;
  slabs.give(turn, block.at);
}

std::size_t RecordSlabs::blocks_taken() noexcept {
  const PageRuns::Turn turn;
  return slabs.blocks();
}

}   // namespace usertags::model
