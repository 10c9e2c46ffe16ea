// Adoption: what something other than the store did to its file, and how that is taken into the log.
//
//   const auto seen = usertags::UserTagStore::adopt("users.db", {.dry_run = true});
//   if (!seen) return report(seen.error());                  // e.g. corrupt_store: nothing to be adopted
//   for (const usertags::ForeignChange& change : seen->changes) show(change);
//   const auto done = usertags::UserTagStore::adopt("users.db", {.note = "support case 4711"});
//   if (done && !done->adopted) correct(done->changes);      // those with a problem
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/options.hpp>

namespace usertags {

struct AdoptOptions {
  bool dry_run = false;   // shows and checks, and changes nothing; also beside a store that is open
  // Absent: the file's, which count. Given: they must be the file's, or the answer is settings_mismatch.
  std::optional<Settings> settings{};
  std::string note = "adopted";   // kept with each change in the log, 0 to 200 characters
  bool allow_network_file_system = false;
  std::chrono::milliseconds busy_timeout{5'000};   // for locks that other processes hold briefly
};

// One user who is not as the store left him.
struct ForeignChange {
  ChangeKind kind{};
  std::string user_id{};   // empty: a user who was inserted, as long as the store has given him no id
  std::string external_id{};
  // By key, as in Change. Empty for a patch that changes no tag: the row alone is put in order.
  std::vector<TagChange> tags{};
  // The tags are exactly what was changed. False: the log no longer has what the user was, so that they are
  // all that he has now, and the removal of those that the log mentions and he lacks. Others that he may have
  // had are gone, too, and nothing tells their keys.
  bool complete = true;
  bool logged = true;   // false: the log has no entry for it, because the row alone is put in order
  // Why it cannot be adopted, in one line; empty: it can be. The violations are those of the tags, judged as
  // if they were created; their index is the position in `tags`.
  std::string problem{};
  std::vector<Violation> violations{};

  bool operator==(const ForeignChange&) const = default;
};

struct Adoption {
  // In the order in which they come into the log: deletions, patches, creations; each in the order of the
  // users' creation.
  std::vector<ForeignChange> changes{};
  // The digest proves that these are all the differences there are. False: a user may be missing whom nothing
  // names any more, or a row was changed so that it bears its checksum; nobody can say.
  bool proved = true;
  std::uint64_t entries_forgotten = 0;   // of the log: up to the last one whose user nothing names any more
  std::uint64_t tokens_forgotten = 0;   // idempotency tokens: up to the last that is not as the store left it
  std::uint64_t revision = 0;           // of the store; afterwards, where it is adopted
  // Nothing is left that the store did not write: all was taken in, or there was nothing. False after a dry
  // run that found something, and where a change has a problem: then nothing was changed.
  bool adopted = false;
};

}   // namespace usertags
