#include "sqlite/vacuum.hpp"

#include <algorithm>
#include <cstdint>

#include <sqlite3.h>

#include "sqlite/sqlite_error.hpp"

namespace usertags::sqlite {
namespace {

// Steps of SQLite's machine: some hundred rows, less than a millisecond without the disk.
constexpr int kStepsAtOnce = 2'000;

int counter(Connection& connection, int which) noexcept {
  int now = 0;
  int highest = 0;
  sqlite3_db_status(connection.handle(), which, &now, &highest, 0);
  return now;
}

// With temp_store=MEMORY the temporary database would be held in memory as a whole.
class TemporaryFiles {
 public:
  explicit TemporaryFiles(Connection& connection) : connection_(connection) {
    connection_.execute("PRAGMA temp_store=FILE");
  }
  TemporaryFiles(const TemporaryFiles&) = delete;
  TemporaryFiles& operator=(const TemporaryFiles&) = delete;
  ~TemporaryFiles() {
    sqlite3_exec(connection_.handle(), "PRAGMA temp_store=MEMORY", nullptr, nullptr, nullptr);
  }

 private:
  Connection& connection_;
};

// Asks the host from within SQLite, while it lives. Every page is read once, past the cache but for a few.
class Asking {
 public:
  Asking(Connection& connection, const Progress& progress)
      : connection_(connection),
        progress_(progress),
        total_(connection.pages_in_use()),
        read_before_(counter(connection, SQLITE_DBSTATUS_CACHE_MISS)) {
    if (progress_) sqlite3_progress_handler(connection_.handle(), kStepsAtOnce, ask, this);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { sqlite3_progress_handler(connection_.handle(), 0, nullptr, nullptr); }

 private:
  static int ask(void* self) noexcept {
    const Asking& asking = *static_cast<Asking*>(self);
    const int read = counter(asking.connection_, SQLITE_DBSTATUS_CACHE_MISS) - asking.read_before_;
    const std::uint64_t done = std::min(static_cast<std::uint64_t>(read), asking.total_);
    return asking.progress_(done, asking.total_) ? 0 : 1;
  }

  Connection& connection_;
  const Progress& progress_;
  const std::uint64_t total_;
  const int read_before_;
};

}   // namespace

Transaction::Commit vacuum(Connection& connection, const Progress& progress) {
  const TemporaryFiles files(connection);
  const Asking asking(connection, progress);
  const int written_before = counter(connection, SQLITE_DBSTATUS_CACHE_WRITE);
  const int result = sqlite3_exec(connection.handle(), "VACUUM", nullptr, nullptr, nullptr);
  if (result == SQLITE_OK) return {CommitOutcome::committed, {}};
  // The temporary database, with its own counter, is gone: what is counted more are pages of the file.
  const bool is_untouched = counter(connection, SQLITE_DBSTATUS_CACHE_WRITE) == written_before;
  return {outcome_of_commit(result, !is_untouched), to_error(connection.handle(), result, "cannot compact")};
}

}   // namespace usertags::sqlite
