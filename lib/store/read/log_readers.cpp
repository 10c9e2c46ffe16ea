#include "store/read/log_readers.hpp"

#include "model/failure.hpp"

namespace usertags::store {

std::unique_ptr<LogReaders::Reader> LogReaders::take() {
  {
    const model::MutexLock lock(mutex_);
    if (closed_) throw model::Failure{ErrorCode::store_closed};
    idle_.reserve(kMaxIdle);
    ++lent_;
    if (!idle_.empty()) {
      std::unique_ptr<Reader> reader = std::move(idle_.back());
      idle_.pop_back();
      if (!reader->reading.connection.moved()) return reader;
    }
  }
  try {
    return std::make_unique<Reader>(open_for_reading(store_, busy_timeout_), projection_, store_id_);
  } catch (...) {
    returned();
    throw;
  }
}

// One that reads the file as immutable keeps writers out, or would not see them: it is closed at once.
void LogReaders::keep(std::unique_ptr<Reader>& reader) noexcept {
  if (reader->reading.is_immutable()) return;
  const model::MutexLock lock(mutex_);
  if (!closed_ && idle_.size() < kMaxIdle) idle_.push_back(std::move(reader));
}

void LogReaders::returned() noexcept {
  const model::MutexLock lock(mutex_);
  if (--lent_ == 0) all_back_.notify_all();
}

void LogReaders::close() noexcept {
  const model::MutexLock lock(mutex_);
  closed_ = true;
  std::unique_lock native(mutex_.native(), std::adopt_lock);
  all_back_.wait(native, [this]() USERTAGS_NO_THREAD_SAFETY_ANALYSIS { return lent_ == 0; });
  native.release();   // the lock is `lock`'s to give back
  idle_.clear();
}

}   // namespace usertags::store
