// The linearizability judge: whether all that many threads were told fits one order of changes that also is the
// order of real time.
//
// The store numbers its changes, so their order is known: whoever replays them knows what every answer has to be
// at every moment. A moment is a revision: the state behind that change. An answer is a claim that is true at some
// moments, and it can be trusted if a moment can be chosen for each call so that
//   - the claim is true at it, and no transaction is half done at it,
//   - it is not before the moment of any call that had ended when this one began,
//   - a change is behind the moment of each such call.
// The judge walks starts and ends in the order of time and takes the first moment that fits: no other choice leaves
// more to the calls that follow, so that a history which it refuses has no order at all. It takes n log n.
//
// Answers are kept as numbers: users and keys by index, values as integers, and what was told as a sum over the users
// that were asked for (`part`), which both sides compute, who records from what the store showed, and the judge
// from its replay.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "torture/row.hpp"

namespace usertags::torture {

constexpr std::size_t kJudgedUsers = 32;
constexpr std::size_t kJudgedKeys = 4;
constexpr std::uint32_t kEveryUser = ~std::uint32_t{0};   // a mask of users

// A user as one change left it.
struct Version {
  std::uint64_t revision = 0;
  std::uint64_t id = 0;                            // a hash of it; 0: there is no such user
  std::array<std::uint32_t, kJudgedKeys> tags{};   // 0: without the key

  bool operator==(const Version&) const = default;
};

// What a write does: sets the keys of the mask to one value, or takes them away (0).
struct Effect {
  enum class Kind : std::uint8_t { create, patch, remove };
  enum class Guard : std::uint8_t { none, revision, value };   // value: of the first key of the mask
  Kind kind = Kind::patch;
  std::uint8_t keys = 0;
  std::uint32_t value = 0;
  Guard guard = Guard::none;
  std::uint64_t expected = 0;
  std::uint64_t id = 0;   // of a creation: that of the new user
};

// What is asked of each user.
struct Question {
  enum class View : std::uint8_t {
    nothing,    // only the moment was told
    whole,      // the user
    id,         // which user it is
    revision,   // of the user
    tag,        // the value of the first key of the mask
    count,      // 1, of users that have all keys of the mask and none of `lacks`
    matching,   // the user, likewise
    values,     // the values of the first key of the mask
    keys,       // the keys that it has
    after,      // the user as the effect would leave it: plan, or a write that changed nothing
  };
  View view = View::nothing;
  std::uint8_t keys = 0;
  std::uint8_t lacks = 0;
  std::uint32_t value = 0;   // of `after`
};

// What one user, as it is at a moment, has to say to a question. Answers are sums of it.
std::uint64_t part(const Question& question, std::size_t user, const Version& version, std::uint64_t moment);

// A change in the log, as feed and history tell it.
struct LogEntry {
  std::uint64_t revision = 0;
  std::uint64_t transaction = 0;
  std::size_t user = 0;
  std::uint64_t id = 0;
  Effect::Kind kind{};
  std::array<std::uint32_t, kJudgedKeys> tags{};   // what was set
  std::uint8_t removed = 0;                        // a mask of keys
};
std::uint64_t part(const LogEntry& entry);

// Who answered. Each shows moments that never run backwards, and never what was not yet begun.
enum class Source : std::uint8_t {
  store,
  follower,   // shows what it has refreshed to
  file,       // read by a follower: never behind what the store shows, perhaps ahead of it
};

// One answer that a thread was given.
struct Observation {
  enum class Kind : std::uint8_t {
    change,    // a write that was applied: `revision` is its own, `told` the user afterwards (whole)
    claim,     // `told` is the answer to the question about `users`
    replay,    // a write whose token was known: its first `revision`, and the user as it is (whole)
    feed,      // the changes behind `after` up to `revision`
    history,   // the newest changes of a user, at most kHistoryLimit, the newest of them `revision`
  };
  static constexpr std::size_t kHistoryLimit = 3;

  std::uint64_t start = 0;   // ticks: one of each number, taken before the call …
  std::uint64_t end = 0;     // … and behind it
  Kind kind = Kind::claim;
  Source source = Source::store;
  std::uint32_t users = 0;   // a mask; of a change: its one user
  Question question{};
  Effect effect{};
  std::uint64_t revision = 0;
  bool at_revision =
      false;                 // of a claim: `revision` was told to be its moment; of a feed: there was no more
  bool up_to_date = false;   // not behind what the store showed when the call began: refresh
  std::uint64_t transaction = 0;   // of a change: the last revision of its transaction
  std::uint64_t after =
      0;   // of a feed: its position; of a history: the floor, the oldest change that is kept
  std::uint64_t token = 0;   // of a change or a replay; 0: none
  std::uint64_t told = 0;
};

// Throws Finding where the observations, of one thread each and in its order, fit no order. They have all changes.
void judge(std::span<const std::vector<Observation>> threads);

}   // namespace usertags::torture
