// Adoption: what something other than the store did to its file, and how that is taken into the log.
//
//   const auto seen = usertags::UserTagStore::adopt("users.db", {.dry_run = true});
//   if (!seen) return report(seen.error());                  // e.g. corrupt_store: nothing to be adopted
//   for (const usertags::ForeignChange& change : seen->changes) show(change);
//   const auto done = usertags::UserTagStore::adopt("users.db", {.note = "support case 4711"});
//   if (!done) return report(done.error());
//   if (!done->adopted) correct(done->changes);              // those with a problem
//
// Plain values: they own all that they hold. docs/semantics.md, "Adoption", says what becomes of each change.
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

// How a file is adopted.
struct AdoptOptions {
  bool dry_run = false;   // shows and checks, and changes nothing; works beside a store that is open, too
  // Given: the file must have these settings, or the answer is settings_mismatch. Absent: any.
  std::optional<Settings> settings{};
  std::string note = "adopted";                    // kept with each change in the log, 0 to 200 characters
  bool allow_network_file_system = false;          // as in Options
  std::chrono::milliseconds busy_timeout{5'000};   // for locks that other processes hold briefly
};

// One user that is not as the store left it.
struct ForeignChange {
  ChangeKind kind{};           // what it becomes in the log
  std::string user_id{};       // empty: the user was inserted, and the store has not given it an id yet
  std::string external_id{};   // that of the row; of a deletion, the one that the user had
  // By key, as in Change. Empty for a patch that changes no tag: then only the row is put in order.
  std::vector<TagChange> tags{};
  // True: `tags` is exactly what was changed. False: the log no longer tells what the user was. Then `tags`
  // sets all that the user has now, and removes the keys that the log mentions and the user lacks. The user
  // may have lost other tags, and nothing tells their keys.
  bool complete = true;
  bool logged = true;   // false: the log gets no entry for it, because only the row is put in order
  // Why it cannot be adopted, in one line; empty: it can be.
  // The violations are those of the tags, judged as if they were created. Their index is that in `tags`.
  std::string problem{};
  std::vector<Violation> violations{};

  bool operator==(const ForeignChange&) const = default;
};

// What was found, and what became of it.
struct Adoption {
  // In the order in which they come into the log: deletions, patches, creations; within each, users in the
  // order of their creation.
  std::vector<ForeignChange> changes{};
  // True: the digest proves that there are no other differences. False: nobody can say. A user may be missing
  // that nothing names any more, or a row was changed together with its checksum.
  bool proved = true;
  std::uint64_t entries_forgotten = 0;   // of the log: up to the last entry whose user nothing names any more
  std::uint64_t tokens_forgotten = 0;    // up to the last one that is not as the store left it
  std::uint64_t revision = 0;            // the store's, after the adoption if there was one
  // True: the file has nothing left that the store did not write. All was taken in, or there was nothing.
  // False: a dry run found something, or a change has a problem. Then nothing was changed.
  bool adopted = false;
};

}   // namespace usertags
