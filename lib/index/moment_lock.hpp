// MomentLock: shared by those who look at one moment, exclusive for whoever makes the next. Whoever comes
// first is served first: a stream of readers cannot starve the publisher, because it waits holding the gate
// that they have to pass, nor can publishing starve readers.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "model/thread_annotations.hpp"

namespace usertags::index {

class USERTAGS_CAPABILITY("shared_mutex") MomentLock {
 public:
  void lock() USERTAGS_ACQUIRE() {
    const std::lock_guard gate(gate_);
    lock_.lock();
  }
  void unlock() USERTAGS_RELEASE() { lock_.unlock(); }
  void lock_shared() USERTAGS_ACQUIRE_SHARED() {
    const std::lock_guard gate(gate_);
    lock_.lock_shared();
  }
  void unlock_shared() USERTAGS_RELEASE_SHARED() { lock_.unlock_shared(); }

 private:
  std::mutex gate_;
  std::shared_mutex lock_;
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
