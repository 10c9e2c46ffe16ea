// UserTagStore: users and their tags, durable in one SQLite file, held whole in memory.
//
//   auto store = usertags::UserTagStore::open("users.db");
//   if (!store) return report(store.error());
//   auto created = store->create_user("user_ext_123", {{"tier", "trial"}});
//   auto applied = store->apply("user_ext_123", usertags::TagBatch().update("tier", "gold").set("seats",
//   "12")); if (!applied) report(applied.error());            // e.g. batch_refused, with every violation at
//   once for (auto [key, value] : applied->user->tags()) show(key, value);
//
// Promises
//   Atomic       a batch is applied whole or not at all, across process crash, OS crash and power loss.
//   Durable      a write that answered success survives them (see Durability).
//   Linearizable a read that starts after an acknowledgement sees it; no read sees an uncommitted change.
//   Agreement    memory changes only after the file has committed; verify() proves the two equal.
//   Three outcomes: applied (a value); not applied (an error); unknown (outcome_unknown: the commit itself
//                failed on its way to the disk; the store then answers store_failed until it is opened
//                again).
//
// Threads: every method but move and destruction may be called from any thread. find, find_each, read, list,
// select, for_each, count, tag_keys, tag_values, plan, revision and stats never wait for a disk, a sync, or
// SQLite. Writes that wait together are committed together; the store makes no thread of its own, but for two
// that help to load it and are gone when it is open.
// Processes: one writes. After fork the child's copy answers `forked`.
// Memory: the users, tags and indexes live in memory as a whole; the file is the truth.
// Errors: no method throws; memory that runs out is answered with out_of_memory. A moved-from or closed
// store answers store_closed. Any write may answer busy, disk_full, io_error, foreign_write, store_failed or
// outcome_unknown, and, with ApplyOptions, timeout (deadline) and token_reused (token); what a method names
// below comes on top.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <usertags/adoption.hpp>
#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/facets.hpp>
#include <usertags/options.hpp>
#include <usertags/page.hpp>
#include <usertags/progress.hpp>
#include <usertags/selector.hpp>
#include <usertags/stats.hpp>
#include <usertags/tag.hpp>
#include <usertags/tag_batch.hpp>
#include <usertags/user.hpp>
#include <usertags/user_ref.hpp>
#include <usertags/write.hpp>

namespace usertags {

class UserTagStore {
 public:
  // Opens the store in the SQLite file at `path`, or makes it (see Options::create_if_missing). Beside the
  // file stand PATH-wal and PATH-shm, which belong to it, and PATH.lock. Recovers from whatever end the last
  // writer had.
  // Errors: store_locked, not_a_store, unsupported_format, corrupt_store, foreign_write, permission_denied,
  // io_error, disk_full, busy, out_of_memory; invalid_argument for options out of range.
  [[nodiscard]] static Result<UserTagStore> open(const std::filesystem::path& path,
                                                 const Options& options = {}) noexcept;

  // The same engine without a file: everything is gone at close. Durability and Access are ignored.
  [[nodiscard]] static Result<UserTagStore> open_in_memory(const Options& options = {}) noexcept;

  // Shows what something other than the store did to its file, which open refuses with foreign_write; checks
  // it against the rules; and takes it into the log as ordinary changes. All of it or nothing: where a change
  // has a problem, and with AdoptOptions::dry_run, no byte of the file changes. It is durable when this
  // returns; the file then opens, and followers go on. The store is closed meanwhile, but for a dry run.
  // What another program began in the file and never committed is taken back first. Takes memory for all
  // users, and for each change. Any thread. Errors: those of open, corrupt_store for what is damaged and not
  // only foreign; store_locked; not_a_store also where there is no file; outcome_unknown (with
  // intended_revision): adopt again; invalid_argument (note, limits).
  [[nodiscard]] static Result<Adoption> adopt(const std::filesystem::path& path,
                                              const AdoptOptions& options = {}) noexcept;

  UserTagStore(UserTagStore&& other) noexcept;
  UserTagStore& operator=(UserTagStore&& other) noexcept;
  ~UserTagStore();   // closes, without folding; users that were handed out live on

  // --- Writes. Each returns when it is durable and visible. ---

  // external_id: the host's own unique id, 1 to 255 characters, no NUL, not of the form of an id.
  // Errors: user_exists (with existing_id), invalid_argument, batch_refused (for the tags).
  [[nodiscard]] Result<Applied> create_user(std::string_view external_id, const TagList& tags = {},
                                            const ApplyOptions& options = {}) noexcept;

  // Applies the batch to one user, whole or not at all. A batch that changes nothing adds no revision.
  // Errors: user_not_found, revision_mismatch, batch_refused (with every violation), invalid_argument.
  [[nodiscard]] Result<Applied> apply(const UserRef& user, const TagBatch& batch,
                                      const ApplyOptions& options = {}) noexcept;

  // The external id is free again afterwards; the id never comes back.
  // Errors: user_not_found, revision_mismatch, invalid_argument.
  [[nodiscard]] Result<Applied> delete_user(const UserRef& user, const ApplyOptions& options = {}) noexcept;

  // Independent writes, in order, each with its own outcome, committed together in bounded groups. One that
  // fails never touches its neighbours. Far cheaper than one call each. outcomes[i] answers writes[i]; with
  // no memory for the outcomes themselves nothing is applied and the vector is empty.
  [[nodiscard]] std::vector<Result<Applied>> apply_each(std::span<const Write> writes) noexcept;

  // All of them or none, as one transaction: to every reader, in the log, and in the feed. They are judged in
  // order, so that a creation can take the external id that a deletion before it has freed; a user may be
  // named once. applied[i] answers writes[i]. Up to 65,536 writes. Errors: whatever a write of them fails
  // with, the first of these with its item(); batch_refused has the violations of all whose batch is refused.
  // invalid_argument where a user is named twice.
  [[nodiscard]] Result<std::vector<Applied>> apply_all(std::span<const Write> writes) noexcept;

  // What `apply` would answer now, with the revision that the user would get. Changes nothing.
  [[nodiscard]] Result<Applied> plan(const UserRef& user, const TagBatch& batch,
                                     const ApplyOptions& options = {}) const noexcept;

  // --- Reads. ---

  // Errors: user_not_found.
  [[nodiscard]] Result<User> find(const UserRef& user) const noexcept;

  // All at one moment. found[i] answers users[i]; empty where no memory is left for it.
  [[nodiscard]] std::vector<Result<User>> find_each(std::span<const UserRef> users) const noexcept;

  // Calls function(const UserView&) without copying or counting anything: the fastest way to look at one
  // user. The function runs under a lock that publishing this user needs: keep it short, do not throw, do
  // not call the store. Errors: user_not_found.
  template <class Function>
    requires std::is_invocable_v<Function&, const UserView&>
  [[nodiscard]] Result<void> read(const UserRef& user, Function&& function) const noexcept {
    return read_with(user, {&function, [](void* target, const UserView& view) {
                              (*static_cast<std::remove_reference_t<Function>*>(target))(view);
                            }});
  }

  // All users, in the order of their creation. A user that is there throughout is returned exactly once.
  // Errors: invalid_argument (limit), invalid_cursor.
  [[nodiscard]] Result<UserPage> list(const PageRequest& page = {}) const noexcept;

  // --- Asking for tags. Each answer is of one moment. ---
  //
  // A selector that was built out of bounds is answered with invalid_selector (Selector::error).

  // The users whom the selector matches, in the order of their creation. Over a walk from page to page, one
  // whom it matches throughout is returned exactly once.
  // Errors: invalid_selector, invalid_argument (limit), invalid_cursor, timeout (deadline).
  [[nodiscard]] Result<UserPage> select(const Selector& selector,
                                        const PageRequest& page = {}) const noexcept;

  // Calls function(const User&) for all of them, a stretch of users at a time, each stretch as of one moment;
  // one who matches throughout comes exactly once. Ends early where the function answers false; it may answer
  // nothing. No lock is held meanwhile: it may take its time and call the store. It must not throw.
  // Errors: invalid_selector, timeout (deadline).
  template <class Function>
    requires std::is_invocable_v<Function&, const User&>
  [[nodiscard]] Result<Visited> for_each(const Selector& selector, Function&& function,
                                         const AskOptions& options = {}) const noexcept {
    return for_each_with(selector, options,
                         {&function, [](void* target, const User& user) -> bool {
                            auto& call = *static_cast<std::remove_reference_t<Function>*>(target);
                            if constexpr (std::is_void_v<std::invoke_result_t<Function&, const User&>>)
                              return call(user), true;
                            else
                              return call(user);
                          }});
  }

  // How many users the selector matches. Errors: invalid_selector, timeout (deadline).
  [[nodiscard]] Result<Count> count(const Selector& selector, const AskOptions& options = {}) const noexcept;

  // The keys that users have, with the number of users. Errors: invalid_argument (limit), invalid_cursor.
  [[nodiscard]] Result<KeyPage> tag_keys(const KeyRequest& request = {}) const noexcept;

  // The values of one key, with the number of users. A key that nobody has has none.
  // Errors: invalid_argument (limit, a key that no tag can have), invalid_cursor.
  [[nodiscard]] Result<ValuePage> tag_values(std::string_view key,
                                             const ValueRequest& request = {}) const noexcept;

  // --- Changes, from the log (change.hpp). They read the file, and never hold up a write; in memory and with
  // Access::exclusive they take turns with writes, for the time of a page. In a read-only store they go as
  // far as the file, which may be ahead of what finds show. ---

  // Where the store stands: behind its newest visible change. For a closed store Position().
  Position position() const noexcept;

  // What was changed behind a position: whole transactions, until there are at least `limit` changes (1 to
  // 10,000), or no more, or 4 MiB. None is shown before it is visible.
  // Errors: history_pruned (with floor), future_revision, invalid_argument (limit, or a position of another
  // store), corrupt_store, foreign_write.
  [[nodiscard]] Result<ChangePage> changes(const Position& after, std::size_t limit = 1'000) const noexcept;

  // Returns the newest revision, as soon as there is one behind the position. In a read-only store, which
  // nobody could wake, it looks at the file 50 times a second.
  // Errors: timeout; store_closed, also when close() comes meanwhile; future_revision, invalid_argument.
  [[nodiscard]] Result<std::uint64_t> wait_for_changes(const Position& after,
                                                       std::chrono::milliseconds timeout) const noexcept;

  // The changes of one user, newest first, as far as they are kept. Who was deleted is found by id, as long
  // as the deletion is kept. There is no index of the log by user: it is walked back to the user's creation
  // or to the log's floor. Errors: user_not_found, invalid_argument (limit), invalid_cursor, corrupt_store,
  // foreign_write, timeout (deadline).
  [[nodiscard]] Result<HistoryPage> history(const UserRef& user, const PageRequest& page = {}) const noexcept;

  // --- Following a file that another process writes: a read-only store. In a store that writes, memory is
  // never behind. Both answer the newest visible revision. ---

  // Brings a read-only store to where its file is now: by the log's new entries, or, where the log no longer
  // reaches back so far, by loading all and taking the difference. Cheap where nothing has changed. Readers
  // see the end of one transaction after the other, and never less than before. Any thread. Errors:
  // store_failed where the file is no continuation of what the store shows (an older copy was put in its
  // place): open it again; corrupt_store, foreign_write, busy, io_error. Reads go on as they were.
  [[nodiscard]] Result<std::uint64_t> refresh() noexcept;

  // Returns when reads show at least this revision: a writer's answer, handed on with its revision, is read
  // here and never missed. A read-only store refreshes, at once and then 50 times a second. Errors: timeout
  // (with current_revision), store_closed, also when close() comes meanwhile, and those of refresh().
  [[nodiscard]] Result<std::uint64_t> read_at_least(std::uint64_t revision,
                                                    std::chrono::milliseconds timeout) noexcept;

  // The newest visible change; 0 for a new store, or a closed one.
  std::uint64_t revision() const noexcept;

  // --- Care. ---

  // Proves what can be proved: SQLite's own check, the schema, every checksum, the digest, that file and
  // memory agree in every user, that the tag index equals the users' tags. Reads go on meanwhile; writes wait
  // for short moments. Problems are in the report; an error means that it could not be made.
  [[nodiscard]] Result<VerifyReport> verify() const noexcept;

  Stats stats() const noexcept;

  // --- Settings (settings.hpp): they are the store's, whoever opens it. ---

  // A read-only store shows those of its opening or last refresh().
  [[nodiscard]] Result<StoredSettings> settings() const noexcept;

  // One durable commit, in its turn among the writes: no revision, nothing in the feed. It holds for writes
  // that are judged later; what a lower bound lets go is removed by later housekeeping, a little at a time.
  // Answers the settings as they are then; what changes nothing writes nothing. With `expected_version`, only
  // settings of this version are changed. Errors: settings_mismatch (current_version()), invalid_argument
  // (the value and its range), read_only, and those of every commit.
  [[nodiscard]] Result<StoredSettings> change_settings(
      const SettingsChange& change, std::optional<std::uint64_t> expected_version = {}) noexcept;

  // Moves the WAL into the database file. Errors: busy (a reader pins the WAL).
  [[nodiscard]] Result<void> checkpoint() noexcept;

  // Folds, prunes and checkpoints for up to `budget`, or until nothing is left to do. For a host that would
  // rather do it on a thread of its own than with its commits. Errors: invalid_argument (a budget that is not
  // above zero).
  [[nodiscard]] Result<void> maintain(std::chrono::milliseconds budget) noexcept;

  // An online copy: the store as it is at one moment, every acknowledged write included, in one file that
  // stands alone. Whoever opens it for writing begins a new epoch (Position). Read-only stores can be copied,
  // and one that has failed.
  //
  // It reads over a connection of its own, in one read transaction: it neither waits for a sync nor holds up
  // a commit. But it pins the WAL while it lasts: that grows (Housekeeping::max_wal_bytes), checkpoint() and
  // compact() answer busy, and a closed store that is copied by a reader cannot be opened for writing. A
  // store in memory and one with Access::exclusive have one connection: there writes wait for the copy.
  //
  // It is written under another name in the target's folder, synced, proved from the file alone as verify()
  // does (which takes the time and the memory of loading it, and of SQLite's own check), and renamed. A
  // target that is there is replaced as a whole, if it is a closed store; until then, and after any error, it
  // is as it was. Cancelled or failed, nothing is left behind. `progress` counts the pages that are copied;
  // the proof that follows is neither told nor cancelled.
  //
  // Errors: cancelled, disk_full, permission_denied, io_error (also for a missing folder); store_locked where
  // the target is open for writing; busy where others are loading it; invalid_argument where it belongs to
  // this store, has hard links, is on a network file system, or has a WAL beside it; not_a_store,
  // unsupported_format and corrupt_store where it is something else than a store; corrupt_store where the
  // copy is not good, as that of a damaged store.
  [[nodiscard]] Result<void> backup(const std::filesystem::path& target,
                                    const Progress& progress = {}) const noexcept;

  // Gives the file's free pages back to the file system: folds and prunes what is due, then builds the file
  // anew. Reads go on meanwhile; writes wait, while everything is written twice and synced. Room for two more
  // copies is needed: one in the folder for temporary files (SQLITE_TMPDIR, TMPDIR, else /var/tmp), and one
  // in the WAL. A store in memory is left as it is.
  //
  // `progress` counts the pages that were read, approximately, of those in use. What comes then, the writing
  // back, about half of the time, is neither told nor cancelled. After any error the store is as it was and
  // goes on, but for io_error and outcome_unknown on the way to the disk: they stop it, and lose nothing.
  //
  // Where a reader pins the WAL, the answer is busy, and nothing is done. One that comes meanwhile does no
  // harm, but the file shrinks only with the first checkpoint after its end.
  //
  // Errors: cancelled, busy, disk_full, io_error (also where there is no folder for temporary files),
  // corrupt_store, outcome_unknown.
  [[nodiscard]] Result<void> compact(const Progress& progress = {}) noexcept;

  // Folds what is left, checkpoints, and releases the file. Calls under way finish first; later ones answer
  // store_closed. Idempotent. An error concerns housekeeping only: acknowledged writes are safe.
  [[nodiscard]] Result<void> close() noexcept;

 private:
  class Impl;
  struct Reader {
    void* target;
    void (*call)(void*, const UserView&);
  };

  struct Visitor {
    void* target;
    bool (*call)(void*, const User&);
  };

  explicit UserTagStore(std::unique_ptr<Impl> impl) noexcept;
  Result<void> read_with(const UserRef& user, Reader reader) const noexcept;
  Result<Visited> for_each_with(const Selector& selector, const AskOptions& options,
                                Visitor visitor) const noexcept;

  std::unique_ptr<Impl> impl_;
};

}   // namespace usertags
