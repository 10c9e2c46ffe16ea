#include "model/page_runs.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <functional>
#include <new>
#include <thread>
#include <vector>

namespace usertags::model {
namespace {

constexpr std::size_t kPages = PageRuns::kChunkBytes / PageRuns::kPageBytes;
constexpr std::size_t kNone = kPages;

std::size_t pages_of(std::size_t bytes) noexcept {
  return rounded_up(bytes, PageRuns::kPageBytes) / PageRuns::kPageBytes;
}

struct Chunk {
  char* at;
  std::size_t free = kPages;
  std::bitset<kPages> taken{};

  // Where so many free pages begin, at a multiple of `step`; kNone.
  std::size_t place_for(std::size_t pages, std::size_t step) const noexcept {
    if (free < pages) return kNone;
    std::size_t first = 0;
    for (std::size_t page = 0; first + pages <= kPages;) {
      if (page == first + pages) return first;
      if (!taken[page++]) continue;
      first = rounded_up(page, step);
      page = first;
    }
    return kNone;
  }
  void mark(std::size_t first, std::size_t pages, bool are_taken) noexcept {
    for (std::size_t page = first; page < first + pages; ++page) taken[page] = are_taken;
    free = are_taken ? free - pages : free + pages;
  }
};

bool unmap(char* from, const char* to) noexcept {
  return from == to || munmap(from, static_cast<std::size_t>(to - from)) == 0;
}

// Twice as much as is needed has a chunk in it that is aligned: the upper one of two, beside which the system maps the
// next, so that they are one mapping. A process may have 65,530 of them.
char* map_chunk() {
  constexpr std::size_t kBytes = PageRuns::kChunkBytes;
  void* const mapped = mmap(nullptr, 2 * kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  char* const chunk = begin + (kBytes - reinterpret_cast<std::uintptr_t>(begin) % kBytes);
  unmap(begin, chunk);
  unmap(chunk + kBytes, begin + 2 * kBytes);
  return chunk;
}

// Where it fails, pages are what the system thinks of.
void advise([[maybe_unused]] char* chunk, [[maybe_unused]] bool is_first) noexcept {
#ifdef MADV_HUGEPAGE
  madvise(chunk, PageRuns::kChunkBytes, is_first ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
#endif
}

class Runs {
 public:
  void* take(std::size_t pages, std::size_t step) {
    std::size_t place = kNone;
    auto chunk = std::ranges::find_if(
        chunks_, [&](const Chunk& each) { return (place = each.place_for(pages, step)) != kNone; });
    if (chunk == chunks_.end()) {
      chunk = add_chunk();
      place = 0;
    }
    chunk->mark(place, pages, true);
    taken_ += pages;
    return chunk->at + place * PageRuns::kPageBytes;
  }

  void give(char* run, std::size_t pages) noexcept {
    const auto chunk = std::ranges::lower_bound(chunks_, run, std::greater(), &Chunk::at);
    chunk->mark(static_cast<std::size_t>(run - chunk->at) / PageRuns::kPageBytes, pages, false);
    taken_ -= pages;
    if (chunk->free < kPages || std::ranges::count(chunks_, kPages, &Chunk::free) == 1) return;
    if (unmap(chunk->at, chunk->at + PageRuns::kChunkBytes)) chunks_.erase(chunk);   // else it stays, free
  }

  PageRuns::Figures figures() const noexcept { return {chunks_.size(), taken_ * PageRuns::kPageBytes}; }

 private:
  // From the highest address down, as systems map them: most often the oldest is filled first.
  using Chunks = std::vector<Chunk>;

  Chunks::iterator add_chunk() {
    if (chunks_.size() == chunks_.capacity()) chunks_.reserve(2 * chunks_.size() + 8);
    char* const at = map_chunk();
    advise(at, chunks_.empty());
    return chunks_.insert(std::ranges::lower_bound(chunks_, at, std::greater(), &Chunk::at), {at});
  }

  Chunks chunks_;
  std::size_t taken_ = 0;   // pages
};

// Never destroyed: there are records until the last of the process.
Runs& all_runs() {
  static Runs& runs = *new Runs;
  return runs;
}

constinit std::atomic_flag is_taken;

void lock() noexcept {
  while (is_taken.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
}
void unlock() noexcept {
  is_taken.clear(std::memory_order_release);
}

// A child finds what its parent had, not halfway through a change. As early as can be: so the lock is taken last, behind
// those of hosts. Without memory for it a child may wait for ever for a thread that it does not have.
[[maybe_unused]] const int watches_forks = pthread_atfork(lock, unlock, unlock);

}   // namespace

#ifdef USERTAGS_ALLOCATOR_ALONE
constinit bool PageRuns::used = false;
#else
constinit bool PageRuns::used = true;
#endif

PageRuns::Turn::Turn() noexcept {
  lock();
}
PageRuns::Turn::~Turn() {
  unlock();
}

void* PageRuns::take(const Turn&, std::size_t bytes, std::size_t aligned_to_pages) {
  return all_runs().take(pages_of(bytes), aligned_to_pages);
}

void PageRuns::give(const Turn&, void* run, std::size_t bytes) noexcept {
  all_runs().give(static_cast<char*>(run), pages_of(bytes));
}

PageRuns::Figures PageRuns::figures() {
  const Turn turn;
  return all_runs().figures();
}

namespace {

void* take_run(std::size_t bytes) {
  const PageRuns::Turn turn;
  return PageRuns::take(turn, bytes, 1);
}
void give_run(void* run, std::size_t bytes) noexcept {
  const PageRuns::Turn turn;
  PageRuns::give(turn, run, bytes);
}

}   // namespace

PageRun::PageRun(std::size_t bytes)
    : bytes_(bytes), at_(is_run(bytes) ? take_run(bytes) : ::operator new(bytes)) {}

PageRun::~PageRun() {
  is_run(bytes_) ? give_run(at_, bytes_) : ::operator delete(at_);
}

}   // namespace usertags::model
