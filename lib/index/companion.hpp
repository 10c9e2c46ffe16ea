// Companion: a thread beside the one that publishes, for work that can be done while that one goes on.
//
//   const auto count = companion.start(work);   // soon, behind what was started before
//   …                                           // meanwhile
//   companion.finish(count);                    // it is done
//
// Work is done in the order in which it was started, one piece at a time, by the companion's thread or by whoever
// waits for it, whichever comes first: where the processors have other things to do, nothing waits for the thread to be
// given one. The thread is made when it is first needed; where the system gives none, work is done where it is started.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "model/thread_annotations.hpp"

namespace usertags::index {

class Companion {
 public:
  // Users whose edits, or rows, are as much work as handing work to another thread. Less is done where it comes up.
  static constexpr std::size_t kWorthwhile = 64;

  // It brings its place in the queue, so that starting it cannot fail. It may be gone when run() returns.
  class Work {
   public:
    Work() noexcept = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;
    virtual void run() noexcept = 0;

   private:
    friend class Companion;
    Work* next_ = nullptr;
  };

  Companion() noexcept = default;
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  ~Companion();   // when all is done

  // Of one thread at a time: false where the system gives no thread.
  bool has_thread() noexcept USERTAGS_EXCLUDES(mutex_);
  // Tells how many have been started by then. Of that thread, or of work.
  std::uint64_t start(Work& work) noexcept USERTAGS_EXCLUDES(mutex_);
  // Returns when so many are done, or all. Any thread.
  void finish(std::uint64_t count) noexcept USERTAGS_EXCLUDES(mutex_);
  void finish() noexcept USERTAGS_EXCLUDES(mutex_);

 private:
  void run_thread() noexcept USERTAGS_EXCLUDES(mutex_);
  void run_until(std::uint64_t count) noexcept USERTAGS_REQUIRES(mutex_);
  void run_next() noexcept USERTAGS_REQUIRES(mutex_);

  model::Mutex mutex_;
  std::condition_variable_any has_work_;   // of the thread
  std::condition_variable_any has_done_;   // of those who wait
  Work* first_ USERTAGS_GUARDED_BY(mutex_) = nullptr;
  Work* last_ USERTAGS_GUARDED_BY(mutex_) = nullptr;
  std::uint64_t started_ USERTAGS_GUARDED_BY(mutex_) = 0;
  std::uint64_t done_ USERTAGS_GUARDED_BY(mutex_) = 0;
  bool is_running_ USERTAGS_GUARDED_BY(mutex_) = false;
  bool ends_ USERTAGS_GUARDED_BY(mutex_) = false;

  bool was_asked_ = false;   // for a thread: of the one who starts
  std::thread thread_;
};

}   // namespace usertags::index
