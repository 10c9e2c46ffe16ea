// FailingMemory: lets allocations of this thread fail, at a chosen one or from it on: those of C++ (operator
// new), those of SQLite, or both.
//
//   const FailingMemory fault({.nth = 7, .sticky = true});
//   const auto answer = store.maintain(1s);
//   fault.fired();   // false: the call made fewer
//
// This executable replaces operator new, and configures SQLite, before main(). The thread's allocations are
// as usual when it ends.
#pragma once

#include <cstdint>
#include <ostream>

namespace usertags::test {

enum class Allocator : std::uint8_t { cxx, sqlite, both };

struct MemoryFault {
  std::uint64_t nth = 0;   // of the allocations, from 0
  bool sticky = false;     // and every later one
  Allocator allocator = Allocator::both;
};

class FailingMemory {
 public:
  explicit FailingMemory(const MemoryFault& fault) noexcept;
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
  ~FailingMemory();

  bool fired() const noexcept;
};

// How a sweep is named.
struct Sweep {
  Allocator allocator{};
  bool sticky = false;

  MemoryFault at(std::uint64_t nth) const noexcept { return {nth, sticky, allocator}; }
};
void PrintTo(const Sweep& sweep, std::ostream* out);

}   // namespace usertags::test
