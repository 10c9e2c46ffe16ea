// Turn: what one thread waits for, once, and another one gives it. A POSIX semaphore: who waits may be gone
// with it as soon as it was given, and takes no lock on waking, so that many who are woken at once do not
// queue up again.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <semaphore.h>
#include <span>
#include <utility>
#include <vector>

#include "model/thread_annotations.hpp"
#include "store/write/request.hpp"

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

// Group commit without a thread of its own. Callers queue; the first becomes the leader, takes what waits (up
// to a bound), and has it committed as one group; while it syncs, the next group gathers. When the leader's
// own request is answered, it hands the lead to the caller at the head of the queue.
//
// Order: the writes of one request keep their order; requests are taken in the order of their arrival, a long
// one a part at a time, so that short ones behind it need not wait for its end. A transaction is taken whole.
// A request none of which was taken by its deadline leaves the queue, also where a group was offered it and
// gave it back.

// What runs under the lead: one thread at a time, never under the queue's lock.
class GroupRunner {
 public:
  // What has to be done before requests are taken, and may last: they can still be given up meanwhile.
  virtual void before_group() noexcept = 0;
  // Judges the slices' writes. It may take less than offered, from the end, by lowering `end`; at least one
  // write is taken.
  virtual void judge(std::span<Slice> slices) noexcept = 0;
  // Commits what was judged; then the slices' writes are answered.
  virtual void commit(std::span<Slice> slices) noexcept = 0;
  // Called after the group's callers were woken.
  virtual void after_group() noexcept = 0;

 protected:
  ~GroupRunner() = default;
};

class GroupCommit {
 public:
  explicit GroupCommit(GroupRunner& runner);

  // Returns when every write of the request is answered, or, with `timeout`, given up.
  void submit(Request& request) USERTAGS_EXCLUDES(mutex_);

  // Runs the function alone: no group is under way meanwhile. What it throws is passed on.
  template <class Function>
  decltype(auto) exclusively(Function&& function) USERTAGS_EXCLUDES(mutex_) {
    const Lead lead(*this);
    return std::forward<Function>(function)();
  }

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
    Turn turn;   // given once, when the state is no longer `waiting`
  };

  class Lead {
   public:
    explicit Lead(GroupCommit& queue) : queue_(queue) { queue_.wait_for_turn(waiter_); }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead() { queue_.leave(waiter_); }

   private:
    GroupCommit& queue_;
    Waiter waiter_;
  };

  void wait_for_turn(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  bool queue_up(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  bool give_up(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void leave(Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void run_group(const Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void take_slices() USERTAGS_EXCLUDES(mutex_);
  std::size_t slice_of(const Request& request, std::size_t answered, std::size_t room) const noexcept;
  void give_back() USERTAGS_EXCLUDES(mutex_);
  boost::intrusive::list<Waiter> take_late(std::size_t taken) USERTAGS_EXCLUDES(mutex_);
  void give_up_now(Waiter& waiter) USERTAGS_REQUIRES(mutex_);
  void answer_slices(const Waiter& self) USERTAGS_EXCLUDES(mutex_);
  static void wake(boost::intrusive::list<Waiter> answered) noexcept;
  boost::intrusive::list<Waiter> take_answered(const Waiter& self) USERTAGS_EXCLUDES(mutex_);
  void hand_over() USERTAGS_REQUIRES(mutex_);

  GroupRunner& runner_;
  std::vector<Slice> slices_;   // the leader's; room for a whole group from the start

  model::Mutex mutex_;
  bool led_ USERTAGS_GUARDED_BY(mutex_) = false;
  boost::intrusive::list<Waiter> queue_ USERTAGS_GUARDED_BY(mutex_);
};

}   // namespace usertags::store
