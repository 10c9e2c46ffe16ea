// The one writing connection of a store with its tables, and what concerns the file as a whole: how it is
// made, opened and recovered, its WAL and checkpoints, and whether others write to it. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <sqlite3.h>
#include <usertags/progress.hpp>

#include "sqlite/change_log.hpp"
#include "sqlite/commit_watch.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/external_id_hashes.hpp"
#include "sqlite/observed_vfs.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::sqlite {

// --- The WAL as a file, for what SQLite has no words for. ---

// How long the WAL is; 0 where there is none. Throws Failure.
std::int64_t wal_length(Connection& connection);

// Cuts off what was written behind that length. Within a transaction that writes and has written nothing, and
// only what no commit has written: readers and recovery look at frames up to the last commit. Throws Failure.
void cut_wal(Connection& connection, std::int64_t length);

// Writes the WAL's bytes in place again, and syncs them, before anything is built on a WAL that was left.
// After a failed sync, the page cache may hold what the disk does not, and may count it as written: a later
// sync then succeeds and writes nothing. It goes through SQLite's own file handle: opening the file beside
// SQLite is one thing less to reason about, and tests that record or fail I/O see it. Under SQLite's write
// lock, so that nobody appends to the WAL or starts it anew meanwhile. Does nothing where the WAL is empty,
// or the database has none. Throws Failure.
void rewrite_wal(Connection& connection);

// --- The database. ---

class Database {
 public:
  // Opens, identifies, and, where the mode is `create` or `memory` and the file is empty, makes the schema
  // with `first_state`. For a writing mode it recovers first: the bytes of a WAL that was left are written in
  // place again and synced under SQLite's write lock (after a failed sync the page cache may hold what the
  // disk does not), then checkpointed. Nothing is written into a file that is not a store. Throws Failure,
  // not_a_store for an empty file that is not to be made a store among others.
  Database(const ConnectionConfig& config, const State& first_state);
  Database(const Database&) = delete;   // SQLite's hooks point to it
  Database& operator=(const Database&) = delete;

  Connection& connection() noexcept { return connection_; }
  StateTable& state() noexcept { return state_; }
  ChangeLog& log() noexcept { return log_; }
  UserTable& users() noexcept { return users_; }
  ExternalIdHashes& hashes() noexcept { return hashes_; }
  TokenTable& tokens() noexcept { return tokens_; }

  // See DataVersion. Within a transaction that writes.
  std::int64_t data_version();

  // To be called within a transaction in which writing pages may fail before the COMMIT, before they are
  // written, or in one right before vacuum(): such a failure is then not taken for a commit of others. Throws
  // Failure.
  void watch_commits();
  // Gives the disk back what such a transaction wrote into the WAL before it was rolled back: void frames,
  // which the next commit would overwrite, but which take room until then, perhaps all that is left. Within a
  // transaction that has written nothing, and in which data_version() has said that nobody else has written.
  // Throws Failure.
  void cut_void_frames();
  bool has_void_frames() const noexcept { return wal_length_.has_value(); }   // perhaps
  // See maintenance.hpp; behind watch_commits().
  Transaction::Commit vacuum(const Progress& progress);

  enum class Checkpointed : std::uint8_t { whole, partly };   // partly: a reader pins the WAL
  // PASSIVE: never waits. The next commit overwrites the WAL from its start when it was whole and no reader
  // is in the midst of the WAL.
  Checkpointed checkpoint();
  // TRUNCATE: waits for readers up to the busy timeout; throws Failure (busy).
  void checkpoint_and_truncate();

  std::uint64_t wal_bytes() const noexcept;   // of frames in use, by the last commit or checkpoint
  std::uint64_t database_bytes() { return connection_.database_bytes(); }
  std::uint64_t pages_in_use() { return connection_.pages_in_use(); }
  bool moved() const noexcept { return connection_.moved(); }

  // Closes for good. With a whole checkpoint behind it, the WAL goes; else it stays for recovery: nothing of
  // a commit whose outcome is unknown may be thrown away.
  void close() noexcept;
  void abandon() noexcept;   // in a child after fork

 private:
  static int on_commit_begun(void* database) noexcept;
  static int on_wal_grown(void* database, sqlite3*, const char*, int frames) noexcept;
  void install_hooks();
  Checkpointed run_checkpoint(int mode);
  void settle_watch();
  void try_to_settle_watch() noexcept;

  // Since watch_commits(): whether it was others who made the version change.
  struct Watch {
    std::optional<CommitWatch> others;     // none where there can be no others
    std::optional<std::int64_t> version;   // SQLite's, then; none: not watching
  };
  std::optional<std::int64_t> wal_length_;   // when watching began; none: a commit has been since

  Connection connection_;
  StateTable state_;
  ChangeLog log_;
  UserTable users_;
  ExternalIdHashes hashes_;
  TokenTable tokens_;
  DataVersion data_version_;
  std::int64_t own_failures_ = 0;   // what they added to SQLite's data version
  Watch watch_;
  const bool in_memory_;
  const bool is_alone_;   // no other connection can write
  const std::chrono::milliseconds busy_timeout_;
  std::uint64_t page_bytes_;
  std::uint64_t wal_frames_ = 0;
  bool all_in_database_ = true;   // no COMMIT was as much as begun since the last whole checkpoint
};

}   // namespace usertags::sqlite
