// FileWriter: brings a group into the file, in one transaction: the log's entries, creations and deletions in
// table `user`, tokens, a little housekeeping, and the commit record. Used under the lead only.
//
// Housekeeping stands in a savepoint behind the group's own rows, so that its failure harms no group.
// What is kept here (state, fold schedule) changes only when the file has committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <usertags/options.hpp>
#include <usertags/progress.hpp>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "sqlite/database.hpp"
#include "store/watch/logger.hpp"
#include "store/watch/metrics.hpp"
#include "store/write/fold_schedule.hpp"
#include "store/write/pending_group.hpp"
#include "store/write/retention.hpp"

namespace usertags::store {

class FileWriter {
 public:
  // The database as it was loaded into memory: at `state`, with so many users, and `folds` to be done. Tokens
  // that the file forgets are forgotten in memory.
  FileWriter(sqlite::Database& database, const index::Projection& projection, index::TokenIndex& tokens,
             const Options& options, const Logger& logger, Metrics& metrics, const sqlite::State& state,
             FoldSchedule folds, std::uint64_t users);

  const sqlite::State& state() const noexcept { return state_; }

  // Commits the group; where it is not committed, the error says why, and nothing has changed. Throws what
  // fails before the COMMIT, with nothing applied: Failure (busy, foreign_write, disk_full, …),
  // std::bad_alloc.
  sqlite::Transaction::Commit commit(const PendingGroup& group);

  // Users folded in one commit of maintenance: some milliseconds of work.
  static constexpr std::size_t kMaintenanceUsers = 4096;

  // Commits housekeeping alone: up to so many users folded, and what can be pruned then. True while more is
  // left to do. Throws Failure where it cannot.
  bool maintain(std::size_t users);

  // Gives free pages up (sqlite/vacuum.hpp). Throws Failure where it cannot begin: foreign_write, busy, ….
  sqlite::Transaction::Commit vacuum(const Progress& progress);

  // The marks of opening after an unclean end and of closing in good order. A store that is not clean was
  // written to and not closed since; one that nobody writes to stays clean, and its file untouched.
  void begin_epoch(std::uint64_t epoch);
  void mark_clean();

 private:
  // What comes with a commit: housekeeping keeps pace with it.
  struct Newcomers {
    std::size_t changes = 0;
    std::size_t tokens = 0;
  };

  // Housekeeping that was done within a transaction and counts once that is committed.
  struct Housework {
    std::optional<FoldSchedule::Step> fold;
    std::uint64_t log_floor = 0;
    std::uint64_t floor_checksum = 0;
    std::uint64_t token_floor = 0;
  };

  void check_unchanged();
  void try_to_watch() noexcept;
  void append(const PendingGroup& group);
  std::size_t due(const PendingGroup& group) const;
  std::optional<Housework> try_housework(std::size_t users, const Newcomers& newcomers);
  Housework do_housework(std::size_t users, const Newcomers& newcomers);
  void fold(const FoldSchedule::Step& step);
  void prune_log(Housework& work, std::uint64_t folded_revision, std::size_t changes);
  void prune_tokens(Housework& work, std::size_t tokens);
  void take(const PendingGroup& group);
  void take(const sqlite::State& state, const std::optional<Housework>& work);
  void commit_state(sqlite::State state);
  static void apply(const std::optional<Housework>& work, sqlite::State& state);

  sqlite::Database& database_;
  const index::Projection& projection_;
  index::TokenIndex& tokens_;
  Retention retention_;
  const std::uint64_t backlog_bound_;
  const Logger& logger_;
  Metrics& metrics_;

  sqlite::State state_;   // as committed
  FoldSchedule folds_;
  std::vector<sqlite::ChangeLog::Entry> entries_;   // of the group under way
  std::uint64_t users_;
  std::int64_t data_version_;   // what SQLite says while nobody else has written
};

}   // namespace usertags::store
