// Turn: what one thread waits for, once, and another one gives it. A POSIX semaphore: who waits may be gone
// with it as soon as it was given, and takes no lock on waking, so that many who are woken at once do not
// queue up again.
#pragma once

#include <semaphore.h>
#include <algorithm>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <ctime>

namespace usertags::store {

class Turn {
 public:
  Turn() noexcept { sem_init(&given_, 0, 0); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { sem_destroy(&given_); }

  // What was written before is seen by whoever waited.
  void give() noexcept {
    is_given_.store(true, std::memory_order_release);
    sem_post(&given_);
  }

  void wait() noexcept {
    while (sem_wait(&given_) != 0) assert(errno == EINTR);
    take();
  }

  // False when the deadline has passed.
  bool wait_until(std::chrono::steady_clock::time_point deadline) noexcept {
    // Before the clock's start there is no time that the system takes.
    const auto since_start = std::max(deadline, std::chrono::steady_clock::time_point()).time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
    const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_start - seconds);
    const timespec at{seconds.count(), rest.count()};
    while (sem_clockwait(&given_, CLOCK_MONOTONIC, &at) != 0) {
      if (errno == ETIMEDOUT) return false;
      assert(errno == EINTR);
    }
    take();
    return true;
  }

 private:
  // The semaphore orders memory, too; but ThreadSanitizer does not know sem_clockwait.
  void take() const noexcept {
    [[maybe_unused]] const bool is_given = is_given_.load(std::memory_order_acquire);
    assert(is_given);
  }

  std::atomic<bool> is_given_{false};
  sem_t given_;
};

}   // namespace usertags::store
