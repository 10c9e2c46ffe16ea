// RecordSlabs: where the records of all stores lie. A look-up of a user waits for memory, and a good part of that is for
// the way to the page: so records lie together in chunks that the system may back by huge pages, and not among whatever
// else the host has on its heap, which grows in small steps, and gets small pages. (Bonwick, "The slab allocator",
// USENIX Summer 1994.)
//
//   chunk   2 MiB, aligned to as much: 32 slabs
//   slab    64 KiB, aligned to as much: a header, and blocks of one size, in steps of 8 bytes
//
// A slab whose blocks are all free may become one of another size, and a chunk whose slabs are all free goes back to the
// system, if another has as many. The first megabyte of records, and large ones, are the allocator's.
//
// Any thread, one at a time: it takes some dozens of instructions. Records may outlive their store, so this belongs to
// the process, and is there until its end.
#pragma once

#include <cstddef>

#include "model/bytes.hpp"

namespace usertags::model {

struct RecordBlock {
  void* at = nullptr;
  bool is_of_slab = false;   // and else the allocator's
};

class RecordSlabs {
 public:
  static constexpr std::size_t kStep = 8;
  static constexpr std::size_t kSizes = 64;   // blocks of less than 512 bytes
#ifdef USERTAGS_RECORDS_OF_THE_ALLOCATOR      // so that the sanitizer sees who looks at a record that is gone
  static constexpr bool kIsUsed = false;
#else
  static constexpr bool kIsUsed = true;
#endif
  static constexpr bool has_size(std::size_t bytes) noexcept {
    return kIsUsed && size_of(bytes) / kStep < kSizes;
  }

  // What a block has that so many bytes are asked for.
  static constexpr std::size_t size_of(std::size_t bytes) noexcept {
    return (bytes + kStep - 1) / kStep * kStep;
  }
  // What it takes of memory: of a block of the allocator, that one's own bytes estimated.
  static constexpr std::size_t memory_bytes(std::size_t bytes) noexcept {
    return has_size(bytes) ? size_of(bytes) : heap_bytes(bytes);
  }

  static RecordBlock take(std::size_t bytes);   // throws std::bad_alloc
  static void give(const RecordBlock& block) noexcept;

  struct Figures {
    std::size_t chunks = 0;
    std::size_t free_slabs = 0;
    std::size_t blocks = 0;   // of slabs, that are taken
  };
  static Figures figures() noexcept;
};

}   // namespace usertags::model
