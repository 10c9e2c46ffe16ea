// Contender: what everybody who takes part in the comparison has to do, with the same duties:
//
//   - users are found by external id, and all their tags are touched (tag_sum.hpp);
//   - an update is judged before it is applied: there is such a user, at the version expected, with such
//     a key; the answer bears the user's tags afterwards;
//   - a group of updates is durable, that is synced, before its answers are given;
//   - an index from tag to users is kept by every write, unless Place::tag_index says otherwise.
//
// A version stands for one state of a user: a revision, or, where a contender keeps none, the sum of the
// tags, which costs nothing where they are read anyway. Peers may sum while they read, before the commit.
// Contenders throw what derives from std::exception; none goes on after that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/tag.hpp>

namespace usertags::bench {

struct NewUser {
  std::string external_id;
  std::vector<std::pair<std::string_view, std::string>> tags;   // sorted by key
};

// Gives one key that the user has another value.
struct Update {
  std::string external_id;
  std::string_view key;
  std::string value;
  std::optional<std::uint64_t> expected_version{};
};

enum class Outcome : std::uint8_t { applied, no_user, no_key, stale };

struct Answer {
  Outcome outcome = Outcome::applied;
  std::uint64_t tags = 0;   // the sum of the user's tags afterwards; 0 unless applied

  bool operator==(const Answer&) const = default;
};

struct Found {
  std::uint64_t tags = 0;   // the sum; 0: no such user
  std::uint64_t version = 0;
};

// Where a contender keeps its files, and what it has to keep.
struct Place {
  std::filesystem::path folder;
  bool tag_index = true;
};

// Takes no part, for a reason that is told.
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Contender {
 public:
  Contender() = default;
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;   // closes in good order

  // Users in the order of their external ids, into an empty store; durable once finish_load() returns.
  virtual void load(std::span<const NewUser> users) = 0;
  virtual void finish_load() = 0;

  // Independent updates, in order, durable together. answers[i] answers updates[i].
  virtual void update(std::span<const Update> updates, std::span<Answer> answers) = 0;

  virtual Found find(std::string_view external_id) = 0;
  // The same for one thread of many, which makes it, uses it, and drops it. Only of those who take threads,
  // or readers on them.
  using Finder = std::function<Found(std::string_view)>;
  virtual Finder finder() {
    return [this](std::string_view external_id) { return find(external_id); };
  }
  // The same without a copy of the user, for those who can: the sum of the tags.
  virtual std::uint64_t look_at(std::string_view external_id) { return find(external_id).tags; }
  // Those who have a protocol send all questions before they read the first answer.
  virtual void find_each(std::span<const std::string> external_ids, std::span<Found> found) {
    for (std::size_t i = 0; i < external_ids.size(); ++i) found[i] = find(external_ids[i]);
  }

  // How many users have both tags.
  virtual std::uint64_t count(Tag one, Tag other) = 0;

  // Lets work end that goes on behind the answers, so that it does not disturb whose turn is next. This time
  // is not counted, in favour of those who need it.
  virtual void settle() {}

  // Whether update() may be called from many threads at once.
  virtual bool takes_threads() const { return false; }

  // Memory that the data takes, apart from caches of the file; 0 where the data is in the file only.
  virtual std::uint64_t memory_bytes() { return 0; }
  // What it knows of its memory, and of its longest waits, since it was opened: a sentence each, for who
  // reads the bars.
  virtual std::string memory_parts() { return {}; }
  virtual std::string longest_waits() { return {}; }
};

}   // namespace usertags::bench
