// ForkGuard: tells whoever holds something of the parent's that it now lives in a child process. A child
// shares the parent's file lock and SQLite's locks, so it must use neither. pthread_atfork(3) marks the
// child's copies once; asking getpid() in every call would cost half a find.
#pragma once

#include <atomic>

namespace usertags::store {

class ForkGuard {
 public:
  // In the child, on its only thread, before fork() returns there, `let_go(target)` lets go of what belongs
  // to the parent. It does only what is safe there: no allocation, no locks. Throws std::bad_alloc.
  using LetGo = void (*)(void* target) noexcept;
  ForkGuard(LetGo let_go, void* target);
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
  ~ForkGuard();

  bool forked() const noexcept { return forked_.load(std::memory_order_relaxed); }

  // While it lives, fork() waits: for what must not be halfway done in a child. Short, and not for a thread
  // that makes or destroys guards, or forks, meanwhile.
  class NoFork {
   public:
    NoFork();
    NoFork(const NoFork&) = delete;
    NoFork& operator=(const NoFork&) = delete;
    ~NoFork();
  };

 private:
  struct Registry;

  const LetGo let_go_;
  void* const target_;
  std::atomic<bool> forked_{false};
  ForkGuard* previous_ = nullptr;
  ForkGuard* next_ = nullptr;
};

}   // namespace usertags::store
