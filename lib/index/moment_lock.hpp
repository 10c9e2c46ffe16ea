// MomentLock: shared by those who look at one moment, exclusive for whoever makes the next. Whoever comes
// first is served first: a stream of readers cannot starve the publisher, because it waits holding the gate
// that they have to pass, nor can publishing starve readers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "model/thread_annotations.hpp"

namespace usertags::index {

class USERTAGS_CAPABILITY("shared_mutex") MomentLock {
 public:
  void lock() USERTAGS_ACQUIRE() {
    const std::lock_guard gate(gate_);
    std::unique_lock state(state_);
    left_.wait(state, [this] { return !is_taken_ && readers_ == 0; });
    is_taken_ = true;
  }
  // Any thread: whoever took it may leave that to another.
  void unlock() USERTAGS_RELEASE() {
    const std::lock_guard state(state_);
    is_taken_ = false;
    left_.notify_one();
  }
  void lock_shared() USERTAGS_ACQUIRE_SHARED() {
    const std::lock_guard gate(gate_);
    std::unique_lock state(state_);
    left_.wait(state, [this] { return !is_taken_; });
    ++readers_;
  }
  void unlock_shared() USERTAGS_RELEASE_SHARED() {
    const std::lock_guard state(state_);
    if (--readers_ == 0) left_.notify_one();
  }

 private:
  std::mutex gate_;    // of those who come: one of them waits at a time
  std::mutex state_;   // of what follows
  std::condition_variable left_;
  bool is_taken_ = false;
  std::uint32_t readers_ = 0;
};

class USERTAGS_SCOPED_CAPABILITY NewMoment {
 public:
  explicit NewMoment(MomentLock& lock) USERTAGS_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  NewMoment(const NewMoment&) = delete;
  NewMoment& operator=(const NewMoment&) = delete;
  ~NewMoment() USERTAGS_RELEASE() { lock_.unlock(); }

 private:
  MomentLock& lock_;
};

class USERTAGS_SCOPED_CAPABILITY OneMoment {
 public:
  explicit OneMoment(MomentLock& lock) USERTAGS_ACQUIRE_SHARED(lock) : lock_(lock) { lock_.lock_shared(); }
  OneMoment(const OneMoment&) = delete;
  OneMoment& operator=(const OneMoment&) = delete;
  ~OneMoment() USERTAGS_RELEASE_GENERIC() { lock_.unlock_shared(); }

 private:
  MomentLock& lock_;
};

}   // namespace usertags::index
