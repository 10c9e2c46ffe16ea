#include "memory/failing_memory.hpp"

#include <link.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "model/page_runs.hpp"

extern "C" {
// Of glibc, beneath the names that are replaced here.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
}

namespace {

using usertags::test::Allocator;
using usertags::test::MemoryFault;

struct Armed {
  bool on = false;
  MemoryFault fault;
  std::uint64_t seen = 0;
  bool fired = false;
};
thread_local Armed armed;

// Threads that are not spared have no memory.
std::atomic<bool> fails_elsewhere = false;
std::atomic<bool> has_fired_elsewhere = false;
thread_local bool is_spared = false;

bool refuses_elsewhere() noexcept {
  if (!fails_elsewhere || is_spared) return false;
  has_fired_elsewhere = true;
  return true;
}

bool is_among(Allocator allocator, Allocator armed_ones) noexcept {
  if (armed_ones == Allocator::all || armed_ones == allocator) return true;
  return armed_ones == Allocator::both && allocator != Allocator::c;
}

bool refuses(Allocator allocator) noexcept {
  if (!armed.on || !is_among(allocator, armed.fault.allocator)) return false;
  const std::uint64_t number = armed.seen++;
  const bool refused = armed.fault.sticky ? number >= armed.fault.nth : number == armed.fault.nth;
  armed.fired = armed.fired || refused;
  return refused;
}

void* allocate(std::size_t size) noexcept {
  const bool refused = refuses(Allocator::cxx) || refuses_elsewhere();
  return refused ? nullptr : __libc_malloc(size == 0 ? 1 : size);
}

// --- malloc's, asked for by neither of the others. ---

// SQLite's own allocator asks malloc: that is judged once.
thread_local bool within_sqlite = false;

class WithinSqlite {
 public:
  WithinSqlite() noexcept : before_(std::exchange(within_sqlite, true)) {}
  WithinSqlite(const WithinSqlite&) = delete;
  WithinSqlite& operator=(const WithinSqlite&) = delete;
  ~WithinSqlite() { within_sqlite = before_; }

 private:
  bool before_;
};

struct Library {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

// Where libroaring lies in memory; nowhere, where it is linked into the executable.
Library find_roaring() noexcept {
  Library found;
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* out) {
        if (!std::string_view(library->dlpi_name).contains("libroaring")) return 0;
        for (const ElfW(Phdr) & part : std::span(library->dlpi_phdr, library->dlpi_phnum)) {
          if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
          const std::uintptr_t begin = library->dlpi_addr + part.p_vaddr;
          *static_cast<Library*>(out) = {begin, begin + part.p_memsz};
        }
        return 1;
      },
      &found);
  return found;
}

bool c_refuses(const void* caller) noexcept {
  if (!armed.on || within_sqlite) return false;
  static const Library roaring = find_roaring();
  const auto address = reinterpret_cast<std::uintptr_t>(caller);
  if (address >= roaring.begin && address < roaring.end) return false;
  if (!refuses(Allocator::c)) return false;
  errno = ENOMEM;
  return true;
}

// --- SQLite's. ---

sqlite3_mem_methods usual;

void* allocate_for_sqlite(int size) {
  const WithinSqlite within;
  return refuses(Allocator::sqlite) ? nullptr : usual.xMalloc(size);
}

void* resize_for_sqlite(void* block, int size) {
  const WithinSqlite within;
  return refuses(Allocator::sqlite) ? nullptr : usual.xRealloc(block, size);
}

[[maybe_unused]] const bool is_configured = [] {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual);
  sqlite3_mem_methods failing = usual;
  failing.xMalloc = allocate_for_sqlite;
  failing.xRealloc = resize_for_sqlite;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK) std::abort();
  usertags::model::PageRuns::leave_all_to_the_allocator();
  return true;
}();

}   // namespace

extern "C" {
[[gnu::noinline]] void* malloc(std::size_t size) {
  return c_refuses(__builtin_return_address(0)) ? nullptr : __libc_malloc(size);
}
[[gnu::noinline]] void* calloc(std::size_t count, std::size_t size) {
  return c_refuses(__builtin_return_address(0)) ? nullptr : __libc_calloc(count, size);
}
[[gnu::noinline]] void* realloc(void* block, std::size_t size) {
  return c_refuses(__builtin_return_address(0)) ? nullptr : __libc_realloc(block, size);
}
}

// Not inlined: GCC would see malloc on the one side and `delete` on the other, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* block = allocate(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  void* const block =
      refuses(Allocator::cxx) ? nullptr : std::aligned_alloc(step, (size + step - 1) / step * step);
  if (block != nullptr) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, const std::nothrow_t&) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}

namespace usertags::test {

FailingMemory::FailingMemory(const MemoryFault& fault) noexcept {
  assert(!armed.on);
  armed = {.on = true, .fault = fault};
}

FailingMemory::~FailingMemory() {
  armed.on = false;
}

bool FailingMemory::fired() const noexcept {
  return armed.fired;
}

std::uint64_t FailingMemory::seen() const noexcept {
  return armed.seen;
}

FailingMemoryElsewhere::FailingMemoryElsewhere() noexcept {
  is_spared = true;
  has_fired_elsewhere = false;
  fails_elsewhere = true;
}

FailingMemoryElsewhere::~FailingMemoryElsewhere() {
  fails_elsewhere = false;
}

bool FailingMemoryElsewhere::fired() const noexcept {
  return has_fired_elsewhere;
}

void PrintTo(const Sweep& sweep, std::ostream* out) {
  static constexpr std::array kNames = {"Cxx", "Sqlite", "Both", "C", "All"};
  *out << kNames[static_cast<std::size_t>(sweep.allocator)] << (sweep.sticky ? "Sticky" : "Once");
}

}   // namespace usertags::test
