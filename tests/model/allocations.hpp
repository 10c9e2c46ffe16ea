// Counts, and on demand refuses, what `operator new` is asked for in this executable.
#pragma once

#include <cstddef>

namespace usertags::test {

// By this thread, since it began.
std::size_t allocations() noexcept;

// While it lives, this thread gets no memory.
class NoMemory {
 public:
  NoMemory() noexcept;
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  ~NoMemory();
};

}   // namespace usertags::test
