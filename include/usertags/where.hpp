// Writes to all users of a selector: how they are made, and what they answer.
//
//   auto outcome = store.apply_where(*usertags::Selector::parse("trial_until<1700000000"),
//                                    usertags::TagBatch().erase("trial_until").set("tier", "free"));
//   show(outcome.changed);
//   for (const usertags::Refusal& refusal : outcome.refusals) show(refusal.external_id);
//   if (outcome.stopped) return report(*outcome.stopped);   // e.g. disk_full; outcome.next is where to go on
//
// Plain values: they own all that they hold, and outlive the store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/page.hpp>
#include <usertags/progress.hpp>

namespace usertags {

// Whom a write to many users is for, and how far it may go.
struct WhereOptions {
  bool everybody = false;   // an empty selector, which means every user, is refused without it
  // Where more users match, the call is refused before its first write.
  std::optional<std::uint64_t> at_most{};
  // Says what would come of each user now, and changes nothing; also in a read-only store.
  bool dry_run = false;
  std::string note{};   // as in ApplyOptions; kept with each change
  // Goes on behind the users of an earlier call: WhereOutcome::next, or a cursor of select().
  std::optional<Cursor> after{};
  // Nothing is begun after it.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
  // Is told after each group how many users are done, of how many. False ends the call (cancelled).
  Progress progress{};
};

// A user to whom the write was refused.
struct Refusal {
  // Whose write it was.
  std::string user_id{};
  std::string external_id{};
  Error error;   // why: batch_refused, revision_mismatch, memory_budget_exceeded or transaction_too_large
};

// What came of the users, also where the call was stopped: what it had done by then stays done.
struct WhereOutcome {
  static constexpr std::size_t kMaxRefusals = 1'000;   // that are kept

  std::uint64_t matched = 0;         // changed, unchanged and refused
  std::uint64_t changed = 0;         // written
  std::uint64_t unchanged = 0;       // nothing was to be done
  std::uint64_t refused = 0;         // not written; the rest went on
  std::vector<Refusal> refusals{};   // the first kMaxRefusals; fewer where memory ran out
  // What ended the call before all users were done; none: all are. A user whose write has an unknown outcome
  // (outcome_unknown) is not counted.
  std::optional<Error> stopped{};
  // Where it was stopped: behind the last user who was done. None: before the first, or all are done.
  std::optional<Cursor> next{};
};

}   // namespace usertags
