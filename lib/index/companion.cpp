#include "index/companion.hpp"

#include <new>
#include <system_error>

#include "model/signals_blocked.hpp"

namespace usertags::index {

Companion::~Companion() {
  {
    const model::MutexLock lock(mutex_);
    ends_ = true;
  }
  has_work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t Companion::start(Work& work) noexcept {
  std::uint64_t started = 0;
  {
    const model::MutexLock lock(mutex_);
    work.next_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_) = &work;
    last_ = &work;
    started = ++started_;
  }
  if (has_thread())
    has_work_.notify_one();
  else
    finish(started);
  return started;
}

void Companion::finish(std::uint64_t count) noexcept {
  const model::MutexLock lock(mutex_);
  run_until(count);
}

void Companion::finish() noexcept {
  const model::MutexLock lock(mutex_);
  run_until(started_);
}

void Companion::run_until(std::uint64_t count) noexcept {
  while (done_ < count) {
    if (is_running_)
      has_done_.wait(mutex_);
    else
      run_next();
  }
}

bool Companion::has_thread() noexcept {
  if (was_asked_) return thread_.joinable();
  was_asked_ = true;
  try {
    const model::SignalsBlocked blocked;
    thread_ = std::thread([this] { run_thread(); });
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  return thread_.joinable();
}

void Companion::run_thread() noexcept {
  const model::MutexLock lock(mutex_);
  while (true) {
    if (first_ != nullptr && !is_running_)
      run_next();
    else if (ends_ && first_ == nullptr)
      return;
    else
      has_work_.wait(mutex_);
  }
}

void Companion::run_next() noexcept {
  Work& work = *first_;
  first_ = work.next_;
  is_running_ = true;
  mutex_.unlock();
  work.run();
  mutex_.lock();
  is_running_ = false;
  ++done_;
  has_done_.notify_all();
  if (first_ != nullptr) has_work_.notify_one();   // what came meanwhile, where the thread did not do this
}

}   // namespace usertags::index
