// Clang's thread-safety analysis (clang.llvm.org/docs/ThreadSafetyAnalysis.html), and the two types that need
// its attributes. The analysis is checked by every Clang build; other compilers see plain types.
#pragma once

#include <mutex>

#if defined(__clang__)
#define USERTAGS_ATTRIBUTE(x) __attribute__((x))
#else
#define USERTAGS_ATTRIBUTE(x)
#endif
#define USERTAGS_CAPABILITY(name) USERTAGS_ATTRIBUTE(capability(name))
#define USERTAGS_SCOPED_CAPABILITY USERTAGS_ATTRIBUTE(scoped_lockable)
#define USERTAGS_GUARDED_BY(x) USERTAGS_ATTRIBUTE(guarded_by(x))
#define USERTAGS_REQUIRES(...) USERTAGS_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define USERTAGS_REQUIRES_SHARED(...) USERTAGS_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define USERTAGS_ACQUIRE(...) USERTAGS_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define USERTAGS_ACQUIRE_SHARED(...) USERTAGS_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define USERTAGS_RELEASE(...) USERTAGS_ATTRIBUTE(release_capability(__VA_ARGS__))
#define USERTAGS_RELEASE_SHARED(...) USERTAGS_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define USERTAGS_RELEASE_GENERIC(...) USERTAGS_ATTRIBUTE(release_generic_capability(__VA_ARGS__))
#define USERTAGS_EXCLUDES(...) USERTAGS_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define USERTAGS_RETURN_CAPABILITY(x) USERTAGS_ATTRIBUTE(lock_returned(x))
#define USERTAGS_NO_THREAD_SAFETY_ANALYSIS USERTAGS_ATTRIBUTE(no_thread_safety_analysis)

namespace usertags::model {

class USERTAGS_CAPABILITY("mutex") Mutex {
 public:
  void lock() USERTAGS_ACQUIRE() { mutex_.lock(); }
  void unlock() USERTAGS_RELEASE() { mutex_.unlock(); }
  std::mutex& native() noexcept { return mutex_; }   // for std::condition_variable

 private:
  std::mutex mutex_;
};

class USERTAGS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) USERTAGS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() USERTAGS_RELEASE() { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}   // namespace usertags::model
