// R14: long lives. A store lives day after day, by clocks that the row sets: hosts write, followers and a consumer of
// the feed come and go, the store is closed, dropped and killed, compacted, copied, and put back from an older copy; its
// settings change, and the clock is set. Every evening store, follower, consumer, copy and reference have to be the
// same, and memory and files no larger than what they hold, which settings and options bound.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "model/digest.hpp"
#include "model/record.hpp"
#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/expect_equal.hpp"
#include "support/expect_log.hpp"
#include "support/reference_store.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::code_of;
using test::must;
using test::ReferenceStore;
using test::ReferenceUser;
using test::told;
using test::Verdict;

constexpr std::size_t kNames = 200;
constexpr std::uint64_t kMemoryBudget = std::uint64_t{1} << 20;
constexpr std::uint64_t kCheckpointBytes = 200'000;
constexpr std::uint64_t kGroupBytes = 500'000;   // what a group and its housekeeping write at most here
constexpr std::size_t kLargestTransaction = 20;

// How long the store has lived. What a session that ends uncleanly has lived since its last commit may count or not.
struct Age {
  std::chrono::hours most{0};
  std::chrono::hours least{0};
};

// What has to be true of the store, besides the file.
struct Knowledge {
  ReferenceStore reference;
  Age age;
  std::vector<Age> changes;   // when each was made, by revision - 1
  std::deque<Age> tokens;     // of those that are remembered
  std::uint64_t floor = 1;    // when the log was looked at last
};

std::string digest_of(const ReferenceStore& reference) {
  model::Digest digest;
  for (const auto& [ordinal, user] : reference.users()) {
    std::vector<Tag> tags;
    for (const auto& [key, value] : user.tags) tags.push_back({key, value});
    digest += model::user_hash(*model::Record::make(static_cast<std::uint32_t>(ordinal + 1), user.revision,
                                                    *model::parse_user_id(reference.id(ordinal)),
                                                    user.external_id, tags));
  }
  return digest.hex();
}

void expect_digest(const std::string& who, const UserTagStore& store, const ReferenceStore& reference) {
  const VerifyReport report = must(store.verify(), "verify");
  require(report.ok(), who + ": " + (report.ok() ? "" : report.problems.front().what));
  require(report.revision == reference.revision(),
          who + " is at revision " + std::to_string(report.revision));
  require(report.digest == digest_of(reference), who + " has another digest than the reference");
}

// Follows the feed, and has nothing else.
class Consumer {
 public:
  void start(const UserTagStore& store) {
    position_ = store.position();
    users_.clear();
    must(store.for_each(Selector(), [&](const User& user) {
      auto& tags = users_[std::string(user.id())];
      for (const auto& [key, value] : user.tags()) tags[std::string(key)] = value;
    }));
  }
  // `restored`: an older copy was put in place since.
  void catch_up(const UserTagStore& store, bool restored) {
    while (true) {
      const auto page = store.changes(position_, 50);
      const bool lost =
          code_of(page) == ErrorCode::history_pruned || code_of(page) == ErrorCode::future_revision;
      require(lost || page, "the feed answers " + told(page));
      if (restored) {
        require(lost || page->epoch_changed, "the feed does not tell that a copy was restored");
        last_at_ = {};   // times go on from where the copy was
        return start(store);
      }
      require(code_of(page) != ErrorCode::future_revision, "the feed has lost changes");
      if (lost) return start(store);
      if (page->changes.empty()) return;
      for (const Change& change : page->changes) take(change);
      position_ = page->next;
    }
  }
  void expect_equal(const ReferenceStore& reference) const {
    require(users_.size() == reference.users().size(), "the consumer of the feed has other users");
    for (const auto& [ordinal, user] : reference.users()) {
      const auto found = users_.find(reference.id(ordinal));
      require(found != users_.end() && found->second == user.tags, "the consumer of the feed has other tags");
    }
  }

 private:
  void take(const Change& change) {
    require(change.at >= last_at_, "times in the feed run backwards");
    last_at_ = change.at;
    auto& tags = users_[change.user_id];
    for (const TagChange& tag : change.tags) {
      const auto had = tags.find(tag.key);
      require((had == tags.end() ? std::nullopt : std::optional(had->second)) == tag.before,
              "the consumer of the feed had another value than the feed tells");
      if (tag.value) tags[tag.key] = *tag.value;
      if (!tag.value) tags.erase(tag.key);
    }
    if (change.kind != ChangeKind::deleted) return;
    require(tags.empty(), "the consumer of the feed had tags that the deletion does not tell");
    users_.erase(change.user_id);
  }

  Position position_;
  std::chrono::sys_time<std::chrono::milliseconds> last_at_{};
  std::map<std::string, std::map<std::string, std::string>> users_;
};

class Life {
 public:
  Life(std::uint64_t seed, Tally& tally) : random_(seed), tally_(tally) {
    test::settings_of(first_options_) = settings_;
    must(open(first_options_).close());
    known_.reference.set_limits(settings_);
    store_.emplace(open(options()));
    consumer_.start(*store_);
  }

  void day() {
    if (dice(40) == 0) now_ += std::chrono::hours(dice(24 * 20)) - 240h;   // somebody sets the clock
    if (!store_) store_.emplace(open(options()));
    morning();
    for (int hour = 0; hour < 24; ++hour) {
      pass(1h);
      for (std::uint64_t left = dice(4); left > 0; --left) write();
    }
    if (dice(4) == 0) maintain();
    evening();
    night();
    tally_.add("days");
  }

 private:
  std::uint64_t dice(std::uint64_t sides) { return random_() % sides; }
  std::string name() { return "user " + std::to_string(dice(kNames)); }

  Options options() {
    Options options;
    options.durability = Durability::relaxed;
    options.memory_budget = kMemoryBudget;
    options.housekeeping.checkpoint_wal_bytes = kCheckpointBytes;
    options.housekeeping.backlog_users = 20;
    options.clock = [this] { return now_; };
    options.uptime = [this] { return uptime_; };
    return options;
  }
  UserTagStore open(const Options& options) {
    uptime_ = std::chrono::hours(dice(10'000));   // the machine may have been started anew
    return must(UserTagStore::open(path_, options), "open");
  }
  UserTagStore reader(const fs::path& path) {
    Options options;
    options.access = Access::read_only;
    return must(UserTagStore::open(path, options), "open read-only");
  }

  void pass(std::chrono::hours time) {
    now_ += time;
    uptime_ += time;
    known_.age.most += time;
    session_ += time;
  }
  bool is_younger(const Age& at, std::chrono::seconds age) const { return known_.age.most - at.most < age; }
  bool is_older(const Age& at, std::chrono::seconds age) const { return known_.age.least - at.least > age; }
  // What was lived so far stands in the file.
  void note_commit() {
    known_.age.least += std::exchange(session_, 0h);
    known_.changes.resize(known_.reference.revision(), known_.age);
  }

  void morning();
  void write();
  void write_all();
  Write any_write();
  void judge(const Write& write, const Verdict& verdict, const Result<Applied>& answer);
  void forget_tokens();
  void maintain();
  void change_settings();
  void evening();
  void check_retention(bool tidy);
  void check_sizes();
  void check_follower();
  void check_copy();
  void night();
  void killed_day();
  void restore();

  std::mt19937_64 random_;
  Tally& tally_;
  test::TempDir folder_{test::memory_folder()};
  fs::path path_ = folder_ / "users.db";
  fs::path copy_ = folder_ / "copy.db";

  std::chrono::system_clock::time_point now_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  std::chrono::nanoseconds uptime_{0};
  std::chrono::hours session_{0};   // lived since the last commit

  Settings settings_{.tags_per_user = 12,
                     .history = {.min_changes = 300, .min_age = 24h * 7},
                     .tokens = {.max_count = 100, .max_age = 24h * 3}};
  Options first_options_;
  std::optional<UserTagStore> store_;
  std::optional<UserTagStore> follower_;
  Consumer consumer_;
  Knowledge known_;
  std::optional<Knowledge> copied_;   // what the copy knows
  bool restored_ = false;             // since the consumer has looked
  std::uint64_t next_value_ = 0;
  std::uint64_t days_ = 0;
  std::uint64_t most_memory_ = 0;   // bytes, for the most users and tokens there were
  std::uint64_t most_file_ = 0;     // rows, of the most data there was
};

// --- Writes. ---

Write Life::any_write() {
  const std::string user = name();
  const std::string value = std::to_string(++next_value_);
  ApplyOptions options;
  if (dice(3) == 0) options.token = "token " + value;
  if (dice(5) == 0) options.note = "by night";
  const bool there = known_.reference.find(UserRef(user)) != nullptr;
  if (!there) return CreateUser{user, {{"n", value}, {"team", "team " + std::to_string(dice(5))}}, options};
  if (dice(25) == 0) return DeleteUser{user, options};
  TagBatch batch = TagBatch().set("n", value).set("team", "team " + std::to_string(dice(5)));
  if (dice(3) == 0)
    batch.erase("key " + std::to_string(dice(5)));
  else
    batch.set("key " + std::to_string(5 + dice(4)), value);
  return PatchUser{user, batch, options};
}

void Life::judge(const Write& write, const Verdict& verdict, const Result<Applied>& answer) {
  require(verdict.error == code_of(answer), "a write answers " + told(answer));
  if (!answer) return;
  require(verdict.revision == answer->revision && verdict.changed == answer->changed &&
              verdict.replayed == answer->replayed,
          "a write is answered with another revision");
  if (std::holds_alternative<CreateUser>(write) && !answer->replayed) {
    known_.reference.learn_id(answer->user->id());
  }
}

void Life::write() {
  if (dice(20) == 0) return write_all();
  const Write write = any_write();
  const Verdict verdict = known_.reference.write(write, std::nullopt);
  const auto answer = std::move(store_->apply_each(std::span(&write, 1)).front());
  judge(write, verdict, answer);
  if (std::visit([](const auto& one) { return !one.options.token.empty(); }, write)) {
    const auto again = std::move(store_->apply_each(std::span(&write, 1)).front());
    judge(write, known_.reference.write(write, std::nullopt), again);
    require(again && again->replayed, "a token is not known at once");
    note_commit();
    known_.tokens.push_back(known_.age);
  }
  note_commit();
  forget_tokens();
  tally_.add("writes");
}

void Life::write_all() {
  std::vector<Write> writes;
  for (const auto& [ordinal, user] : known_.reference.users()) {
    if (writes.size() == kLargestTransaction) break;
    if (dice(8) == 0)
      writes.push_back(PatchUser{user.external_id, TagBatch().set("all", std::to_string(++next_value_)), {}});
  }
  if (writes.empty()) return;
  const std::vector<Verdict> verdicts = known_.reference.apply_all(writes);
  const auto answers = must(store_->apply_all(writes), "apply_all");
  require(answers.back().revision == verdicts.back().revision,
          "a transaction is answered with another revision");
  note_commit();
  forget_tokens();
  tally_.add("writes", writes.size());
}

void Life::forget_tokens() {
  const std::size_t kept = store_->stats().tokens;
  std::deque<Age>& tokens = known_.tokens;
  require(kept <= tokens.size(), "more tokens than were ever given");
  for (; tokens.size() > kept; tokens.pop_front()) {
    const bool many = tokens.size() > settings_.tokens.max_count;
    require(many || !is_younger(tokens.front(), settings_.tokens.max_age),
            "a token was forgotten before its time");
  }
  known_.reference.forget_tokens_but(kept);
}

// --- Care. ---

void Life::maintain() {
  must(store_->maintain(10min), "maintain");
  forget_tokens();
  check_retention(true);
}

void Life::change_settings() {
  check_retention(false);   // what went by the settings of before is no fault of the new ones
  settings_.history.min_changes = 100 + dice(400);
  settings_.history.min_age = 24h * static_cast<int>(dice(10));
  settings_.tokens.max_count = 20 + dice(150);
  settings_.tokens.max_age = 24h * static_cast<int>(dice(5));
  must(store_->change_settings(change_to(settings_)), "change_settings");
  note_commit();
  tally_.add("changed settings");
}

void Life::morning() {
  if (dice(15) == 0) change_settings();
  if (dice(20) == 0) must(store_->compact(), "compact"), forget_tokens(), tally_.add("compactions");
  if (dice(30) == 0 && copied_) restore();
  if (dice(20) == 0) {
    must(store_->backup(copy_), "backup");
    copied_ = known_;
    tally_.add("copies");
    check_copy();
  }
}

// Puts the copy in place. It begins an epoch of its own, and has lived as long as it had when it was made.
void Life::restore() {
  must(store_->close(), "close");
  store_.reset();
  fs::rename(copy_, path_);
  known_ = *std::exchange(copied_, std::nullopt);
  session_ = 0h;
  store_.emplace(open(options()));
  settings_ = must(store_->settings(), "settings");
  known_.reference.set_limits(settings_);
  forget_tokens();
  restored_ = true;
  tally_.add("restored copies");
}

// --- Checks. ---

void Life::evening() {
  ++days_;
  test::expect_equal(*store_, known_.reference);
  test::expect_figures(store_->stats(), known_.reference);
  expect_digest("the store", *store_, known_.reference);
  check_retention(false);
  check_sizes();
  check_follower();
  if (dice(3) != 0) {
    consumer_.catch_up(*store_, std::exchange(restored_, false));
    consumer_.expect_equal(known_.reference);
  }
  if (days_ % 30 == 0) test::expect_log(*store_, known_.reference);
}

// What has to be kept is there. `tidy`: what may go has gone, but for less than a chunk of it.
void Life::check_retention(bool tidy) {
  const Stats stats = store_->stats();
  const History& history = settings_.history;
  const std::uint64_t beyond =
      stats.revision - std::min(stats.revision, history.min_changes);   // others stay
  require(stats.log_floor <= std::max(beyond + 1, known_.floor),
          "a change was pruned that is among the newest");
  for (std::uint64_t gone = known_.floor; gone < stats.log_floor; ++gone) {
    require(!is_younger(known_.changes[gone - 1], history.min_age), "a change was pruned before its time");
  }
  known_.floor = stats.log_floor;
  if (!tidy) return;
  std::uint64_t old = 0;
  for (std::uint64_t revision = stats.log_floor; revision <= beyond; ++revision) {
    if (is_older(known_.changes[revision - 1], history.min_age)) ++old;
  }
  require(old <= history.min_changes + kLargestTransaction, "changes are kept beyond their time");
  const std::deque<Age>& tokens = known_.tokens;
  std::uint64_t spare = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool many = tokens.size() - i > settings_.tokens.max_count;
    if (many || is_older(tokens[i], settings_.tokens.max_age)) ++spare;
  }
  require(spare <= settings_.tokens.max_count, "tokens are kept beyond their time");
}

void Life::check_sizes() {
  const Stats stats = store_->stats();
  require(stats.memory_bytes() <= kMemoryBudget + 16'384, "more memory than the budget allows");
  require(stats.wal_bytes <= kCheckpointBytes + kGroupBytes, "the WAL is beyond its bound");
  require(fs::file_size(path_.string() + "-wal") <= kCheckpointBytes + kGroupBytes,
          "the WAL file is beyond its bound");
  const std::uint64_t rows = stats.users + (stats.revision + 1 - stats.log_floor) + stats.tokens;
  most_file_ = std::max(most_file_, rows);
  // A row has less than half a KiB here, pages are half full at the worst, and schema and state are a few more.
  require(stats.database_bytes <= 200'000 + most_file_ * 1'024, "the file grows beyond what it has to hold");
  most_memory_ = std::max(most_memory_, stats.users * 600 + stats.tokens * 150);
  require(stats.memory_bytes() <= 40'000 + most_memory_, "memory grows beyond what it has to hold");
}

void Life::check_follower() {
  if (!follower_ && dice(3) == 0) follower_.emplace(reader(path_));
  if (!follower_ || dice(3) == 0) return;
  const auto refreshed = follower_->refresh();
  if (code_of(refreshed) == ErrorCode::store_failed && follower_->stats().revision != 0 &&
      tally_["restored copies"] > 0) {
    follower_.emplace(reader(path_));   // the file does not go on from what it shows
  } else {
    require(refreshed == known_.reference.revision(), "refresh answers " + told(refreshed));
  }
  expect_digest("the follower", *follower_, known_.reference);
  tally_.add("refreshes");
  if (dice(10) == 0) follower_.reset();
}

void Life::check_copy() {
  const auto copy = reader(copy_);
  test::expect_equal(copy, known_.reference);
  expect_digest("the copy", copy, known_.reference);
}

// --- Nights. ---

void Life::night() {
  switch (dice(8)) {
    case 0:
      must(store_->close(), "close");
      note_commit();
      store_.reset();
      return;
    case 1:
      store_.reset();   // dropped
      session_ = 0h;
      return;
    case 2: return killed_day();
    default: return;
  }
}

// Another process writes, and is killed.
void Life::killed_day() {
  store_.reset();
  session_ = 0h;
  std::vector<Write> writes;
  for (const auto& [ordinal, user] : known_.reference.users()) {
    ApplyOptions options;
    const std::string value = std::to_string(++next_value_);
    if (dice(2) == 0) options.token = "token " + value;
    writes.push_back(PatchUser{user.external_id, TagBatch().set("n", value), options});
  }
  if (writes.empty()) return;
  const std::size_t lines = dice(std::min<std::size_t>(writes.size(), 60));
  std::size_t acknowledged = 0;
  {
    test::Child child([&](const test::Reporter& parent) {
      auto store = open(options());
      for (const Write& write : writes) {
        must(std::move(store.apply_each(std::span(&write, 1)).front()));
        parent.tell("written");
      }
    });
    while (acknowledged < lines && child.read_line()) ++acknowledged;
    child.kill();
    while (child.read_line()) ++acknowledged;
  }
  store_.emplace(open(options()));
  const std::uint64_t applied = store_->revision() - known_.reference.revision();
  require(applied >= acknowledged && applied <= acknowledged + 1, "a kill has lost a write, or made one up");
  for (std::size_t i = 0; i < applied; ++i) {
    known_.reference.write(writes[i], std::nullopt);
    if (!std::get<PatchUser>(writes[i]).options.token.empty()) known_.tokens.push_back(known_.age);
  }
  note_commit();
  forget_tokens();
  test::expect_equal(*store_, known_.reference);
  tally_.add("kills");
}

void run_years(const Run& run, Tally& tally) {
  Life life(run.seed, tally);
  while (tally["days"] < run.rounds) life.day();
}

}   // namespace

const Row years{
    .number = "R14",
    .name = "years",
    .unit = "days",
    .what = "a long life: clocks, retention, followers, copies, kills; equal and bounded every evening",
    .in_ci = 365,
    .in_tests = 20,
    .run = run_years};

}   // namespace usertags::torture
