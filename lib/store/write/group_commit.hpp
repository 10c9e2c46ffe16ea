// Group commit without a thread of its own. Callers queue; the first becomes the leader, gathers what waits
// (up to a bound), and has it committed as one group; while it syncs, the next group gathers. When the
// leader's own request is answered, it hands the lead to the first thread that waits in the queue.
//
// Order: the writes of one request keep their order; requests are gathered in the order of their arrival, a
// long one a part at a time, so that short ones behind it need not wait for its end. A transaction is
// gathered whole. A request that no group has begun by its deadline leaves the queue, also where a group was
// offered it and gave it back.
//
// A request may be unattended: no thread waits for it, whoever leads commits it in its turn. Nothing overtakes
// a part of it: where a group does not take it to its end, the group ends there.
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
#include <optional>
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
  struct Waiter;

 public:
  class Unattended;

  // `write_group` is the leader's work on one group: it calls gather(), give_back() and answer(), once each
  // and in this order. It runs on one thread at a time, never under the queue's lock, and throws nothing.
  explicit GroupCommit(std::function<void()> write_group);

  // Returns when every write of the request is answered, or, with `timeout`, given up.
  void write(Request& request) USERTAGS_EXCLUDES(mutex_);

  // Returns at once. Somebody has to call write() or write_queued() later, or to drop it.
  void enqueue(Unattended& request) USERTAGS_EXCLUDES(mutex_);
  // Returns when all that was enqueued before is answered: by groups that this thread leads, unless others do.
  void write_queued() USERTAGS_EXCLUDES(mutex_);
  // Answers all unattended requests with store_closed, as far as no group has written them.
  void drop_queued() USERTAGS_EXCLUDES(mutex_);

  // Runs the function alone: no group is under way meanwhile. What it throws is passed on.
  template <class Function>
  decltype(auto) exclusively(Function&& function) USERTAGS_EXCLUDES(mutex_) {
    const Lead lead(*this, Waiter::Wants::to_be_alone);
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

  struct InQueue;
  struct OfThread;
  using QueueHook = boost::intrusive::list_base_hook<boost::intrusive::tag<InQueue>>;
  using ThreadHook = boost::intrusive::list_base_hook<boost::intrusive::tag<OfThread>>;

  struct Waiter : QueueHook, ThreadHook {
    enum class Wants { answers, to_be_alone, what_is_before };
    enum class State { waiting, leading, answered };

    Wants wants = Wants::answers;
    Request* request = nullptr;         // of one that wants answers
    Unattended* unattended = nullptr;   // whose waiter it is, if no thread waits
    std::size_t answered = 0;           // writes of the request
    bool has_begun = false;             // a group took some of them, or is about to
    bool is_late = false;               // its deadline came meanwhile
    State state = State::waiting;
    std::optional<WaitSlot> slot{};   // of a thread: signalled once, when the state is no longer `waiting`
  };
  using Waiters = boost::intrusive::list<Waiter, boost::intrusive::base_hook<QueueHook>>;
  using Threads = boost::intrusive::list<Waiter, boost::intrusive::base_hook<ThreadHook>>;

  class Lead {
   public:
    Lead(GroupCommit& queue, Waiter::Wants wants) : queue_(queue) {
      waiter_.wants = wants;
      waiter_.slot.emplace();
      queue_.wait_for_lead(waiter_);
    }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead() { queue_.leave(waiter_); }

    const Waiter& waiter() const noexcept { return waiter_; }

   private:
    GroupCommit& queue_;
    Waiter waiter_;
  };

  void wait_for_lead(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  bool queue_up(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  bool give_up(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void give_up_now(Waiter& waiter) USERTAGS_REQUIRES(mutex_);
  bool is_first(const Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void leave(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void hand_over() USERTAGS_REQUIRES(mutex_);
  void remove(Waiter& waiter) USERTAGS_REQUIRES(mutex_);
  std::size_t slice_of(const Waiter& waiter, std::size_t room) const noexcept;
  Waiters remove_late(std::size_t kept) USERTAGS_EXCLUDES(mutex_);
  Waiters remove_answered() USERTAGS_EXCLUDES(mutex_);
  Waiters remove_unattended() USERTAGS_EXCLUDES(mutex_);
  static void wake(Waiters waiters) noexcept;

  const std::function<void()> write_group_;
  // The leader's; room for a whole group from the start. gathered_[i] is whose slices_[i] is.
  std::vector<Slice> slices_;
  std::vector<Waiter*> gathered_;

  model::Mutex mutex_;
  bool led_ USERTAGS_GUARDED_BY(mutex_) = false;
  Waiters queue_ USERTAGS_GUARDED_BY(mutex_);
  std::uint64_t given_up_ USERTAGS_GUARDED_BY(mutex_) = 0;   // writes
  Threads threads_
      USERTAGS_GUARDED_BY(mutex_);   // those in the queue for whom a thread waits: the next leaders
};

// It stays in its place until it is answered, and nobody changes the request meanwhile.
class GroupCommit::Unattended {
 public:
  explicit Unattended(Request& request) noexcept {
    waiter_.request = &request;
    waiter_.unattended = this;
  }
  Unattended(const Unattended&) = delete;
  Unattended& operator=(const Unattended&) = delete;

  // Who sees it sees the outcomes, too.
  bool is_answered() const noexcept { return is_answered_.load(std::memory_order_acquire); }

 private:
  friend GroupCommit;

  Waiter waiter_;
  std::atomic<bool> is_answered_{false};
};

}   // namespace usertags::store
