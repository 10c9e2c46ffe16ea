#include "torture/judge.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <unordered_map>

namespace usertags::torture {
namespace {

using View = Question::View;
using Kind = Observation::Kind;

// Of the finalizer of MurmurHash3: sums of what it makes do not meet by chance.
std::uint64_t mix(std::uint64_t one, std::uint64_t other) {
  std::uint64_t hash = one * 0x9E37'79B9'7F4A'7C15 + other + 0x85EB'CA6B;
  hash = (hash ^ (hash >> 33)) * 0xFF51'AFD7'ED55'8CCD;
  hash = (hash ^ (hash >> 33)) * 0xC4CE'B9FE'1A85'EC53;
  return hash ^ (hash >> 33);
}

std::uint8_t keys_of(const Version& version) {
  std::uint8_t keys = 0;
  for (std::size_t key = 0; key < kJudgedKeys; ++key) {
    if (version.tags[key] != 0) keys = static_cast<std::uint8_t>(keys | (1U << key));
  }
  return keys;
}

std::size_t first_of(std::uint8_t keys) {
  return static_cast<std::size_t>(std::countr_zero(keys));
}

std::uint64_t whole(std::size_t user, const Version& version) {
  std::uint64_t hash = mix(mix(user + 1, version.id), version.revision);
  for (const std::uint32_t tag : version.tags) hash = mix(hash, tag);
  return hash;
}

std::uint64_t keys_part(const Version& version) {
  std::uint64_t sum = 0;
  for (std::size_t key = 0; key < kJudgedKeys; ++key) sum += version.tags[key] != 0 ? mix(7, key) : 0;
  return sum;
}

void set(Version& version, std::uint8_t keys, std::uint32_t value) {
  for (std::size_t key = 0; key < kJudgedKeys; ++key) {
    if ((keys >> key & 1) != 0) version.tags[key] = value;
  }
}

std::size_t user_of(const Observation& seen) {
  return static_cast<std::size_t>(std::countr_zero(seen.users));
}

std::string words(const Observation& seen) {
  constexpr const char* kKinds[] = {"a change", "a claim", "a replay", "a page of the feed", "a history"};
  constexpr const char* kSources[] = {"store", "follower", "file"};
  return std::string(kKinds[static_cast<std::size_t>(seen.kind)]) + " of the " +
         kSources[static_cast<std::size_t>(seen.source)] + ", ticks " + std::to_string(seen.start) + " to " +
         std::to_string(seen.end) + ", users " + std::to_string(seen.users) + ", view " +
         std::to_string(static_cast<int>(seen.question.view)) + ", revision " + std::to_string(seen.revision);
}

[[noreturn]] void refuse(const std::string& why, const Observation& seen) {
  throw Finding(why + ": " + words(seen));
}
void require(bool holds, const char* otherwise, const Observation& seen) {
  if (!holds) refuse(otherwise, seen);
}

// What the changes come to, one after the other.
class Replay {
 public:
  explicit Replay(std::span<const std::vector<Observation>> threads) {
    for (auto& versions : versions_) versions.emplace_back();
    for (const Observation* change : in_order(threads)) take(*change);
    find_visible_moments();
  }

  std::uint64_t last() const { return changes_.size(); }
  const Version& version(std::size_t user, std::uint64_t moment) const {
    return versions_[user][index_of(user, moment)];
  }
  std::uint64_t answer(const Observation& seen, std::uint64_t moment) const {
    std::uint64_t sum = 0;
    for (std::uint32_t users = seen.users; users != 0; users &= users - 1) {
      const auto user = static_cast<std::size_t>(std::countr_zero(users));
      sum += part(seen.question, user, version(user, moment), moment);
    }
    return sum;
  }
  bool visible(std::uint64_t moment) const { return visible_from_.at(moment) == moment; }
  // The first moment from this one on that readers can see.
  std::uint64_t visible_from(std::uint64_t moment) const { return visible_from_.at(moment); }
  // The next change of one of the users; none: beyond the last.
  std::uint64_t next_change(std::uint32_t users, std::uint64_t moment) const;
  std::uint64_t log(std::uint64_t after, std::uint64_t last) const { return log_.at(last) - log_.at(after); }
  std::uint64_t history(std::size_t user, std::uint64_t newest, std::uint64_t floor) const;
  // The revision of the change that came under the token; 0: none.
  std::uint64_t of_token(std::uint64_t token) const {
    const auto found = tokens_.find(token);
    return found == tokens_.end() ? 0 : found->second;
  }

 private:
  static std::vector<const Observation*> in_order(std::span<const std::vector<Observation>> threads);
  void take(const Observation& change);
  void check_guard(const Observation& change, const Version& before) const;
  void find_visible_moments();
  std::size_t index_of(std::size_t user, std::uint64_t moment) const {
    const auto& versions = versions_[user];
    const auto next = std::ranges::upper_bound(versions, moment, {}, &Version::revision);
    return static_cast<std::size_t>(next - versions.begin()) - 1;
  }

  std::vector<const Observation*> changes_;
  std::array<std::vector<Version>, kJudgedUsers> versions_;   // each begins with that of moment 0: none
  std::vector<std::uint64_t> log_{0};                         // sums of entries, up to a revision
  std::vector<std::uint64_t> visible_from_;
  std::unordered_map<std::uint64_t, std::uint64_t> tokens_;
};

std::vector<const Observation*> Replay::in_order(std::span<const std::vector<Observation>> threads) {
  std::vector<const Observation*> changes;
  for (const auto& thread : threads) {
    for (const Observation& seen : thread) {
      if (seen.kind == Kind::change) changes.push_back(&seen);
    }
  }
  std::ranges::sort(changes, {}, [](const Observation* change) { return change->revision; });
  return changes;
}

void Replay::check_guard(const Observation& change, const Version& before) const {
  const Effect& effect = change.effect;
  require((before.id == 0) == (effect.kind == Effect::Kind::create), "a change of a user that cannot have it",
          change);
  if (effect.guard == Effect::Guard::none) return;
  const std::uint64_t guarded =
      effect.guard == Effect::Guard::revision ? before.revision : before.tags[first_of(effect.keys)];
  require(guarded == effect.expected, "an update is lost: the guard of a change did not hold", change);
}

void Replay::take(const Observation& change) {
  changes_.push_back(&change);
  const std::uint64_t revision = changes_.size();
  require(change.revision == revision, "revisions have a gap, or one was given twice", change);
  const std::size_t user = user_of(change);
  const Version before = versions_[user].back();
  check_guard(change, before);
  if (change.token != 0) {
    require(tokens_.emplace(change.token, revision).second, "a token was applied twice", change);
  }

  Version after = before;
  after.revision = revision;
  set(after, change.effect.keys, change.effect.value);
  if (change.effect.kind == Effect::Kind::create) after.id = change.effect.id;
  if (change.effect.kind == Effect::Kind::remove) after = {.revision = revision};
  require(change.told == part({.view = View::whole}, user, after, revision),
          "a change was answered with another user", change);
  versions_[user].push_back(after);

  LogEntry entry{revision, change.transaction, user, after.id != 0 ? after.id : before.id,
                 change.effect.kind};
  for (std::size_t key = 0; key < kJudgedKeys; ++key) {
    if (after.id == 0 || after.tags[key] == before.tags[key]) continue;
    entry.tags[key] = after.tags[key];
    if (after.tags[key] == 0) entry.removed = static_cast<std::uint8_t>(entry.removed | (1U << key));
  }
  log_.push_back(log_.back() + part(entry));
}

void Replay::find_visible_moments() {
  visible_from_.assign(changes_.size() + 1, 0);
  for (std::uint64_t revision = 1; revision <= last(); ++revision) {
    const Observation& change = *changes_[revision - 1];
    const std::uint64_t end = change.transaction;
    require(end >= revision && end <= last() && changes_[end - 1]->transaction == end,
            "a transaction has no end", change);
    visible_from_[revision] = end;
  }
}

std::uint64_t Replay::next_change(std::uint32_t users, std::uint64_t moment) const {
  std::uint64_t next = last() + 1;
  for (; users != 0; users &= users - 1) {
    const auto user = static_cast<std::size_t>(std::countr_zero(users));
    const std::size_t index = index_of(user, moment) + 1;
    if (index < versions_[user].size()) next = std::min(next, versions_[user][index].revision);
  }
  return next;
}

std::uint64_t Replay::history(std::size_t user, std::uint64_t newest, std::uint64_t floor) const {
  std::uint64_t sum = 0;
  std::size_t index = index_of(user, newest);
  for (std::size_t count = 0; count < Observation::kHistoryLimit && index > 0; ++count, --index) {
    const Version& version = versions_[user][index];
    if (version.id == 0 && count > 0) break;   // of one that had the name before
    if (version.revision < floor) break;
    sum += log(version.revision - 1, version.revision);
  }
  return sum;
}

// Walks starts and ends, and takes a moment for each call.
class Order {
 public:
  Order(const Replay& replay, std::span<const std::vector<Observation>> threads) : replay_(replay) {
    for (const auto& thread : threads) {
      for (const Observation& seen : thread) add(seen);
    }
    for (const Event& event : events_) {
      if (event.seen != nullptr) take(event);
    }
  }

 private:
  struct Event {
    const Observation* seen = nullptr;
    std::size_t call = 0;
  };

  void add(const Observation& seen) {
    require(seen.start < seen.end, "a call that ends before it begins", seen);
    if (events_.size() <= seen.end) events_.resize(seen.end + 1);
    for (const std::uint64_t tick : {seen.start, seen.end}) {
      require(events_[tick].seen == nullptr, "a tick that was taken twice", seen);
      events_[tick] = {&seen, moments_.size()};
    }
    moments_.push_back(0);
    taken_.push_back(false);
  }

  void take(const Event& event) {
    const Observation& seen = *event.seen;
    std::uint64_t& floor = floor_of(seen.source);
    if (taken_[event.call]) {
      floor = std::max(floor, moments_[event.call]);
      return;
    }
    taken_[event.call] = true;
    const bool reads_file = seen.up_to_date || seen.source == Source::file;
    moments_[event.call] =
        moment(seen, reads_file ? std::max({floor, floor_of(Source::store), floor_of(Source::file)}) : floor);
  }

  std::uint64_t& floor_of(Source source) { return floors_[static_cast<std::size_t>(source)]; }
  std::uint64_t moment(const Observation& seen, std::uint64_t floor) const;
  std::uint64_t moment_of_history(const Observation& seen, std::uint64_t floor) const;
  std::uint64_t first_true_moment(const Observation& seen, std::uint64_t floor) const;

  const Replay& replay_;
  std::vector<Event> events_;            // by tick
  std::vector<std::uint64_t> moments_;   // by call
  std::vector<bool> taken_;
  std::array<std::uint64_t, 3> floors_{};   // by source: the newest moment of the calls that have ended
};

std::uint64_t Order::moment(const Observation& seen, std::uint64_t floor) const {
  require(seen.revision <= replay_.last(), "a revision that nobody wrote", seen);
  switch (seen.kind) {
    case Kind::change:
      require(seen.revision > std::ranges::max(floors_),
              "a change was seen before it began, or is out of order", seen);
      return seen.transaction;
    case Kind::claim: return first_true_moment(seen, floor);
    case Kind::replay:
      require(replay_.of_token(seen.token) == seen.revision, "a replay has another answer", seen);
      return first_true_moment(seen, std::max(floor, seen.revision));
    case Kind::feed:
      require(seen.after <= seen.revision && seen.told == replay_.log(seen.after, seen.revision),
              "the feed tells other changes", seen);
      require(replay_.visible(seen.revision), "the feed shows half of a transaction", seen);
      require(!seen.at_revision || seen.revision >= floor, "the feed is stale", seen);
      return std::max(floor, seen.revision);
    case Kind::history: return moment_of_history(seen, floor);
  }
  return floor;
}

// The user's name was looked up first: it may have been deleted, and its name given to another, before the log was
// read.
std::uint64_t Order::moment_of_history(const Observation& seen, std::uint64_t floor) const {
  const std::size_t user = user_of(seen);
  require(seen.told == replay_.history(user, seen.revision, seen.after), "a history tells other changes",
          seen);
  if (replay_.version(user, seen.revision).id == 0) return std::max(floor, seen.revision);
  Observation newest = seen;
  newest.question.view = View::revision;
  newest.told = seen.revision;
  return first_true_moment(newest, floor);
}

std::uint64_t Order::first_true_moment(const Observation& seen, std::uint64_t floor) const {
  if (seen.kind == Kind::claim && seen.at_revision) {
    require(seen.revision >= floor, "a stale read", seen);
    require(replay_.visible(seen.revision), "a read shows half of a transaction", seen);
    require(replay_.answer(seen, seen.revision) == seen.told, "a read shows what was not so at its revision",
            seen);
    return seen.revision;
  }
  for (std::uint64_t at = replay_.visible_from(floor);; at = replay_.visible_from(at)) {
    if (replay_.answer(seen, at) == seen.told) return at;
    at = replay_.next_change(seen.users, at);
    require(at <= replay_.last(), "a read shows what was never so since it could be", seen);
  }
}

}   // namespace

std::uint64_t part(const Question& question, std::size_t user, const Version& version, std::uint64_t moment) {
  if (version.id == 0) return 0;
  const std::uint8_t keys = keys_of(version);
  const bool matches = (keys & question.keys) == question.keys && (keys & question.lacks) == 0;
  switch (question.view) {
    case View::nothing: return 0;
    case View::whole: return whole(user, version);
    case View::id: return mix(user + 1, version.id);
    case View::revision: return version.revision;
    case View::tag: return version.tags[first_of(question.keys)];
    case View::count: return matches ? 1 : 0;
    case View::matching: return matches ? whole(user, version) : 0;
    case View::values: {
      const std::uint32_t value = version.tags[first_of(question.keys)];
      return value == 0 ? 0 : mix(first_of(question.keys) + 1, value);
    }
    case View::keys: return keys_part(version);
    case View::after: {
      Version after = version;
      set(after, question.keys, question.value);
      if (after.tags != version.tags) after.revision = moment + 1;
      return whole(user, after);
    }
  }
  return 0;
}

std::uint64_t part(const LogEntry& entry) {
  std::uint64_t hash = mix(mix(mix(entry.revision, entry.transaction), entry.user), entry.id);
  hash = mix(mix(hash, static_cast<std::uint64_t>(entry.kind)), entry.removed);
  for (const std::uint32_t tag : entry.tags) hash = mix(hash, tag);
  return hash;
}

void judge(std::span<const std::vector<Observation>> threads) {
  const Replay replay(threads);
  Order(replay, threads);
}

}   // namespace usertags::torture
