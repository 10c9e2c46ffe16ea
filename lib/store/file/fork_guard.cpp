#include "store/file/fork_guard.hpp"

#include <pthread.h>
#include <mutex>
#include <new>

namespace usertags::store {

// All guards of the process, as a list. The mutex is held across fork(), so that the child finds the list
// whole.
struct ForkGuard::Registry {
  std::mutex mutex;
  ForkGuard* first = nullptr;

  // Never destroyed: fork() may be called while the process ends.
  static Registry& instance() {
    static Registry& registry = *new Registry;
    static const bool installed = install();
    if (!installed) throw std::bad_alloc();
    return registry;
  }

  static bool install() {
    return pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); },
                          [] { instance().mark_child(); }) == 0;
  }

  void mark_child() noexcept {
    for (ForkGuard* guard = first; guard != nullptr; guard = guard->next_) {
      guard->forked_.store(true, std::memory_order_relaxed);
      guard->let_go_(guard->target_);
    }
    mutex.unlock();
  }
};

ForkGuard::ForkGuard(LetGo let_go, void* target) : let_go_(let_go), target_(target) {
  Registry& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  next_ = registry.first;
  if (next_ != nullptr) next_->previous_ = this;
  registry.first = this;
}

ForkGuard::~ForkGuard() {
  Registry& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  (previous_ != nullptr ? previous_->next_ : registry.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

ForkGuard::NoFork::NoFork() {
  Registry::instance().mutex.lock();
}

ForkGuard::NoFork::~NoFork() {
  Registry::instance().mutex.unlock();
}

}   // namespace usertags::store
