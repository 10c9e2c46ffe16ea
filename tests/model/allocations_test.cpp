// The replaced operators of this executable, and the proof that they count and refuse.
#include "allocations.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace {

thread_local std::size_t count = 0;
thread_local bool refuses = false;

void* allocate(std::size_t size) noexcept {
  ++count;
  return refuses ? nullptr : std::malloc(size);
}

}   // namespace

void* operator new(std::size_t size) {
  if (void* block = allocate(size)) return block;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
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

TEST(Allocations, AreCounted) {
  const std::size_t before = allocations();
  const std::vector<int> numbers(100);
  const auto number = std::make_unique<int>(1);
  EXPECT_EQ(allocations() - before, 2u);
}

TEST(Allocations, AreRefusedOnDemand) {
  std::size_t refused = 0;
  {
    const NoMemory no_memory;
    try {
      const std::vector<int> numbers(100);
    } catch (const std::bad_alloc&) {
      ++refused;
    }
    const std::unique_ptr<int> number(new (std::nothrow) int);
    if (!number) ++refused;
  }
  EXPECT_EQ(refused, 2u);
  EXPECT_NE(std::make_unique<int>(1), nullptr);
}

}   // namespace usertags::test
