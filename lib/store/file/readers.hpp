// Readers: connections of their own for reading a store's file (mode=ro), so that who reads never waits for a
// sync nor holds up a commit. Opened when needed, and kept for the next call. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "model/failure.hpp"
#include "model/thread_annotations.hpp"
#include "store/file/reading.hpp"

namespace usertags::store {

// What reads over a connection is a Part: it is made with it, and lives as long.
template <class Part>
class Readers {
 public:
  using Make = std::function<Part(sqlite::Connection&)>;

  // `store` is a resolved path (store_path.hpp).
  Readers(std::filesystem::path store, std::chrono::milliseconds busy_timeout, Make make)
      : store_(std::move(store)), busy_timeout_(busy_timeout), make_(std::move(make)) {}
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Runs function(Part&), again where its reading was void (reading.hpp): it leaves nothing behind that
  // would harm then. Throws what that throws, and Failure: store_closed, busy, and what open_for_reading()
  // throws.
  template <class Function>
  decltype(auto) with_reader(Function&& function) {
    for (ReadingAgain again(busy_timeout_);; again.next(store_)) {
      Loan loan(*this);
      try {
        auto answer = function(loan.part());
        if (loan.is_void()) continue;
        loan.give_back();
        return answer;
      } catch (...) {
        if (!loan.is_void()) throw;
      }
    }
  }

  // Waits until every reader is back, and closes them. Later calls answer store_closed.
  void close() noexcept USERTAGS_EXCLUDES(mutex_) {
    const model::MutexLock lock(mutex_);
    closed_ = true;
    std::unique_lock native(mutex_.native(), std::adopt_lock);
    all_back_.wait(native, [this]() USERTAGS_NO_THREAD_SAFETY_ANALYSIS { return lent_ == 0; });
    native.release();   // the lock is `lock`'s to give back
    idle_.clear();
  }

 private:
  static constexpr std::size_t kMaxIdle = 4;

  struct Reader {
    Reader(Reading opened, const Make& make) : reading(std::move(opened)), part(make(reading.connection)) {}

    Reading reading;
    Part part;
  };

  // A reader whose reading failed is not used again.
  class Loan {
   public:
    explicit Loan(Readers& owner) : owner_(owner), reader_(owner.lend()) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      reader_.reset();
      owner_.returned();
    }

    Part& part() noexcept { return reader_->part; }
    bool is_void() const { return reader_->reading.is_void(); }
    void give_back() noexcept { owner_.keep(reader_); }

   private:
    Readers& owner_;
    std::unique_ptr<Reader> reader_;
  };

  std::unique_ptr<Reader> lend() USERTAGS_EXCLUDES(mutex_) {
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
      return std::make_unique<Reader>(open_for_reading(store_, busy_timeout_), make_);
    } catch (...) {
      returned();
      throw;
    }
  }

  // One that reads the file as immutable keeps writers out, or would not see them: it is closed at once.
  void keep(std::unique_ptr<Reader>& reader) noexcept USERTAGS_EXCLUDES(mutex_) {
    if (reader->reading.is_immutable()) return;
    const model::MutexLock lock(mutex_);
    if (!closed_ && idle_.size() < kMaxIdle) idle_.push_back(std::move(reader));
  }

  void returned() noexcept USERTAGS_EXCLUDES(mutex_) {
    const model::MutexLock lock(mutex_);
    if (--lent_ == 0) all_back_.notify_all();
  }

  const std::filesystem::path store_;
  const std::chrono::milliseconds busy_timeout_;
  const Make make_;

  model::Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_ USERTAGS_GUARDED_BY(mutex_);
  std::size_t lent_ USERTAGS_GUARDED_BY(mutex_) = 0;
  bool closed_ USERTAGS_GUARDED_BY(mutex_) = false;
  std::condition_variable all_back_;
};

}   // namespace usertags::store
