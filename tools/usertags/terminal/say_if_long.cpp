#include "terminal/say_if_long.hpp"

#include <csignal>
#include <utility>

namespace usertags::command {

SayIfLong::SayIfLong(std::function<void()> say, std::chrono::milliseconds after) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, say = std::move(say), after] {
    std::unique_lock lock(mutex_);
    if (!over_.wait_for(lock, after, [this] { return is_over_; })) say();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SayIfLong::~SayIfLong() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_one();
  thread_.join();
}

}   // namespace usertags::command
