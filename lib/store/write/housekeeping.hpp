// Housekeeping that comes with commits: which users are folded next, what may be pruned, when it is tried
// again after a failure, and the time by which ages are counted.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sqlite/database.hpp"

namespace usertags::store {

// FoldSchedule: which users are patched in the log and not yet folded into their rows, and in which order
// they are folded.
//
// Users are folded in the order of their rows, in rounds over the whole table, so that one page is written
// once for many of them. The fold is complete up to the revision at which the round before came to where this one is:
// who is still ahead of it was folded by that one, at that revision or later.
class FoldSchedule {
 public:
  // The state that a file was found in: complete up to `folded_revision`, with nothing marked.
  explicit FoldSchedule(std::uint64_t folded_revision = 0) noexcept : folded_revision_(folded_revision) {}

  // Room for the ordinal, so that mark() cannot fail. Throws std::bad_alloc.
  void reserve(std::uint32_t ordinal);
  void mark(std::uint32_t ordinal) noexcept;
  void unmark(std::uint32_t ordinal) noexcept;

  std::uint64_t backlog() const noexcept { return count_; }
  std::uint64_t folded_revision() const noexcept { return folded_revision_; }

  // The next users to fold. Nothing is changed until the portion is taken.
  struct Portion {
    std::vector<std::uint32_t> ordinals;
    std::uint64_t position = 0;          // where the round stands afterwards: 2^32 behind the last ordinal
    bool begins_round = false;           // anew, on its way there
    std::uint64_t revision = 0;          // that it is folded at
    std::uint64_t folded_revision = 0;   // how far the fold is complete with this portion
  };
  // `revision`: the newest change that a fold can see. Throws std::bad_alloc.
  Portion next(std::size_t count, std::uint64_t revision) const;
  // After the portion is committed.
  void note_folded(const Portion& portion) noexcept;

 private:
  // One bit an ordinal, for 16,384 of them. Where nobody was ever marked, there are no words: ordinals go up
  // to 2^32, however few users there are.
  static constexpr std::uint64_t kChunkBits = 16'384;
  using Words = std::array<std::uint64_t, kChunkBits / 64>;
  struct Chunk {
    std::unique_ptr<Words> words;
    std::uint64_t marks = 0;              // set bits
    std::uint64_t came_at_revision = 0;   // the last round that came here; 0: none has
  };

  // The first marked ordinal at or after `from`.
  std::optional<std::uint32_t> first_marked(std::uint64_t from) const noexcept;
  static std::optional<std::uint64_t> first_marked(const Chunk& chunk, std::uint64_t from) noexcept;
  // The chunks that the portion comes to, each once.
  template <class Visit>
  void visit_entered(const Portion& portion, Visit&& visit) const noexcept;

  std::vector<Chunk> chunks_;
  std::uint64_t count_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t folded_revision_;
};

// Retention: how far the log and the idempotency tokens may be pruned, and no further. Each has its own rule,
// which is a setting of the store (Settings::history, Settings::tokens). Ages are lived time
// (LivedTime).
//
// Pruning is done some rows at a time: one by one it would rewrite a table's first page with each commit.
// Used under the lead only. Throws Failure (corrupt_store) where a row is missing.
class Retention {
 public:
  explicit Retention(sqlite::Database& database) noexcept : database_(database) {}

  // What comes with a commit: pruning keeps pace with it.
  struct Newcomers {
    std::size_t changes = 0;
    std::size_t tokens = 0;
    std::int64_t lived_ms = 0;   // the store's lived time now
  };

  // Rows that are always pruned together, unless the bounds are smaller.
  static constexpr std::uint64_t kChunk = 1024;

  // The newest segment of the log, or token, that may go now by the store's settings; none where it is not
  // worth while. A segment goes when all of its changes may: more is kept than was asked for, never less.
  std::optional<model::Segment> last_segment_to_go(const sqlite::State& state, std::uint64_t folded_revision,
                                                   const Newcomers& newcomers);
  std::optional<std::uint64_t> last_token_to_go(const sqlite::State& state, const Newcomers& newcomers);

 private:
  model::Segment segment_of(std::uint64_t revision);
  std::int64_t token_lived_ms(std::uint64_t seq);

  sqlite::Database& database_;
};

// Postponement: how long housekeeping is put off when it has failed, so that a disk that stays full does not
// cost every commit a try: until 1,024 writes have come, then twice as many, up to a bound.
class Postponement {
 public:
  static constexpr std::size_t kFirst = 1024;
  static constexpr std::size_t kLongest = 64 * kFirst;

  bool is_over() const noexcept { return left_ == 0; }
  void note_writes(std::size_t count) noexcept { left_ -= std::min(left_, count); }

  void note_failure() noexcept {
    left_ = next_;
    next_ = std::min(2 * next_, kLongest);
  }
  void note_success() noexcept {
    left_ = 0;
    next_ = kFirst;
  }

 private:
  std::size_t left_ = 0;   // writes to come before the next try
  std::size_t next_ = kFirst;
};

// LivedTime: how long a store has been open for writing, in all its sessions: what the age of changes and
// tokens is counted by (docs/semantics.md, "Settings"). A clock that somebody sets moves it neither way, and
// time in which the store is closed does not count. What a session that ends uncleanly has lived since its
// last commit is lost: everything is then kept a little longer.
class LivedTime {
 public:
  using Uptime = std::function<std::chrono::nanoseconds()>;

  // Goes on from what the commit record says. No function: CLOCK_BOOTTIME.
  LivedTime(std::int64_t lived_ms, Uptime uptime);
  // Again, from now on.
  void go_on_from(std::int64_t lived_ms) noexcept;

  std::int64_t now_ms() const noexcept;   // never less than at the beginning

 private:
  std::chrono::nanoseconds uptime() const noexcept;

  const Uptime uptime_;
  std::int64_t lived_before_ms_;
  std::chrono::nanoseconds opened_at_;
};

}   // namespace usertags::store
