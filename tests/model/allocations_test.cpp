// The replaced operators of this executable, and the proof that they count and refuse.
#include "allocations.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t count = 0;
thread_local bool refuses = false;

void* allocate(std::size_t size) noexcept {
  ++count;
  return refuses ? nullptr : std::malloc(size);
}

}   // namespace

// Not inlined: GCC would see malloc on the one side and `delete` on the other, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* block = allocate(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
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

namespace usertags::test {

std::size_t allocations() noexcept {
  return count;
}
NoMemory::NoMemory() noexcept {
  refuses = true;
}
NoMemory::~NoMemory() {
  refuses = false;
}

// The operators are called by name, because compilers may leave out what a `new` expression asks for.
TEST(Allocations, AreCounted) {
  const std::size_t before = allocations();
  void* const first = ::operator new(100);
  void* const second = ::operator new(100, std::nothrow);
  EXPECT_EQ(allocations() - before, 2u);
  ::operator delete(first);
  ::operator delete(second);
}

TEST(Allocations, AreRefusedOnDemand) {
  bool thrown = false;
  void* block = nullptr;
  {
    const NoMemory no_memory;
    try {
      block = ::operator new(100);
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    if (block == nullptr) block = ::operator new(100, std::nothrow);
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(block, nullptr);
  block = ::operator new(100);
  EXPECT_NE(block, nullptr);
  ::operator delete(block);
}

}   // namespace usertags::test
