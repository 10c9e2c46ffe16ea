// EndOfThread: a function that is called at the end of each thread that has asked for it. (An object that is thread_local
// has a destructor, but where there is no memory to note that, the process ends.) It is a constant of a namespace: who asks
// before those are made is told that there will be no call.
#pragma once

#include <pthread.h>

namespace usertags::model {

class EndOfThread {
 public:
  explicit EndOfThread(void (*function)(void*)) noexcept : made_(pthread_key_create(&key_, function) == 0) {}
  EndOfThread(const EndOfThread&) = delete;
  EndOfThread& operator=(const EndOfThread&) = delete;
  ~EndOfThread() {
    if (made_) pthread_key_delete(key_);
  }

  // function(value), when the calling thread ends; false: it will not be called.
  bool will_get(void* value) const noexcept { return made_ && pthread_setspecific(key_, value) == 0; }

 private:
  pthread_key_t key_{};
  const bool made_;
};

}   // namespace usertags::model
