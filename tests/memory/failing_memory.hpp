// FailingMemory: lets allocations of this thread fail, at a chosen one or from it on: those of C++ (operator
// new), those of SQLite, those that the C library and others ask malloc for, or several of these.
//
//   const FailingMemory fault({.nth = 7, .sticky = true});
//   const auto answer = store.maintain(1s);
//   fault.fired();   // false: the call made fewer
//
// This executable replaces operator new and malloc, and configures SQLite, before main(). The thread's
// allocations are as usual when it ends. CRoaring's never fail: before version 4 it ends the process then
// (docs/semantics.md).
#pragma once

#include <cstdint>
#include <ostream>

namespace usertags::test {

enum class Allocator : std::uint8_t { cxx, sqlite, both, c, all };

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
  std::uint64_t seen() const noexcept;   // allocations so far, of those that may fail
};

// Lets all allocations of C++ fail that other threads make while it lives.
class FailingMemoryElsewhere {
 public:
  FailingMemoryElsewhere() noexcept;
  FailingMemoryElsewhere(const FailingMemoryElsewhere&) = delete;
  FailingMemoryElsewhere& operator=(const FailingMemoryElsewhere&) = delete;
  ~FailingMemoryElsewhere();

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
