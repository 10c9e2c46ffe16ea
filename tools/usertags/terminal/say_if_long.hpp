// SayIfLong: says something, once, where what goes on while it lives takes long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace usertags::command {

class SayIfLong {
 public:
  // `say` is called on a thread of its own, which takes no signals. Nothing else may be said meanwhile.
  explicit SayIfLong(std::function<void()> say, std::chrono::milliseconds after = std::chrono::seconds(2));
  SayIfLong(const SayIfLong&) = delete;
  SayIfLong& operator=(const SayIfLong&) = delete;
  ~SayIfLong();   // waits until it is said, where that has begun

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

}   // namespace usertags::command
