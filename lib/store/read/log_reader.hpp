// LogReader reads the log for the feed; LogReaders keeps connections for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/error.hpp>

#include "index/projection.hpp"
#include "model/segment.hpp"
#include "model/thread_annotations.hpp"
#include "sqlite/change_log.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"
#include "sqlite/transaction.hpp"
#include "store/file/reading.hpp"

namespace usertags::store {

// LogReader: reads the log over one connection, for the change feed and for histories. Every segment of which
// it shows an entry was held against the checksums of the log. Each call is one read transaction of bounded
// length. One thread at a time.
//
// An entry names its user by ordinal. Whose it is stands in a creation itself; for the others memory tells
// while the user lives, and table `user` afterwards, which keeps a tombstone until the floor has passed the
// deletion. Ordinals, ids and external ids never change hands, so it does not matter which moment is asked.

// A revision that the store has not come to.
Error future_revision(std::uint64_t revision, std::uint64_t newest);

// Who is named by an ordinal, for ever.
struct NamedUser {
  std::uint32_t ordinal = 0;
  std::string id;
  std::string external_id;
};

class LogReader {
 public:
  // Of the store with this id: where another file took its place, reading throws Failure (io_error).
  LogReader(sqlite::Connection& connection, const index::Projection& projection,
            const sqlite::StoreId& store_id);

  // The newest change that is shown: the newest visible one, or, where nobody publishes, the file's.
  using Newest = std::optional<std::uint64_t>;

  // Whole transactions behind a revision, until there are `limit` changes, or many bytes.
  // Errors: history_pruned, future_revision. Throws Failure, std::bad_alloc.
  struct Stretch {
    std::vector<Change> changes;
    std::uint64_t epoch = 0;   // of the file
  };
  Result<Stretch> changes_after(std::uint64_t revision, std::size_t limit, const Newest& newest);

  // One part of a walk over a user's changes, newest first: looks at a bounded part of the log, at most at
  // entries up to `last`, and appends up to `limit` changes of the user.
  struct Part {
    std::uint64_t next = 0;    // where the next part goes on; 0: this was the last one
    std::uint64_t floor = 0;   // of the log
  };
  Part history(const NamedUser& user, std::uint64_t last, std::size_t limit, std::vector<Change>& changes);

  // The user of an id, deleted ones included as long as they are kept; none where there never was one.
  std::optional<NamedUser> find_id(std::string_view id);

  sqlite::State state();

 private:
  // One read transaction. When it is over no row stands: one that did would keep the snapshot, and pin the
  // WAL.
  class Moment {
   public:
    explicit Moment(LogReader& reader) : reader_(reader), transaction_(reader.connection_) {}
    Moment(const Moment&) = delete;
    Moment& operator=(const Moment&) = delete;
    ~Moment() { reader_.users_.reset(); }

   private:
    LogReader& reader_;
    sqlite::ReadTransaction transaction_;
  };

  std::span<const model::Change> entries_of(const model::Segment& segment,
                                            std::optional<std::uint64_t> checksum_before);
  Change shown(const model::Change& entry);
  void read_patch(const model::Change& entry, Change& change);
  void read_before(const model::Change& entry, Change& change);
  void name(std::uint32_t ordinal, Change& change);
  NamedUser named(const sqlite::UserTable::Row& row);

  sqlite::Connection& connection_;
  const index::Projection& projection_;
  const sqlite::StoreId store_id_;
  sqlite::StateTable state_;
  sqlite::ChangeLog::Heads heads_;
  sqlite::ChangeLog::Reader segments_;
  sqlite::ChangeLog::BackReader back_;
  sqlite::UserTable::Finder users_;
  model::SegmentDecoder segment_;
  model::PatchDecoder decoder_;
};

// LogReaders: connections of their own for reading the log of a file (mode=ro), so that the feed never waits
// for a sync nor holds up a commit. Opened when needed, and kept for the next call. Any thread.
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
    explicit Loan(LogReaders& owner) : owner_(owner), reader_(owner.lend()) {}
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

  std::unique_ptr<Reader> lend() USERTAGS_EXCLUDES(mutex_);
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
