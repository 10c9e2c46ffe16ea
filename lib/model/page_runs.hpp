// PageRuns: memory for what look-ups wait for, the records and the slots that lead to them. A good part of that waiting
// is for the way to the page; so they lie in chunks that the system may back by huge pages, and not among whatever else
// the host has on its heap, which grows in small steps, and gets small pages.
//
//   chunk   2 MiB, aligned to as much, mapped: 512 pages
//   run     some pages of one chunk in a row: the first that are free
//
// A chunk whose pages are all free goes back to the system, if another's are, too. The first is not to be a huge page, so
// that small stores take what they touch and no more.
//
// Any thread, one at a time. What lies there may outlive its store, so this belongs to the process, and is there until
// its end. Under AddressSanitizer everything is the allocator's, so that it sees who looks at what is gone.
#pragma once

#include <cstddef>

#include "model/bytes.hpp"

namespace usertags::model {

class PageRuns {
 public:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kChunkBytes = std::size_t{2} << 20;

  static bool is_used() noexcept { return used; }
  // Before anything is taken: for tests in which the allocator fails.
  static void leave_all_to_the_allocator() noexcept { used = false; }

  // While it lives, its thread has the runs, and what is built on them, to itself. A child of a fork finds them whole.
  class Turn {
   public:
    Turn() noexcept;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();
  };

  // A run of so many bytes, up to a chunk, aligned to so many pages; not zeroed. Throws std::bad_alloc.
  static void* take(const Turn& turn, std::size_t bytes, std::size_t aligned_to_pages);
  static void give(const Turn& turn, void* run, std::size_t bytes) noexcept;

  struct Figures {
    std::size_t chunks = 0;
    std::size_t taken_bytes = 0;
  };
  static Figures figures();

 private:
  static bool used;
};

// PageRun: memory of a table, which is owned: a run, where it has four pages to a chunk, and else the allocator's.
class PageRun {
 public:
  explicit PageRun(std::size_t bytes);   // throws std::bad_alloc
  PageRun(const PageRun&) = delete;
  PageRun& operator=(const PageRun&) = delete;
  ~PageRun();

  void* at() const noexcept { return at_; }

  // What it takes of memory.
  static std::size_t memory_bytes(std::size_t bytes) noexcept {
    return is_run(bytes) ? rounded_up(bytes, PageRuns::kPageBytes) : bytes;
  }

 private:
  static constexpr std::size_t kLarge = 4 * PageRuns::kPageBytes;   // no more than a fifth of it is left over
  static bool is_run(std::size_t bytes) noexcept {
    return PageRuns::is_used() && bytes >= kLarge && bytes <= PageRuns::kChunkBytes;
  }

  const std::size_t bytes_;
  void* const at_;
};

}   // namespace usertags::model
