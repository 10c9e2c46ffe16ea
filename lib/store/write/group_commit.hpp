// Group commit without a thread of its own. Callers queue; the first becomes the leader, gathers what waits
// (up to a bound), and has it committed as one group; while it syncs, the next group gathers. When the
// leader's own request is answered, it hands the lead to the caller at the head of the queue.
//
// Order: the writes of one request keep their order; requests are gathered in the order of their arrival, a
// long one a part at a time, so that short ones behind it need not wait for its end. A transaction is
// gathered whole. A request that no group has begun by its deadline leaves the queue, also where a group was
// offered it and gave it back.
#pragma once

#include <semaphore.h>
#include <algorithm>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "model/thread_annotations.hpp"
#include "store/watch/telemetry.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

// What one thread waits for, once, and another one signals. A POSIX semaphore: the waiter may be gone with it
// as soon as it was signalled, and takes no lock on waking, so that many who are woken at once do not queue
// up again.
class WaitSlot {
 public:
  WaitSlot() noexcept { sem_init(&signalled_, 0, 0); }
  WaitSlot(const WaitSlot&) = delete;
  WaitSlot& operator=(const WaitSlot&) = delete;
  ~WaitSlot() { sem_destroy(&signalled_); }

  // What was written before is seen by whoever waited.
  void signal() noexcept {
    is_signalled_.store(true, std::memory_order_release);
    sem_post(&signalled_);
  }

  void wait() noexcept {
    while (sem_wait(&signalled_) != 0) assert(errno == EINTR);
    acquire();
  }

  // False when the deadline has passed.
  bool wait_until(std::chrono::steady_clock::time_point deadline) noexcept {
    // Before the clock's start there is no time that the system takes.
    const auto since_start = std::max(deadline, std::chrono::steady_clock::time_point()).time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
    const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_start - seconds);
    const timespec at{seconds.count(), rest.count()};
    while (sem_clockwait(&signalled_, CLOCK_MONOTONIC, &at) != 0) {
      if (errno == ETIMEDOUT) return false;
      assert(errno == EINTR);
    }
    acquire();
    return true;
  }

 private:
  // The semaphore orders memory, too; but ThreadSanitizer does not know sem_clockwait.
  void acquire() const noexcept {
    [[maybe_unused]] const bool is_signalled = is_signalled_.load(std::memory_order_acquire);
    assert(is_signalled);
  }

  std::atomic<bool> is_signalled_{false};
  sem_t signalled_;
};

class GroupCommit {
 public:
  // `write_group` is the leader's work on one group: it calls gather(), give_back() and answer(), once each
  // and in this order. It runs on one thread at a time, never under the queue's lock, and throws nothing.
  explicit GroupCommit(std::function<void()> write_group);

  // Returns when every write of the request is answered, or, with `timeout`, given up.
  void submit(Request& request) USERTAGS_EXCLUDES(mutex_);

  // Runs the function alone: no group is under way meanwhile. What it throws is passed on.
  template <class Function>
  decltype(auto) exclusively(Function&& function) USERTAGS_EXCLUDES(mutex_) {
    const Lead lead(*this);
    return std::forward<Function>(function)();
  }

  QueueFigures figures() USERTAGS_EXCLUDES(mutex_);

  // --- For the leader, within write_group. ---

  // The group: slices of what waits. The leader may leave some of it, from the end, by lowering their `end`;
  // it takes one write at least. What it takes can no longer be given up.
  std::span<Slice> gather() USERTAGS_EXCLUDES(mutex_);
  // What the leader left waits again, or is given up where its deadline has come. Answers what it took.
  std::span<Slice> give_back() USERTAGS_EXCLUDES(mutex_);
  // The outcomes of what it took are written: wakes those whose requests are answered with that.
  void answer() USERTAGS_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kMaxGroupWrites = 4096;
  static constexpr std::size_t kMaxSliceWrites = 1024;

  struct Waiter : boost::intrusive::list_base_hook<> {
    enum class State { waiting, leading, answered };

    Request* request = nullptr;   // null: wants the lead alone
    std::size_t answered = 0;     // writes of the request
    bool has_begun = false;       // a group took some of them, or is about to
    bool is_late = false;         // its deadline came meanwhile
    State state = State::waiting;
    WaitSlot slot;   // signalled once, when the state is no longer `waiting`
  };
  using Waiters = boost::intrusive::list<Waiter>;

  class Lead {
   public:
    explicit Lead(GroupCommit& queue) : queue_(queue) { queue_.wait_for_lead(waiter_); }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead() { queue_.leave(waiter_); }

   private:
    GroupCommit& queue_;
    Waiter waiter_;
  };

  void wait_for_lead(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  bool queue_up(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  bool give_up(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void give_up_now(Waiter& waiter) USERTAGS_REQUIRES(mutex_);
  void leave(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void hand_over() USERTAGS_REQUIRES(mutex_);
  std::size_t slice_of(const Request& request, std::size_t answered, std::size_t room) const noexcept;
  Waiters remove_late(std::size_t kept) USERTAGS_EXCLUDES(mutex_);
  Waiters remove_answered() USERTAGS_EXCLUDES(mutex_);
  static void wake(Waiters waiters) noexcept;

  const std::function<void()> write_group_;
  std::vector<Slice> slices_;   // the leader's; room for a whole group from the start

  model::Mutex mutex_;
  bool led_ USERTAGS_GUARDED_BY(mutex_) = false;
  Waiters queue_ USERTAGS_GUARDED_BY(mutex_);
  std::uint64_t given_up_ USERTAGS_GUARDED_BY(mutex_) = 0;   // writes
};

}   // namespace usertags::store
