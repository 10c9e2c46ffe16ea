#include "sqlite/maintenance.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::sqlite {

namespace {

// 2 MiB of the pages that stores have: a millisecond or a few, after which a host is asked whether to go on.
constexpr int kPagesAStep = 256;

class Copying {
 public:
  Copying(Connection& from, Connection& to)
      : to_(to),
        doing_("cannot write the copy of " + from.name()),
        backup_(sqlite3_backup_init(to.handle(), "main", from.handle(), "main")) {
    if (backup_ == nullptr) throw_failure(to.handle(), sqlite3_extended_errcode(to.handle()), doing_);
  }
  Copying(const Copying&) = delete;
  Copying& operator=(const Copying&) = delete;
  ~Copying() { sqlite3_backup_finish(backup_); }

  // False: that was the last one, and the copy is committed.
  bool step() {
    const int result = sqlite3_backup_step(backup_, kPagesAStep);
    if (result != SQLITE_OK && result != SQLITE_DONE) throw_failure(to_.handle(), result, doing_);
    return result == SQLITE_OK;
  }

  bool tell(const Progress& progress) const {
    const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup_));
    const auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(backup_));
    return !progress || progress(total - left, total);
  }

 private:
  Connection& to_;
  const std::string doing_;
  sqlite3_backup* backup_;
};

// Nobody else opens the file: without a -shm, whose index of the WAL is kept in memory then, and without a
// rollback journal, because a copy that is not finished is thrown away.
Connection open_copy(const std::filesystem::path& file) {
  ConnectionConfig config;
  config.path = file;
  config.mode = OpenMode::read_write;
  config.exclusive = true;
  Connection copy(config);
  copy.execute("PRAGMA journal_mode=MEMORY");
  return copy;
}

void copy_pages(Connection& from, Connection& to, const Progress& progress) {
  Copying copying(from, to);
  for (bool more = true; more;) {
    more = copying.step();
    if (!copying.tell(progress))
      model::fail(ErrorCode::cancelled, "the copy of " + from.name() + " was cancelled");
  }
}

void mark_unclean(Connection& copy) {
  StateTable table(copy);
  Transaction transaction(copy);
  State state = table.read();
  state.clean = false;
  table.write(state);
  if (auto commit = transaction.commit(); commit.error) throw model::Failure{std::move(*commit.error)};
}

// The checkpoint syncs the whole file.
void move_wal_into(Connection& copy) {
  const int result =
      sqlite3_wal_checkpoint_v2(copy.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (result != SQLITE_OK) throw_failure(copy.handle(), result, "cannot finish the copy");
  copy.remove_wal_at_close();
}

}   // namespace

void copy_database(Connection& from, const std::filesystem::path& file, const Progress& progress) {
  Connection copy = open_copy(file);
  copy_pages(from, copy, progress);
  copy.enter_wal_mode();
  mark_unclean(copy);
  move_wal_into(copy);
  copy.close();
}

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

namespace {

// SQLite tells a page that it could not get for want of memory among the problems.
void refuse_if_out_of_memory(Connection& connection, std::string_view problem) {
  static constexpr std::string_view kMark = "error code";
  for (auto at = problem.find(kMark); at != std::string_view::npos; at = problem.find(kMark, at)) {
    at += kMark.size() + 1;   // and '=', or a space
    if (at >= problem.size()) return;
    int code = SQLITE_OK;
    std::from_chars(problem.data() + at, problem.data() + problem.size(), code);
    if (code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
      throw_failure(connection.handle(), code, "cannot check the file");
  }
}

// SQLite tells several problems in one text, under the database's name.
void append_lines(std::string_view told, std::vector<std::string>& problems) {
  while (!told.empty()) {
    const std::string_view line = told.substr(0, told.find('\n'));
    if (!line.empty() && !line.starts_with("***")) problems.emplace_back(line);
    told.remove_prefix(std::min(line.size() + 1, told.size()));
  }
}

std::vector<std::string> check_integrity(Connection& connection) {
  std::vector<std::string> problems;
  Statement check(connection, "PRAGMA integrity_check(100)");
  while (check.step()) {
    const std::string_view told = check.text(0);
    if (told == "ok") continue;
    refuse_if_out_of_memory(connection, told);
    append_lines(told, problems);
  }
  return problems;
}

// Of an overflow page that it could not get SQLite does not tell why. Where it was for want of memory, it gets the
// page another time, or tells so.
bool may_lack_memory(const std::string& problem) {
  return problem.contains("failed to get page");
}

}   // namespace

std::vector<std::string> integrity_problems(Connection& connection) {
  std::vector<std::string> problems = check_integrity(connection);
  return std::ranges::any_of(problems, may_lack_memory) ? check_integrity(connection) : problems;
}

namespace {

// Null where there is none: of a database in memory, or one without a WAL.
sqlite3_file* open_file(Connection& connection, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", which, &file);
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

std::uint64_t size_of(const Connection& connection, sqlite3_file& file) {
  sqlite3_int64 size = 0;
  const int result = file.pMethods->xFileSize(&file, &size);
  if (result != SQLITE_OK) throw_failure(connection.handle(), result, "cannot read the size of a file");
  return static_cast<std::uint64_t>(size);
}

}   // namespace

void expect_whole_file(Connection& connection) {
  sqlite3_file* const database = open_file(connection, SQLITE_FCNTL_FILE_POINTER);
  sqlite3_file* const wal = open_file(connection, SQLITE_FCNTL_JOURNAL_POINTER);
  if (database == nullptr || (wal != nullptr && size_of(connection, *wal) != 0)) return;
  const std::uint64_t size = size_of(connection, *database);
  const std::uint64_t expected = connection.database_bytes();
  if (size >= expected) return;
  model::fail(ErrorCode::corrupt_store, connection.name() + " was cut short: it has " + std::to_string(size) +
                                            " bytes, and its header speaks of " + std::to_string(expected));
}

}   // namespace usertags::sqlite
