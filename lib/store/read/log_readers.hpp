// LogReaders: connections of their own for reading the log of a file (mode=ro), so that the feed never waits
// for a sync nor holds up a commit. Opened when needed, and kept for the next call. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "index/projection.hpp"
#include "model/thread_annotations.hpp"
#include "store/file/reading.hpp"
#include "store/read/log_reader.hpp"

namespace usertags::store {

class LogReaders {
 public:
  // `store` is a resolved path (store_path.hpp).
  LogReaders(std::filesystem::path store, const sqlite::StoreId& store_id,
             const index::Projection& projection, std::chrono::milliseconds busy_timeout)
      : store_(std::move(store)), store_id_(store_id), projection_(projection), busy_timeout_(busy_timeout) {}
  LogReaders(const LogReaders&) = delete;
  LogReaders& operator=(const LogReaders&) = delete;

  // Runs function(LogReader&), again where its reading was void (reading.hpp): it leaves nothing behind that
  // would harm then. Throws what that throws, and Failure: store_closed, busy, and what open_for_reading()
  // throws.
  template <class Function>
  decltype(auto) with_reader(Function&& function) {
    for (ReadingAgain again(busy_timeout_);; again.next(store_)) {
      Loan loan(*this);
      try {
        auto answer = function(loan.reader());
        if (loan.is_void()) continue;
        loan.give_back();
        return answer;
      } catch (...) {
        if (!loan.is_void()) throw;
      }
    }
  }

  // Waits until every reader is back, and closes them. Later calls answer store_closed.
  void close() noexcept USERTAGS_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kMaxIdle = 4;

  struct Reader {
    Reader(Reading opened, const index::Projection& projection, const sqlite::StoreId& store_id)
        : reading(std::move(opened)), log(reading.connection, projection, store_id) {}

    Reading reading;
    LogReader log;
  };

  // A reader whose reading failed is not used again.
  class Loan {
   public:
    explicit Loan(LogReaders& owner) : owner_(owner), reader_(owner.take()) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      reader_.reset();
      owner_.returned();
    }

    LogReader& reader() noexcept { return reader_->log; }
    bool is_void() const { return reader_->reading.is_void(); }
    void give_back() noexcept { owner_.keep(reader_); }

   private:
    LogReaders& owner_;
    std::unique_ptr<Reader> reader_;
  };

  std::unique_ptr<Reader> take() USERTAGS_EXCLUDES(mutex_);
  void keep(std::unique_ptr<Reader>& reader) noexcept USERTAGS_EXCLUDES(mutex_);
  void returned() noexcept USERTAGS_EXCLUDES(mutex_);

  const std::filesystem::path store_;
  const sqlite::StoreId store_id_;
  const index::Projection& projection_;
  const std::chrono::milliseconds busy_timeout_;

  model::Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_ USERTAGS_GUARDED_BY(mutex_);
  std::size_t lent_ USERTAGS_GUARDED_BY(mutex_) = 0;
  bool closed_ USERTAGS_GUARDED_BY(mutex_) = false;
  std::condition_variable all_back_;
};

}   // namespace usertags::store
