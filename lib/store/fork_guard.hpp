// ForkGuard: tells a store that it now lives in a child process. A child shares the parent's file lock and
// SQLite's locks, so it must use neither. pthread_atfork(3) marks the child's copies once; asking getpid() in
// every call would cost half a find.
#pragma once

#include <atomic>

namespace usertags::store {

class ForkGuard {
 public:
  ForkGuard();   // registers; throws std::bad_alloc
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
  virtual ~ForkGuard();

  bool forked() const noexcept { return forked_.load(std::memory_order_relaxed); }

 protected:
  // In the child, on its only thread, before fork() returns there: let go of what belongs to the parent.
  // Only what is safe there: no allocation, no locks.
  virtual void on_fork_in_child() noexcept = 0;

 private:
  struct Registry;

  std::atomic<bool> forked_{false};
  ForkGuard* previous_ = nullptr;
  ForkGuard* next_ = nullptr;
};

}   // namespace usertags::store
