#include "memory/failing_memory.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <latch>
#include <new>
#include <string>
#include <thread>

#include <roaring/roaring.h>

namespace usertags::test {
namespace {

// The operators are called by name, because compilers may leave out what a `new` expression asks for.
bool cxx_allocates() {
  void* const block = ::operator new(100, std::nothrow);
  ::operator delete(block);
  return block != nullptr;
}

bool sqlite_allocates() {
  void* const block = sqlite3_malloc(100);
  sqlite3_free(block);
  return block != nullptr;
}

// Which of five allocations of each kind, taken in turn, succeed.
std::string tried(const MemoryFault& fault) {
  std::string cxx(5, ' ');
  std::string sqlite(5, ' ');
  const FailingMemory memory(fault);
  for (std::size_t i = 0; i < 5; ++i) {
    cxx[i] = cxx_allocates() ? '+' : '-';
    sqlite[i] = sqlite_allocates() ? '+' : '-';
  }
  return cxx.append(sqlite);   // of ten bytes: within the string itself
}

class FailingMemoryTest : public testing::Test {
 protected:
  FailingMemoryTest() { sqlite3_initialize(); }
};

TEST_F(FailingMemoryTest, RefusesTheChosenAllocation) {
  EXPECT_EQ(tried({.nth = 2, .allocator = Allocator::cxx}), "++-+++++++");
  EXPECT_EQ(tried({.nth = 2, .allocator = Allocator::sqlite}), "+++++++-++");
  EXPECT_EQ(tried({.nth = 2}), "+-++++++++");
  EXPECT_EQ(tried({.nth = 10}), "++++++++++");
}

TEST_F(FailingMemoryTest, StickyRefusesEveryLaterOne) {
  EXPECT_EQ(tried({.nth = 3, .sticky = true, .allocator = Allocator::cxx}), "+++--+++++");
  EXPECT_EQ(tried({.nth = 0, .sticky = true, .allocator = Allocator::sqlite}), "+++++-----");
  EXPECT_EQ(tried({.nth = 3, .sticky = true}), "++---+----");
}

TEST_F(FailingMemoryTest, ThrowsWhatCxxThrows) {
  const FailingMemory memory({.nth = 0});
  bool has_thrown = false;
  try {
    ::operator delete(::operator new(100));
  } catch (const std::bad_alloc&) {
    has_thrown = true;
  }
  EXPECT_TRUE(has_thrown);
}

TEST_F(FailingMemoryTest, TellsWhetherItFiredAndEnds) {
  {
    const FailingMemory memory({.nth = 1});
    EXPECT_TRUE(cxx_allocates());
    EXPECT_FALSE(memory.fired());
    EXPECT_FALSE(cxx_allocates());
    EXPECT_TRUE(memory.fired());
  }
  EXPECT_TRUE(cxx_allocates());
}

bool c_allocates() {
  void* volatile const block = std::malloc(100);
  std::free(block);
  return block != nullptr;
}

TEST_F(FailingMemoryTest, RefusesTheCLibrarysApart) {
  const FailingMemory memory({.nth = 0, .sticky = true, .allocator = Allocator::c});
  const bool others_allocate = cxx_allocates() && sqlite_allocates();
  const bool copies = strdup("a text") != nullptr;
  const bool has_c = c_allocates();
  EXPECT_TRUE(others_allocate);
  EXPECT_FALSE(copies);
  EXPECT_FALSE(has_c);
}

TEST_F(FailingMemoryTest, AllAreCountedOnce) {
  const FailingMemory memory({.nth = 1'000, .allocator = Allocator::all});
  cxx_allocates();
  sqlite_allocates();
  c_allocates();
  EXPECT_EQ(memory.seen(), 3U);
}

// CRoaring ends the process where it gets none.
TEST_F(FailingMemoryTest, RoaringHasMemory) {
  const FailingMemory memory({.nth = 0, .sticky = true, .allocator = Allocator::c});
  roaring_bitmap_t* const bitmap = roaring_bitmap_create();
  roaring_bitmap_free(bitmap);
  EXPECT_NE(bitmap, nullptr);
}

TEST_F(FailingMemoryTest, OtherThreadsHaveMemory) {
  bool allocates = false;
  std::thread other;
  {
    other = std::thread([&] { allocates = cxx_allocates(); });
    const FailingMemory memory({.nth = 0, .sticky = true});
    EXPECT_FALSE(sqlite_allocates());
    other.join();
  }
  EXPECT_TRUE(allocates);
}

TEST(FailingMemory, ElsewhereFailsOnOtherThreadsAlone) {
  bool allocates = true;
  std::latch begun(1);
  std::thread other([&] {
    begun.wait();
    allocates = cxx_allocates();
  });
  const FailingMemoryElsewhere fault;
  EXPECT_TRUE(cxx_allocates());
  EXPECT_FALSE(fault.fired());
  begun.count_down();
  other.join();
  EXPECT_TRUE(fault.fired());
  EXPECT_FALSE(allocates);
}

}   // namespace
}   // namespace usertags::test
