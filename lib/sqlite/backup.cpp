#include "sqlite/backup.hpp"

#include <cstdint>
#include <string>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "sqlite/sqlite_error.hpp"
#include "sqlite/state.hpp"
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

}   // namespace usertags::sqlite
