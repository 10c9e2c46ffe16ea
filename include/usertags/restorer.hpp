// Restorer: makes a new store of users who were in another one, as they were there: with their ids, revisions,
// order of creation and tags, and with the store's revision and settings. The content digest is the same then.
//
//   auto restorer = usertags::Restorer::begin(
//       "twin.db", {.revision = 2, .last_id = "user_01m8ftn01de7ra50r0z0pb44rx", .settings = {}});
//   if (!restorer) return report(restorer.error());
//   auto added = restorer->add({.id = "user_01m8ftn01de7ra50r0z0pb44rx",
//                               .external_id = "user_ext_123",
//                               .revision = 2,
//                               .tags = {{"tier", "gold"}}});
//   if (!added) return report(added.error());
//   if (auto done = restorer->finish(); !done) return report(done.error());
//
// For a store that goes through another form on its way: text, an older format, another machine. Inspector::for_each
// gives all that it asks for, of one moment. Who wants the same store takes UserTagStore::backup.
//
// New           The store's id, so that cursors and positions of the other store are refused. There are no tokens, and
//               the log is empty: its floor is behind the revision. Users who were deleted leave no trace.
// Whole         The store is written under another name in the folder, synced, proved from the file alone as verify()
//               does, and renamed. Until then nothing is at `path`, nor after an error, but that of a folder which could
//               not be synced (io_error).
// Memory        About 40 bytes a user, and in finish(), for the proof, what loading the store takes.
// Threads       One at a time. After fork, the child's copy answers `forked`, and its destruction does nothing.
// Errors        No method throws. Each may answer io_error, disk_full, permission_denied, out_of_memory, store_closed
//               (finished, or moved from), store_failed (an earlier call could not write).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/export.hpp>
#include <usertags/settings.hpp>
#include <usertags/tag.hpp>

namespace usertags {

// What a store has besides its users.
struct RestoredStore {
  std::uint64_t revision = 0;   // of the newest change
  std::string last_id{};        // the newest id ever given; empty: none
  StoredSettings settings{};    // with their version
};

// One user of it.
struct RestoredUser {
  std::string id{};             // as it was
  std::string external_id{};    // likewise
  std::uint64_t revision = 0;   // of the user's last change
  TagList tags{};               // may be more than tags_per_user: the limit may have been higher once
};

// Chosen at begin, as in Options.
struct RestoreOptions {
  bool allow_network_file_system = false;          // its locks are the host's risk then
  std::chrono::milliseconds busy_timeout{5'000};   // for locks that other processes hold briefly
};

// A store that is being made.
class USERTAGS_EXPORT Restorer {
 public:
  // Errors also: invalid_argument (the path, a file that is there and not empty, the options, the settings, the
  // revision, last_id); store_locked, busy.
  [[nodiscard]] static Result<Restorer> begin(const std::filesystem::path& path, const RestoredStore& store,
                                              const RestoreOptions& options = {}) noexcept;

  // One that was moved from answers store_closed. The one that is assigned to ends as by its destructor.
  Restorer(Restorer&& other) noexcept;
  Restorer& operator=(Restorer&& other) noexcept;
  // Unfinished, it takes away what it has written.
  ~Restorer();

  // The next user, in the order of creation. A user who is refused is not added, and others may follow.
  // Errors: invalid_argument: an id that is none, is not greater than the one before, is beyond last_id, or bears the
  // slot of another external id; an external id that is none; a revision that is 0, beyond the store's, or that of an
  // earlier user, too. user_exists (with existing_id): an earlier user has this external id. batch_refused: the tags
  // break a rule.
  [[nodiscard]] Result<void> add(const RestoredUser& user) noexcept;

  // Proves the store and puts it in place. With a digest, as StoreInfo and VerifyReport tell it, the users have to come
  // to it: else the answer is invalid_argument, and more users may be added.
  // Errors: corrupt_store where what was written cannot be read back; busy where a file came into being at the path.
  [[nodiscard]] Result<void> finish(std::optional<std::string_view> digest = {}) noexcept;

 private:
  class Impl;

  explicit Restorer(std::unique_ptr<Impl> impl) noexcept;

  std::unique_ptr<Impl> impl_;
};

}   // namespace usertags
