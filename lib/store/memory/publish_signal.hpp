// Waiting until something becomes visible.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include <usertags/error.hpp>

namespace usertags::store {

// How often a read-only store looks whether its file has more: nobody in this process could tell it.
inline constexpr std::chrono::milliseconds kLookEvery{20};

inline Error timed_out(std::uint64_t newest) {
  return {ErrorCode::timeout, Error::Details{.what = "nothing came behind revision " +
                                                     std::to_string(newest) + " in the time given",
                                             .current_revision = newest}};
}

inline Error has_not_come_to(std::uint64_t asked, std::uint64_t newest) {
  return {ErrorCode::timeout,
          Error::Details{.what = "the store is at revision " + std::to_string(newest) +
                                 " and has not come to " + std::to_string(asked) + " in the time given",
                         .current_revision = newest}};
}

// PublishSignal: wakes those who wait for something to become visible. There is no polling, and while nobody
// waits, whoever publishes pays one atomic operation for a group.
//
// Nobody is missed: a waiter counts itself before it looks at what is visible, and a publisher reads the
// count after it has made something visible. Of these two operations on the count, the later one sees what
// came before the earlier: the waiter what was published, or the publisher the waiter.
class PublishSignal {
 public:
  // After something became visible, or the store was closed.
  void notify() noexcept {
    if (waiters_.fetch_add(0, std::memory_order_acq_rel) != 0) wake();
  }

  // Returns when ready() is true, or at the deadline; with what ready() is then. ready() is called by the
  // waiter, and must not call back.
  template <class Ready>
  bool wait_until(std::chrono::steady_clock::time_point deadline, Ready&& ready) {
    const Counted counted(waiters_);
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, ready);
  }

 private:
  struct Counted {
    explicit Counted(std::atomic<std::uint32_t>& count) noexcept : count_(count) {
      count_.fetch_add(1, std::memory_order_acq_rel);
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { count_.fetch_sub(1, std::memory_order_acq_rel); }

    std::atomic<std::uint32_t>& count_;
  };

  // Who has looked and does not sleep yet holds the mutex.
  void wake() noexcept {
    {
      const std::lock_guard lock(mutex_);
    }
    changed_.notify_all();
  }

  std::atomic<std::uint32_t> waiters_{0};
  std::mutex mutex_;   // held from a waiter's look to its sleep
  std::condition_variable changed_;
};

}   // namespace usertags::store
