// SignalsBlocked: while it lives, the calling thread takes no signals, and neither does ever a thread that it makes
// meanwhile. They are the host's threads' to handle.
#pragma once

#include <pthread.h>
#include <csignal>
#include <future>
#include <utility>

namespace usertags::model {

class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// Begins the function on a thread that takes no signals; where the system gives none, it is run when its result is
// asked for.
template <class Function>
auto begin_beside(Function&& function) {
  const SignalsBlocked blocked;
  return std::async(std::launch::async | std::launch::deferred, std::forward<Function>(function));
}

}   // namespace usertags::model
