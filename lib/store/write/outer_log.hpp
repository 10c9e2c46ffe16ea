// OuterLog: the seam between a store and a log that is kept outside of its file. Where there is one, the log is
// the truth and the file a projection of it, as memory is:
//
//   gather ─▶ judge ─▶ prepare ─▶ append ═▶ COMMIT ─▶ publish ─▶ answer        the store that leads
//                                   apply ─▶ COMMIT ─▶ publish                  every other one (Writer::apply)
//
// The library alone has none, and commits to the file at once. What is behind the seam knows entries, and
// nothing of groups.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/settings.hpp>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/typeid.hpp"
#include "sqlite/transaction.hpp"
#include "store/memory/shard.hpp"

namespace usertags::store {

// How far log and tokens may be pruned. Whoever applies an entry prunes no further than who wrote it had: and
// forgets tokens as far as that, before those of the entry come, because one of them may bear the text of a
// token that was forgotten.
struct Floors {
  std::uint64_t log = 1;
  std::uint64_t tokens = 1;
  bool operator==(const Floors&) const = default;
};

// An entry: one commit of changes, tokens or settings, with all that a store needs to make the same commit. A
// view: whoever makes one keeps its texts for as long as it is used.
struct Entry {
  struct Text {   // of a segment
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::string_view entries;
  };

  // Where it stands: behind which entry, and of which store's moment.
  std::uint64_t number = 0;         // State::entry, with it
  std::uint64_t chain_before = 0;   // State::entry_checksum, without it
  std::uint64_t revision_before = 0;
  std::uint64_t last_token_before = 0;
  Floors floors{};   // of who wrote it, then

  // What it brings.
  std::vector<Text> segments{};
  std::vector<model::Token> tokens{};
  StoredSettings settings{};   // as they are with it

  // What holds with it.
  std::int64_t at_ms = 0;
  std::int64_t lived_ms = 0;
  model::Uuid last_id{};
  std::uint32_t last_ordinal = 0;
  std::uint64_t chain = 0;
  model::Digest digest{};

  std::uint64_t revision() const noexcept {
    return segments.empty() ? revision_before : segments.back().last;
  }
  std::uint64_t last_token() const noexcept { return last_token_before + tokens.size(); }
};

// Called under the lead, on the thread of whoever writes.
class OuterLog {
 public:
  virtual ~OuterLog() = default;
  OuterLog() = default;
  OuterLog(const OuterLog&) = delete;
  OuterLog& operator=(const OuterLog&) = delete;

  // Whose users the store has: as long as it is open. Called once, before it is loaded.
  virtual Shard shard() const noexcept { return {}; }

  // Before a group is judged. Throws Failure where this store does not lead: not_leader; busy, while it is not
  // known what became of the last entry.
  virtual void expect_lead() = 0;

  // Makes the entry durable: `committed`, and then the store commits it to its file and shows it. With
  // `not_applied` it is not in the log, and never will be. With `unknown` nobody knows: the writes are answered
  // so, the store goes on, and sees what became of them as whoever does not lead.
  virtual sqlite::Transaction::Commit append(const Entry& entry) noexcept = 0;

  // For a group that comes to nothing: proves that what it was judged against was the newest state. Throws
  // Failure (not_leader, busy).
  virtual void confirm_lead() = 0;

  // The log has the last entry, and the file does not take it. It is shown and answered as applied; the store
  // stops, and its file is behind its memory from then on.
  virtual void note_lost_file(const Error& why) noexcept = 0;
};

}   // namespace usertags::store
