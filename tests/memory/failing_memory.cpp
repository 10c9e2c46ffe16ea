#include "memory/failing_memory.hpp"

#include <sqlite3.h>

#include <array>
#include <cassert>
#include <cstdlib>
#include <new>

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

bool refuses(Allocator allocator) noexcept {
  if (!armed.on || (armed.fault.allocator != Allocator::both && armed.fault.allocator != allocator))
    return false;
  const std::uint64_t number = armed.seen++;
  const bool refused = armed.fault.sticky ? number >= armed.fault.nth : number == armed.fault.nth;
  armed.fired = armed.fired || refused;
  return refused;
}

void* allocate(std::size_t size) noexcept {
  return refuses(Allocator::cxx) ? nullptr : std::malloc(size == 0 ? 1 : size);
}

// --- SQLite's. ---

sqlite3_mem_methods usual;

void* allocate_for_sqlite(int size) {
  return refuses(Allocator::sqlite) ? nullptr : usual.xMalloc(size);
}

void* resize_for_sqlite(void* block, int size) {
  return refuses(Allocator::sqlite) ? nullptr : usual.xRealloc(block, size);
}

[[maybe_unused]] const bool is_configured = [] {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual);
  sqlite3_mem_methods failing = usual;
  failing.xMalloc = allocate_for_sqlite;
  failing.xRealloc = resize_for_sqlite;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK) std::abort();
  return true;
}();

}   // namespace

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

void PrintTo(const Sweep& sweep, std::ostream* out) {
  static constexpr std::array kNames = {"Cxx", "Sqlite", "Both"};
  *out << kNames[static_cast<std::size_t>(sweep.allocator)] << (sweep.sticky ? "Sticky" : "Once");
}

}   // namespace usertags::test
