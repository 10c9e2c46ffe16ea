// UserTagStore: users and their tags, durable in one SQLite file, held whole in memory.
//
//   auto store = usertags::UserTagStore::open("users.db");
//   if (!store) return report(store.error());
//   auto created = store->create_user("user_ext_123", {{"tier", "trial"}});
//   if (!created) return report(created.error());   // e.g. user_exists
//   auto applied = store->apply("user_ext_123",
//                               usertags::TagBatch().update("tier", "gold").set("seats", "12"));
//   if (!applied) return report(applied.error());   // e.g. batch_refused, with every violation at once
//   for (auto [key, value] : applied->user->tags()) show(key, value);
//
// Promises
//   Atomic        A batch is applied whole or not at all, across process crash, OS crash and power loss.
//   Durable       A write that answered success survives them (see Durability).
//   Linearizable  A read that starts after a write was answered sees it. No read sees an uncommitted change.
//   Agreement     Memory changes only after the file has committed. verify() proves the two equal.
//   Outcomes      A write has one of three: applied (a value); not applied (an error); unknown
//                 (outcome_unknown: the commit failed on its way to the disk). After the third, writes
//                 answer store_failed until the store is opened again.
//
// Threads    Any thread may call any method, except move and destruction. These never wait for a disk, a sync
//            or SQLite: find, find_each, read, list, select, for_each, count, tag_keys, tag_values, plan,
//            revision, position, stats. Writes that wait at the same time are committed together. Of groups
//            of 64 changes or more a thread of the store keeps the tag index, beside the one that writes; it
//            takes no signals, and calls nothing of yours. Two threads help while the store loads, and have
//            ended when open() returns. Options::commit_thread asks for one that commits.
// Processes  One process writes; any number may read. After fork, the child's copy answers `forked`.
// Callbacks  `log`, `clock`, `uptime` and Progress may make those calls of their store that never wait. Any
//            other call from there answers invalid_argument.
// Ownership  The store owns its file and its memory, and copies what it is given. A UserRef is read during
//            the call only. Users, tags and pages that were handed out outlive the store.
// Memory     All users, tags and indexes live in memory. The file is the truth.
// Errors     No method throws anything of its own. What your function throws reaches you: read, for_each,
//            modify, modify_where and membership_changes pass it on. If memory runs out, the answer is
//            out_of_memory; of a store that was closed or moved from, store_closed. Any write may answer
//            busy, disk_full, io_error, corrupt_store, foreign_write, store_failed or outcome_unknown; also
//            read_only (in a read-only store), memory_budget_exceeded (with Options::memory_budget), timeout
//            (with ApplyOptions::deadline) and token_reused (with ApplyOptions::token). The errors named at a
//            method come on top.
//
// docs/semantics.md has the whole contract.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <usertags/adoption.hpp>
#include <usertags/callback.hpp>
#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/export.hpp>
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
#include <usertags/version.hpp>
#include <usertags/where.hpp>
#include <usertags/write.hpp>

// All of the library in C++.
namespace usertags {

namespace store {
struct StoreAccess;   // for what is built on the engine within this project
}

// Any string, as the text of a selector. Nothing else: `{}` is every user, as Selector().
template <class Text>
concept SelectorText = std::convertible_to<const Text&, std::string_view>;

// References to users, in a range that can be walked twice. Its texts live as long as the range: a UserRef
// does not own its text, so a range that makes its texts on the way is refused.
template <class Range>
concept RangeOfUsers =
    std::ranges::forward_range<const Range> && !std::convertible_to<const Range&, std::string_view> &&
    std::convertible_to<std::ranges::range_reference_t<const Range>, UserRef> &&
    (std::is_lvalue_reference_v<std::ranges::range_reference_t<const Range>> ||
     std::is_trivially_copyable_v<std::ranges::range_reference_t<const Range>>);

// A store that is open. It can be moved, not copied.
class USERTAGS_EXPORT UserTagStore {
 public:
  // Opens the store in the SQLite file at `path`, or makes it (Options::create_if_missing). PATH-wal,
  // PATH-shm and PATH.lock beside the file belong to it. Recovers, however the last writer ended, reads
  // everything, and proves it. Errors: store_locked, not_a_store, unsupported_format, corrupt_store,
  // foreign_write, permission_denied, io_error, disk_full, busy, out_of_memory; invalid_argument (an option,
  // the path), settings_mismatch, memory_budget_exceeded.
  [[nodiscard]] static Result<UserTagStore> open(const std::filesystem::path& path,
                                                 const Options& options = {}) noexcept;

  // The same engine without a file: everything is gone at close. Durability and Access are ignored.
  [[nodiscard]] static Result<UserTagStore> open_in_memory(const Options& options = {}) noexcept;

  // For a file that open refuses with foreign_write: shows what something other than the store changed in it,
  // checks that against the rules, and takes it into the log as ordinary changes. All of it or nothing: where
  // a change has a problem, and with AdoptOptions::dry_run, no byte of the file changes.
  //
  // The store has to be closed, except for a dry run. A transaction that another program began and never
  // committed is taken back first. When the call returns, the changes are durable, the file opens again, and
  // followers go on. It needs memory for all users, and for each change. Any thread.
  //
  // Errors: those of open; corrupt_store where the file is damaged and not only foreign; not_a_store also
  // where there is no file; outcome_unknown (with intended_revision): adopt again; invalid_argument also for
  // the note.
  [[nodiscard]] static Result<Adoption> adopt(const std::filesystem::path& path,
                                              const AdoptOptions& options = {}) noexcept;

  // A store that was moved from answers store_closed. Assigning to a store ends it as its destructor does.
  UserTagStore(UserTagStore&& other) noexcept;
  UserTagStore& operator=(UserTagStore&& other) noexcept;
  // Closes without folding. Submitted writes that are not committed yet are answered with store_closed. Users
  // that were handed out live on.
  ~UserTagStore();

  // --- Writes. Each returns when it is durable and visible. ---

  // external_id: the host's own unique id, 1 to 255 characters, no NUL, not of the form of an id.
  // Errors: user_exists (with existing_id), invalid_argument, batch_refused (for the tags).
  [[nodiscard]] Result<Applied> create_user(std::string_view external_id, const TagList& tags = {},
                                            const ApplyOptions& options = {}) noexcept;

  // Finds the user with this external id, or creates it with these tags; `changed` tells which. External id
  // and tags have to be well formed in either case. Errors: invalid_argument, batch_refused (for the tags).
  [[nodiscard]] Result<Applied> ensure_user(std::string_view external_id, const TagList& tags_if_created = {},
                                            const ApplyOptions& options = {}) noexcept;

  // Applies the batch to one user, whole or not at all. A batch that changes nothing adds no revision.
  // Errors: user_not_found, revision_mismatch, batch_refused (with every violation), invalid_argument.
  [[nodiscard]] Result<Applied> apply(const UserRef& user, const TagBatch& batch,
                                      const ApplyOptions& options = {}) noexcept;

  // Reads the user and calls function(const User&), which answers a std::optional<TagBatch>. The batch is
  // applied if the user is still as it was read. If another write came between, the user is read again, until
  // the deadline and 64 times at most. Without a batch nothing is done, and the answer is the user as it was
  // read. No lock is held during the call: the function may take its time and call the store. What it throws
  // reaches the caller. With a token, the request is this call and the user, whatever the function decides; a
  // known token is answered before the function is called. If the options expect a revision, there is only
  // one try. Errors: those of apply; revision_mismatch also after the last try.
  template <class Function>
    requires std::is_invocable_r_v<std::optional<TagBatch>, Function&, const User&>
  [[nodiscard]] Result<Applied> modify(const UserRef& user, Function&& function,
                                       const ApplyOptions& options = {}) {
    const auto decide = [&](const Question& asked) { asked.batch = std::invoke(function, asked.user); };
    HostFunction<decltype(decide), Question> host(decide);
    auto answer = modify_with(user, options, {&host, host.call});
    host.rethrow();
    return answer;
  }

  // Removes the user and all tags. The external id is free again afterwards; the id never comes back.
  // Errors: user_not_found, revision_mismatch, invalid_argument.
  [[nodiscard]] Result<Applied> delete_user(const UserRef& user, const ApplyOptions& options = {}) noexcept;

  // Independent writes, in order, each with its own outcome: outcomes[i] answers writes[i]. A write that
  // fails never touches its neighbours. They are committed together in groups of up to 1,024, which is far
  // cheaper than one call each. Without memory for the outcomes nothing is applied, and the vector is empty.
  [[nodiscard]] std::vector<Result<Applied>> apply_each(std::span<const Write> writes) noexcept;

  // All of up to 65,536 writes, or none, as one transaction: to every reader, in the log, and in the feed.
  // applied[i] answers writes[i]. They are judged in order, so a creation can take the external id that a
  // deletion before it has freed. Each user may be named once.
  // Errors: that of the first write that fails, with its item(). For batch_refused, violations() has those of
  // all refused batches. invalid_argument also for a user named twice, and for too many writes.
  [[nodiscard]] Result<std::vector<Applied>> apply_all(std::span<const Write> writes) noexcept;

  // As modify, for all users of the selector. Not atomic: these are independent writes, in groups of up to
  // 1,024. The users are those who match when the call begins, in the order of their creation, each once.
  // When its turn comes, a user is read again, and left out if it no longer matches. It is written only if it
  // is still as it was read then; if another write came between, it is read and matched again, up to 64
  // times. A refused write is counted, and the rest goes on. The answer always says what was done
  // (where.hpp). There is no token: a repetition matches anew. What the function throws reaches the caller;
  // the groups before it stay written.
  //
  // Stopped by: invalid_selector, invalid_cursor, invalid_argument (an empty selector without `everybody`,
  // more users than `at_most`, the note), cancelled, timeout, and whatever any write may answer.
  template <class Function>
    requires std::is_invocable_r_v<std::optional<TagBatch>, Function&, const User&>
  [[nodiscard]] WhereOutcome modify_where(const Selector& selector, Function&& function,
                                          const WhereOptions& options = {}) {
    const auto decide = [&](const Question& asked) { asked.batch = std::invoke(function, asked.user); };
    HostFunction<decltype(decide), Question> host(decide);
    auto outcome = modify_where_with(selector, options, {&host, host.call});
    host.rethrow();
    return outcome;
  }
  template <SelectorText Text, class Function>
    requires std::is_invocable_r_v<std::optional<TagBatch>, Function&, const User&>
  [[nodiscard]] WhereOutcome modify_where(const Text& selector, Function&& function,
                                          const WhereOptions& options = {}) {
    const auto parsed = Selector::parse(selector);
    return parsed ? modify_where(*parsed, function, options) : WhereOutcome{.stopped = parsed.error()};
  }
  // The same batch to all of them.
  [[nodiscard]] WhereOutcome apply_where(const Selector& selector, const TagBatch& batch,
                                         const WhereOptions& options = {}) noexcept;
  template <SelectorText Text>
  [[nodiscard]] WhereOutcome apply_where(const Text& selector, const TagBatch& batch,
                                         const WhereOptions& options = {}) noexcept {
    const auto parsed = Selector::parse(selector);
    return parsed ? apply_where(*parsed, batch, options) : WhereOutcome{.stopped = parsed.error()};
  }
  // Deletes them all.
  [[nodiscard]] WhereOutcome delete_where(const Selector& selector,
                                          const WhereOptions& options = {}) noexcept;
  template <SelectorText Text>
  [[nodiscard]] WhereOutcome delete_where(const Text& selector, const WhereOptions& options = {}) noexcept {
    const auto parsed = Selector::parse(selector);
    return parsed ? delete_where(*parsed, options) : WhereOutcome{.stopped = parsed.error()};
  }

  // Independent writes, as apply_each, without waiting for them. `done` is called once, with their outcomes
  // as a std::vector<Result<Applied>>&&, when they are durable and visible, or with their errors: outcomes[i]
  // answers writes[i]. They are judged in order, with nothing in between, and before all that is submitted or
  // written later.
  //
  // Who commits them, and calls `done`: the thread of Options::commit_thread; without it, drain() and
  // close(). A blocking write may commit what others submitted, but calls nobody. Callbacks come in the order
  // of submission, one at a time, under no lock. A callback may call everything but drain() and close(),
  // which answer invalid_argument there. One that destroys the store, or throws, ends the process. `done` may
  // be of a type that can only be moved. In a child after fork it is neither called nor destroyed.
  //
  // If the answer is an error, `writes` are as they were, and `done` is never called: busy, if it would
  // exceed Options::queue_writes or queue_bytes (it never waits); store_closed, forked, read_only,
  // out_of_memory. A submitted write cannot be taken back; its deadline is judged when a group takes it.
  template <class Done>
    requires std::is_invocable_v<Done&, std::vector<Result<Applied>>&&>
  [[nodiscard]] Result<void> submit(std::vector<Write>&& writes, Done done) noexcept {
    auto* const kept = new (std::nothrow) Done(std::move(done));
    if (kept == nullptr) return std::unexpected(Error(ErrorCode::out_of_memory));
    return submit_with(std::move(writes),
                       {.target = kept,
                        .call =
                            [](void* target, std::vector<Result<Applied>>&& outcomes) noexcept {
                              (*static_cast<Done*>(target))(std::move(outcomes));
                            },
                        .destroy = [](void* target) noexcept { delete static_cast<Done*>(target); }});
  }

  // Commits what was submitted before, in groups on this thread, calls back, and returns when all of it is
  // answered. Many calls of submit() and one drain() share groups, without any thread of the store.
  // Errors: invalid_argument within a callback of submit(). Errors of writes go to their callbacks.
  [[nodiscard]] Result<void> drain() noexcept;

  // What `apply` would answer now, with the revision that the user would get. Changes and reserves nothing.
  // Works in read-only and in failed stores, too.
  [[nodiscard]] Result<Applied> plan(const UserRef& user, const TagBatch& batch,
                                     const ApplyOptions& options = {}) const noexcept;

  // --- Reads. ---

  // Errors: user_not_found.
  [[nodiscard]] Result<User> find(const UserRef& user) const noexcept;

  // All at one moment: found[i] answers users[i]. The vector is empty where no memory is left for it. `users`
  // are UserRefs, or texts that live as long as the range does.
  [[nodiscard]] std::vector<Result<User>> find_each(std::span<const UserRef> users) const noexcept;
  [[nodiscard]] std::vector<Result<User>> find_each(std::initializer_list<UserRef> users) const noexcept {
    return find_each(std::span(users.begin(), users.size()));
  }
  template <RangeOfUsers Users>
    requires(!std::convertible_to<const Users&, std::span<const UserRef>>)
  [[nodiscard]] std::vector<Result<User>> find_each(const Users& users) const {
    auto next = std::ranges::begin(users);
    const auto take = [](void* at) -> UserRef { return *(*static_cast<decltype(next)*>(at))++; };
    return find_each_with({&next, take, static_cast<std::size_t>(std::ranges::distance(users))});
  }

  // Calls function(const UserView&) without a lock, and without copying or counting anything: the fastest way
  // to look at one user. The function may call the store, and may throw: the exception reaches the caller.
  // Let it be short: until it returns, no memory of replaced versions is freed.
  // Errors: user_not_found.
  template <class Function>
    requires std::is_invocable_v<Function&, const UserView&>
  [[nodiscard]] Result<void> read(const UserRef& user, Function&& function) const {
    HostFunction<std::remove_reference_t<Function>, UserView> host(function);
    auto answer = read_with(user, {&host, host.call});
    host.rethrow();
    return answer;
  }

  // All users, in the order of their creation. Over a walk from page to page, a user that is there throughout
  // is returned exactly once. Errors: invalid_argument (limit), invalid_cursor, timeout (deadline).
  [[nodiscard]] Result<UserPage> list(const PageRequest& page = {}) const noexcept;

  // --- Questions about tags. Each answer is of one moment. ---
  //
  // Each takes a Selector, or the text of one. invalid_selector answers a text that cannot be parsed
  // (Selector::parse), and a selector that was built out of bounds (Selector::error). Never paste what
  // somebody typed into a text: build the selector, or quote() the value.

  // The users that the selector matches, in the order of their creation. Over a walk from page to page, a
  // user that matches throughout is returned exactly once. Errors: invalid_selector, invalid_argument
  // (limit), invalid_cursor, timeout (deadline).
  [[nodiscard]] Result<UserPage> select(const Selector& selector,
                                        const PageRequest& page = {}) const noexcept;
  template <SelectorText Text>
  [[nodiscard]] Result<UserPage> select(const Text& selector, const PageRequest& page = {}) const noexcept {
    const auto parsed = Selector::parse(selector);
    if (!parsed) return std::unexpected(parsed.error());
    return select(*parsed, page);
  }

  // Calls function(const User&) for every user that matches; one that matches throughout comes exactly once.
  // It reads a stretch of users at a time, each stretch at one moment. No lock is held during the call: the
  // function may take its time and call the store. Where it answers false, the walk ends; it may also return
  // void. Where it throws, the walk ends, and the exception reaches the caller.
  // Errors: invalid_selector, timeout (deadline).
  template <class Function>
    requires std::is_invocable_v<Function&, const User&>
  [[nodiscard]] Result<Visited> for_each(const Selector& selector, Function&& function,
                                         const AskOptions& options = {}) const {
    HostFunction<std::remove_reference_t<Function>, User> host(function);
    auto answer = for_each_with(selector, options, {&host, host.call});
    host.rethrow();
    return answer;
  }
  template <SelectorText Text, class Function>
    requires std::is_invocable_v<Function&, const User&>
  [[nodiscard]] Result<Visited> for_each(const Text& selector, Function&& function,
                                         const AskOptions& options = {}) const {
    const auto parsed = Selector::parse(selector);
    if (!parsed) return std::unexpected(parsed.error());
    return for_each(*parsed, function, options);
  }

  // How many users the selector matches. Errors: invalid_selector, timeout (deadline).
  [[nodiscard]] Result<Count> count(const Selector& selector, const AskOptions& options = {}) const noexcept;
  template <SelectorText Text>
  [[nodiscard]] Result<Count> count(const Text& selector, const AskOptions& options = {}) const noexcept {
    const auto parsed = Selector::parse(selector);
    if (!parsed) return std::unexpected(parsed.error());
    return count(*parsed, options);
  }

  // The keys that users have, with the number of users. Errors: invalid_argument (limit), invalid_cursor.
  [[nodiscard]] Result<KeyPage> tag_keys(const KeyRequest& request = {}) const noexcept;

  // The values of one key, with the number of users. For a key that no user has the page is empty.
  // Errors: invalid_argument (limit, a key that no tag can have), invalid_cursor.
  [[nodiscard]] Result<ValuePage> tag_values(std::string_view key,
                                             const ValueRequest& request = {}) const noexcept;

  // --- Changes, from the log (change.hpp). ---
  //
  // These read the file, and never hold up a write. Without a connection of their own (in memory, and with
  // Access::exclusive) they take turns with writes, a page at a time. In a read-only store they go as far as
  // the file does, which may be ahead of what find shows.

  // Where the store stands: behind its newest visible change. For a closed store Position().
  Position position() const noexcept;

  // What was changed behind a position: whole transactions, until the page has `limit` changes (1 to 10,000)
  // or 4 MiB of log, or there are no more. No change is shown before reads show it.
  // Errors: history_pruned (with floor), future_revision, invalid_argument (limit, or a position of another
  // store), corrupt_store, foreign_write.
  [[nodiscard]] Result<ChangePage> changes(const Position& after, std::size_t limit = 1'000) const noexcept;

  // Which users began to match the selector since a position, and which stopped. Calls function(const
  // MembershipChange&) for each user who matches now and did not at the position (entered), and for each who
  // did and does not now, or was deleted (left), in the order of their creation. A user who came and went in
  // between is not named. Answers the position up to which this is true: those who matched at `after`, with
  // these changes applied, are those who match there. Go on from it. The call reads the log in between, and
  // needs memory for the users that it concerns. It calls the function only when all is known, and without a
  // lock: the function may call the store. If it throws, it is not called again, and the exception reaches
  // the caller. In a read-only store, "now" is what reads show. The selector may be given as text, too.
  // Errors: history_pruned (also if the position is of another epoch, or an adopted change does not tell what
  // was before: select anew), future_revision, invalid_argument (a position of another store),
  // invalid_selector, timeout (deadline), corrupt_store, foreign_write.
  template <class Function>
    requires std::is_invocable_v<Function&, const MembershipChange&>
  [[nodiscard]] Result<Position> membership_changes(const Selector& selector, const Position& after,
                                                    Function&& function,
                                                    const AskOptions& options = {}) const {
    HostFunction<std::remove_reference_t<Function>, MembershipChange> host(function);
    auto answer = membership_changes_with(selector, after, options, {&host, host.call});
    host.rethrow();
    return answer;
  }
  template <SelectorText Text, class Function>
    requires std::is_invocable_v<Function&, const MembershipChange&>
  [[nodiscard]] Result<Position> membership_changes(const Text& selector, const Position& after,
                                                    Function&& function,
                                                    const AskOptions& options = {}) const {
    const auto parsed = Selector::parse(selector);
    if (!parsed) return std::unexpected(parsed.error());
    return membership_changes(*parsed, after, function, options);
  }

  // Waits for a change behind the position, and returns the newest revision then. A commit wakes it. A
  // read-only store looks at its file 50 times a second instead.
  // Errors: timeout; store_closed, also when close() comes meanwhile; future_revision, invalid_argument.
  [[nodiscard]] Result<std::uint64_t> wait_for_changes(const Position& after,
                                                       std::chrono::milliseconds timeout) const noexcept;

  // The changes of one user, newest first, as far as they are kept. A deleted user is found by id, as long as
  // the deletion is kept. The log has no index by user: the call walks it back to the user's creation, or to
  // the log's floor. Errors: user_not_found, invalid_argument (limit), invalid_cursor, corrupt_store,
  // foreign_write, timeout (deadline).
  [[nodiscard]] Result<HistoryPage> history(const UserRef& user, const PageRequest& page = {}) const noexcept;

  // --- Following: a read-only store keeps up with a file that another process writes. ---
  //
  // In a store that writes, memory is never behind. Both calls return the newest visible revision.

  // Brings a read-only store to where its file is now. Applies the log's new entries; where the log no longer
  // reaches back so far, loads everything and takes the difference. Cheap where nothing has changed. Readers
  // see the end of one transaction after the other, and never less than before. After an error, reads go on
  // as they were. Errors: store_failed where the file does not continue what the store shows, as when an
  // older copy was put in its place: open it again; corrupt_store, foreign_write, busy, io_error,
  // memory_budget_exceeded.
  [[nodiscard]] Result<std::uint64_t> refresh() noexcept;

  // Waits until reads show at least this revision. A process that was given a writer's revision reads here
  // what that writer wrote. A read-only store refreshes, at once and then 50 times a second.
  // Errors: timeout (with current_revision), store_closed, also when close() comes meanwhile, and those of
  // refresh().
  [[nodiscard]] Result<std::uint64_t> read_at_least(std::uint64_t revision,
                                                    std::chrono::milliseconds timeout) noexcept;

  // The newest visible change; 0 for a new store, or a closed one.
  std::uint64_t revision() const noexcept;

  // --- Care. ---

  // Proves what can be proved: SQLite's own check, the schema, every checksum, the digest, that file and
  // memory agree in every user, that the tag index equals the users' tags. Reads go on meanwhile; writes wait
  // for short moments. Problems are in the report; an error means that there is no report.
  [[nodiscard]] Result<VerifyReport> verify() const noexcept;

  // Figures of data, memory, file and work (stats.hpp); all zero for a closed store.
  Stats stats() const noexcept;

  // The same figures, and what became of writes, in the text format of OpenMetrics 1.0: what a host answers
  // to Prometheus, with the media type `application/openmetrics-text; version=1.0.0; charset=utf-8`. The
  // names begin with `usertags_`; docs/semantics.md lists them. Never waits for a disk.
  [[nodiscard]] Result<std::string> metrics_text() const noexcept;

  // --- Settings (settings.hpp). They belong to the store, whoever opens it. ---

  // A read-only store shows those of its opening or last refresh().
  [[nodiscard]] Result<StoredSettings> settings() const noexcept;

  // Changes settings in one durable commit, in its turn among the writes. It adds no revision, and nothing to
  // the feed. The settings hold for writes that are judged later. What exceeds a lowered bound is removed by
  // later housekeeping, a little at a time. Answers the new settings; equal values write
  // nothing. Errors: settings_mismatch (with current_version) if the store is not at `expected_version`;
  // invalid_argument (the value and its range), read_only, and those of every commit.
  [[nodiscard]] Result<StoredSettings> change_settings(
      const SettingsChange& change, std::optional<std::uint64_t> expected_version = {}) noexcept;

  // Moves the WAL into the database file. Errors: busy (a reader pins the WAL), read_only, and those of every
  // commit.
  [[nodiscard]] Result<void> checkpoint() noexcept;

  // Does housekeeping (folds, prunes, checkpoints) for up to `budget`, or until nothing is left to do. For a
  // host that would rather do it on a thread of its own than with its commits.
  // Errors: invalid_argument (a budget of zero or less), read_only, and those of every commit.
  [[nodiscard]] Result<void> maintain(std::chrono::milliseconds budget) noexcept;

  // An online copy: the store at one moment, with every acknowledged write, in one file that stands alone.
  // Whoever opens the copy for writing begins a new epoch (Position). Read-only and failed stores can be
  // copied, too.
  //
  // Who waits: it reads over a connection of its own, in one read transaction. It neither waits for a sync
  // nor holds up a commit. But it pins the WAL: that grows meanwhile (Housekeeping::max_wal_bytes),
  // checkpoint() and compact() answer busy, and a closed store that a reader copies cannot be opened for
  // writing. A store in memory and one with Access::exclusive have one connection: there, writes wait for the
  // copy.
  //
  // All or nothing: the copy is written under another name in the target's folder, synced, proved from the
  // file alone as verify() does, and renamed. The proof takes the time and the memory of loading it, and
  // SQLite's own check. A target that is there is replaced only if it is a closed store; until then, and
  // after any error, it is as it was. Cancelled or failed, nothing is left behind. `progress` counts the
  // pages that are copied; the proof is neither told nor cancelled.
  //
  // Errors of the copy: cancelled, disk_full, permission_denied, io_error (also for a missing folder);
  // corrupt_store where the copy is not good, as that of a damaged store. Errors of the target: store_locked
  // where it is open for writing; busy where others are loading it; not_a_store, unsupported_format and
  // corrupt_store where it is something else than a store; invalid_argument where it belongs to this store,
  // has hard links, is on a network file system, or has a WAL beside it.
  [[nodiscard]] Result<void> backup(const std::filesystem::path& target,
                                    const Progress& progress = {}) const noexcept;

  // Gives the file's free pages back to the file system: folds and prunes what is due, then builds the file
  // anew. Reads go on meanwhile; writes wait, while everything is written twice and synced. It needs room for
  // two more copies: one in the folder for temporary files (SQLITE_TMPDIR, TMPDIR, else /var/tmp), and one in
  // the WAL. A store in memory is left as it is.
  //
  // `progress` counts the pages that were read, approximately, of those in use. The second half of the work,
  // writing them back, is neither told nor cancelled. After most errors the store is as it was and goes on.
  // After io_error or outcome_unknown on the way to the disk it stops, and has lost nothing.
  //
  // Where a reader pins the WAL at the beginning, the answer is busy, and nothing is done. A reader that
  // comes meanwhile does no harm, but the file shrinks only with the first checkpoint after its end.
  //
  // Errors: cancelled, busy, read_only, disk_full, io_error (also where there is no folder for temporary
  // files), corrupt_store, outcome_unknown.
  [[nodiscard]] Result<void> compact(const Progress& progress = {}) noexcept;

  // Commits and answers what was submitted, folds what is left, checkpoints, and releases the file. Calls
  // under way finish first; later ones answer store_closed. A second close does nothing and succeeds. An
  // error concerns housekeeping only: acknowledged writes are safe. Errors: invalid_argument within a
  // callback of submit(): then nothing is done.
  [[nodiscard]] Result<void> close() noexcept;

 private:
  friend struct store::StoreAccess;
  class Impl;
  // Functions of hosts, by way of HostFunction.
  struct Reader {
    void* target;
    bool (*call)(void*, const UserView&) noexcept;
  };
  struct Visitor {
    void* target;
    bool (*call)(void*, const User&) noexcept;
  };
  struct MembershipListener {
    void* target;
    bool (*call)(void*, const MembershipChange&) noexcept;
  };
  // A range: the next of so many users.
  struct UserRefs {
    void* at;
    UserRef (*next)(void*);
    std::size_t count;
  };

  struct Completion {
    void* target;
    void (*call)(void*, std::vector<Result<Applied>>&&) noexcept;
    void (*destroy)(void*) noexcept;
  };

  // A user, and the batch that is decided on.
  struct Question {
    const User& user;
    std::optional<TagBatch>& batch;
  };
  struct Decider {
    void* target;
    bool (*call)(void*, const Question&) noexcept;
  };

  explicit UserTagStore(std::unique_ptr<Impl> impl) noexcept;
  Result<void> submit_with(std::vector<Write>&& writes, Completion completion) noexcept;
  std::vector<Result<User>> find_each_with(UserRefs users) const noexcept;
  Result<Applied> modify_with(const UserRef& user, const ApplyOptions& options, Decider decider) noexcept;
  WhereOutcome modify_where_with(const Selector& selector, const WhereOptions& options,
                                 Decider decider) noexcept;
  Result<void> read_with(const UserRef& user, Reader reader) const noexcept;
  Result<Visited> for_each_with(const Selector& selector, const AskOptions& options,
                                Visitor visitor) const noexcept;
  Result<Position> membership_changes_with(const Selector& selector, const Position& after,
                                           const AskOptions& options,
                                           MembershipListener listener) const noexcept;

  std::unique_ptr<Impl> impl_;
};

}   // namespace usertags
