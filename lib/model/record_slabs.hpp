// RecordSlabs: where the records of all stores lie, in runs of pages (page_runs.hpp). (Bonwick, "The slab allocator",
// USENIX Summer 1994.)
//
//   slab    64 KiB, aligned to as much: a header, and blocks of one size, in steps of 8 bytes
//
// A slab whose blocks are all free gives its pages back. Large records are the allocator's.
//
// Any thread, one at a time: it takes some dozens of instructions, or, where a slab begins or ends, a walk over the
// chunks.
#pragma once

#include <cstddef>

#include "model/bytes.hpp"
#include "model/page_runs.hpp"

namespace usertags::model {

struct RecordBlock {
  void* at = nullptr;
  bool is_of_slab = false;   // and else the allocator's
};

class RecordSlabs {
 public:
  static constexpr std::size_t kStep = 8;
  static constexpr std::size_t kSizes = 64;   // blocks of less than 512 bytes
  static bool has_size(std::size_t bytes) noexcept {
    return PageRuns::is_used() && size_of(bytes) / kStep < kSizes;
  }

  // What a block has that so many bytes are asked for.
  static constexpr std::size_t size_of(std::size_t bytes) noexcept { return rounded_up(bytes, kStep); }
  // What it takes of memory: of a block of the allocator, that one's own bytes estimated.
  static std::size_t memory_bytes(std::size_t bytes) noexcept {
    return has_size(bytes) ? size_of(bytes) : heap_bytes(bytes);
  }

  static RecordBlock take(std::size_t bytes);   // throws std::bad_alloc
  static void give(const RecordBlock& block) noexcept;

  static std::size_t blocks_taken() noexcept;   // of slabs
};

}   // namespace usertags::model
