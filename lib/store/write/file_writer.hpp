// FileWriter: brings a group into the file, in one transaction: the log's segments, creations and deletions in
// table `user`, tokens, a little housekeeping, and the commit record. Used under the lead only.
//
// Housekeeping harms no group: where it fails, or what comes behind it, all is rolled back, the group is
// committed without it, and it is put off for a while.
// What is kept here (state, fold schedule) changes only when the file has committed, and then without a way
// to fail.
//
// Where there is an outer log, what its entries have settled is settled by them alone: lived time stands still in
// a store that does not lead, and it prunes no further than the leader has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <usertags/options.hpp>
#include <usertags/progress.hpp>

#include "sqlite/database.hpp"
#include "store/memory/memory.hpp"
#include "store/watch/telemetry.hpp"
#include "store/write/folded_rows.hpp"
#include "store/write/housekeeping.hpp"
#include "store/write/outer_log.hpp"
#include "store/write/pending_group.hpp"

namespace usertags::store {

class FileWriter {
 public:
  // The database as it was loaded into memory: at `state`, with `folds` to be done.
  FileWriter(sqlite::Database& database, const sqlite::State& state, FoldSchedule folds,
             const Options& options, Memory& memory, Telemetry& telemetry);

  const sqlite::State& state() const noexcept { return state_; }

  // A group of up to so many changes is going to be judged: what is folded with it is made ready beside. Nothing is
  // published before commit(). Throws std::bad_alloc.
  void make_ready(std::size_t changes);

  // What a group will be in memory, which may still be being prepared; null where it is nothing there.
  using InMemory = const index::Projection::Publication*;

  // Commits the group, when memory has room for it; where it is not committed, the error says why, and nothing has
  // changed. Throws what fails before the COMMIT, with nothing applied: Failure (busy, foreign_write, disk_full, …),
  // std::bad_alloc. Tokens that the file has forgotten with it (State::token_floor) are still in memory.
  sqlite::Transaction::Commit commit(const PendingGroup& group, InMemory prepared);

  // What the leader of an outer log had pruned, from the next commit on; none: this store leads, or there is no
  // such log. Whoever comes to lead goes on with lived time from where the entries have come.
  void follow(const Floors& floors) noexcept { floors_ = floors; }
  void lead() noexcept;

  // Users folded in one commit of maintenance: some milliseconds of work.
  static constexpr std::size_t kMaintenanceUsers = 4096;

  // Commits housekeeping alone: up to so many users folded, and what can be pruned then. True while more is
  // left to do. Tokens that the file forgets are forgotten in memory. Throws Failure where it cannot.
  bool maintain(std::size_t users);

  // Gives free pages up (sqlite/maintenance.hpp). Throws Failure where it cannot begin: foreign_write, busy,
  // ….
  sqlite::Transaction::Commit vacuum(const Progress& progress);

  // The marks of opening after an unclean end and of closing in good order. A store that is not clean was
  // written to and not closed since; one that nobody writes to stays clean, and its file untouched.
  void begin_epoch(std::uint64_t epoch);
  void mark_clean();

  // One durable commit of the settings alone. Throws Failure where it cannot.
  void change_settings(const PendingGroup& group);

  // Binds the file to a cluster, in an epoch of its own. Survives power loss. Throws Failure where it cannot.
  void bind(const sqlite::Binding& binding, std::uint64_t epoch);

  std::int64_t lived_ms() const noexcept { return floors_ ? state_.lived_ms : lived_.now_ms(); }

 private:
  // Housekeeping that was done within a transaction and counts once that is committed.
  struct Housework {
    std::optional<FoldSchedule::Portion> fold;
    std::uint64_t log_floor = 0;
    std::uint64_t floor_checksum = 0;
    std::uint64_t token_floor = 0;
  };

  void choose_durability();
  void check_unchanged();
  void append(const PendingGroup& group);
  std::size_t due(std::size_t changes) const;
  // None where housekeeping failed, or a transaction because of it: all is as it was.
  std::optional<sqlite::Transaction::Commit> try_with_housework(const PendingGroup& group, InMemory prepared);
  sqlite::Transaction::Commit commit_without_housework(const PendingGroup& group, InMemory prepared);
  static void expect(InMemory prepared);
  sqlite::Transaction::Commit finish(sqlite::Transaction& transaction, sqlite::State state,
                                     const Housework* work);
  template <class Work>
  sqlite::Transaction::Commit leaving_no_void_frames(Work&& work);
  void put_off(const Error& why) noexcept;
  void give_void_frames_back() noexcept;
  bool has_done_anything(const Housework& work) const noexcept;
  Housework do_housework(std::size_t users, const Retention::Newcomers& newcomers);
  void fold(const FoldSchedule::Portion& portion);
  void prune_log(Housework& work, std::uint64_t folded_revision, const Retention::Newcomers& newcomers);
  void prune_tokens(Housework& work, const Retention::Newcomers& newcomers);
  void prune_forgotten();
  std::uint64_t token_floor() const noexcept;
  std::int64_t settled_lived_ms() const noexcept;
  void forget_tokens() noexcept;
  void count_users(const PendingGroup& group) noexcept;
  void advance_to(const sqlite::State& state, const Housework* work) noexcept;
  void commit_state(sqlite::State state);
  static void apply(const Housework& work, sqlite::State& state) noexcept;

  sqlite::Database& database_;
  Memory& memory_;
  Retention retention_;
  LivedTime lived_;
  const std::uint64_t backlog_bound_;
  const Durability durability_;
  Telemetry& telemetry_;

  Durability durability_now_;   // the connection's
  sqlite::State state_;         // as committed
  FoldSchedule folds_;
  FoldedRows rows_;                // of those who are next in the schedule
  std::optional<Floors> floors_;   // of who leads; none: nobody else does
  Postponement postponement_;      // of housekeeping with a group
  std::uint64_t users_;
  std::int64_t data_version_;   // what SQLite says while nobody else has written
};

}   // namespace usertags::store
