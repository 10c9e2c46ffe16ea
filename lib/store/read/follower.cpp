#include "store/read/follower.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <span>
#include <string>
#include <utility>

#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/transaction.hpp"
#include "store/adopt/adoption.hpp"
#include "store/load/loader.hpp"
#include "store/load/log_walk.hpp"

namespace usertags::store {
namespace {

using index::Transition;
using model::Change;
using model::ChangeKind;
using model::Record;
using model::RecordPtr;

// Changes that are published together, to the end of a segment.
constexpr std::size_t kGroup = 4096;

[[noreturn]] void fail_discontinued(const std::filesystem::path& file, const std::string& why) {
  model::fail(ErrorCode::store_failed,
              model::quoted_path(file.native()) + " is no continuation of what this store shows: " + why,
              "open the store again");
}

// How memory becomes what was loaded. Users who are gone come first: one who came may have taken the name of
// one who went. None where no history leads there.
class Difference {
 public:
  Difference(const Loaded& loaded, const sqlite::State& shown) : loaded_(loaded), shown_(shown) {}

  std::optional<std::vector<Transition>> from(const index::Projection::Snapshot& memory) {
    auto next = loaded_.records.begin();
    const auto end = loaded_.records.end();
    memory.for_each([&](const Record& before) {
      for (; next != end && (*next)->ordinal() < before.ordinal(); ++next) come(*next);
      if (next != end && (*next)->ordinal() == before.ordinal())
        stay(before, *next++);
      else
        go(before);
    });
    for (; next != end; ++next) come(*next);
    if (impossible_) return std::nullopt;
    std::ranges::move(stayed_, std::back_inserter(gone_));
    std::ranges::move(come_, std::back_inserter(gone_));
    return std::move(gone_);
  }

 private:
  void come(const RecordPtr& after) {
    impossible_ = impossible_ || !is_new(*after, shown_);
    come_.push_back({{}, after});
  }
  void stay(const Record& before, const RecordPtr& after) {
    const bool is_same = before.version_bytes() == after->version_bytes();
    impossible_ = impossible_ || before.uuid() != after->uuid() ||
                  before.external_id() != after->external_id() ||
                  (!is_same && after->revision() <= before.revision());
    if (!is_same) stayed_.push_back({RecordPtr::share(before), after});
  }
  void go(const Record& before) {
    gone_.push_back({RecordPtr::share(before), Record::make_tombstone(before, loaded_.state.revision)});
  }

  const Loaded& loaded_;
  const sqlite::State& shown_;
  std::vector<Transition> gone_;
  std::vector<Transition> stayed_;
  std::vector<Transition> come_;
  bool impossible_ = false;
};

}   // namespace

// What the log leads to from what is published: the overlay in which later changes see earlier ones.
class Follower::Group {
 public:
  Group(const index::Projection& projection, const sqlite::State& state)
      : projection_(projection), state_(state) {}

  // Adds the change with the version that it leads to: null, if it is a creation, for `before`.
  void add(const Change& change, RecordPtr before, RecordPtr after) {
    model::replace_user(before.get(), *after, state_.digest);
    state_.revision = change.revision;
    if (!before) {
      state_.last_ordinal = after->ordinal();
      state_.last_id = after->uuid();
      created_.insert_or_assign(after->external_id(), after);
    }
    newest_[change.ordinal] = after;
    transitions_.push_back({std::move(before), std::move(after)});
  }

  RecordPtr living(std::uint32_t ordinal) const {
    const auto newest = newest_.find(ordinal);
    if (newest == newest_.end()) return projection_.find_ordinal(ordinal);
    return newest->second->is_tombstone() ? RecordPtr() : newest->second;
  }

  bool is_taken(std::string_view external_id) const {
    const auto created = created_.find(external_id);
    const RecordPtr holder =
        created != created_.end() ? created->second : projection_.find(UserRef::external_id(external_id));
    return holder && living(holder->ordinal());
  }

  void end_segment(std::uint64_t checksum) noexcept { state_.log_checksum = checksum; }

  const sqlite::State& state() const noexcept { return state_; }
  std::size_t size() const noexcept { return transitions_.size(); }
  std::span<const Transition> transitions() const noexcept { return transitions_; }

  // For publishing: it starts over from there.
  std::vector<Transition> take_transitions() {
    newest_.clear();
    created_.clear();
    return std::exchange(transitions_, {});
  }

 private:
  const index::Projection& projection_;
  sqlite::State state_;   // as it is after the changes that were added
  std::vector<Transition> transitions_;
  boost::unordered_flat_map<std::uint32_t, RecordPtr> newest_;       // by ordinal
  boost::unordered_flat_map<std::string_view, RecordPtr> created_;   // by external id, whose texts are theirs
};

Follower::Follower(std::filesystem::path file, std::chrono::milliseconds busy_timeout, Memory& memory,
                   Metrics& metrics)
    : file_(std::move(file)), busy_timeout_(busy_timeout), memory_(memory), metrics_(metrics) {
  const model::MutexLock lock(mutex_);
  load();
}

void Follower::load() {
  for (ReadingAgain again(busy_timeout_);; again.next(file_)) {
    opened_ = std::make_unique<OpenFile>(open_for_reading(file_, busy_timeout_));
    std::optional<Loaded> loaded;
    Moment moment;
    try {
      const sqlite::ReadTransaction transaction(opened_->reading.connection);
      try {
        loaded = load_users();
        moment = look();
      } catch (const model::Failure& failure) {
        refuse_foreign(opened_->reading.connection, failure);
      }
    } catch (...) {
      if (!opened_->reading.is_void()) throw;
    }
    if (opened_->reading.is_void()) continue;
    memory_.projection.load(loaded->records, loaded->state.revision);
    memory_.tokens.publish(moment.tokens);
    memory_.budget.require_room();
    metrics_.backlog_users = loaded->backlog.size();
    advance_to(moment);
    return leave();
  }
}

// Whatever fails leaves nothing behind but what was published: the next call begins with a new connection.
sqlite::State Follower::refresh() {
  const model::MutexLock lock(mutex_);
  if (closed_) throw model::Failure{ErrorCode::store_closed};
  for (ReadingAgain again(busy_timeout_);; again.next(file_)) {
    try {
      refresh_once();
      if (!opened_->reading.is_void()) {
        leave();
        return state_;
      }
    } catch (...) {
      const bool is_void = opened_ != nullptr && opened_->reading.is_void();
      opened_.reset();
      if (!is_void) throw;
    }
    opened_.reset();
  }
}

void Follower::refresh_once() {
  if (opened_ != nullptr && opened_->reading.connection.moved()) opened_.reset();
  const bool is_new = opened_ == nullptr;
  if (is_new) opened_ = std::make_unique<OpenFile>(open_for_reading(file_, busy_timeout_));
  if (is_new || opened_->version.read() != opened_->seen) catch_up();
}

sqlite::State Follower::state() const {
  const model::MutexLock lock(mutex_);
  return state_;
}

// In another epoch tokens may be others under the same numbers, and all are read anew.
Follower::Moment Follower::look() {
  sqlite::Connection& connection = opened_->reading.connection;
  const sqlite::State state = opened_->state.read();
  Moment moment{.state = state,
                .data_version = opened_->version.read(),
                .database_bytes = connection.database_bytes(),
                .tokens = {},
                .token_floor = state.token_floor};
  if (state.epoch == state_.epoch) {
    expect_same_tokens(state);
    moment.tokens = load_new_tokens(connection, state, memory_.tokens);
  } else {
    index::TokenIndex none;
    moment.tokens = load_new_tokens(connection, state, none);
    moment.token_floor = memory_.tokens.newest() + 1;
    memory_.tokens.make_room(moment.tokens);
  }
  return moment;
}

// An older copy may have come to the same revision, and have given other tokens since.
void Follower::expect_same_tokens(const sqlite::State& state) {
  const std::uint64_t newest = memory_.tokens.newest();
  if (newest > state.last_token)
    fail_discontinued(file_, "it has given " + std::to_string(state.last_token) +
                                 " tokens only, and had given " + std::to_string(newest));
  if (newest == 0 || newest < state.token_floor) return;
  const sqlite::TokenTable::Reader::Walk walk(opened_->tokens, newest);
  const auto row = opened_->tokens.next();
  const bool is_sound = row && row->token.seq == newest && row->bears_checksum;
  if (!is_sound)
    model::fail(ErrorCode::foreign_write, "token " + std::to_string(newest) + " is not as the store left it");
  const auto known = memory_.tokens.find(row->token.text);
  if (!known || known->request != row->token.request || known->revision != row->token.revision)
    fail_discontinued(file_, "its token " + std::to_string(newest) + " is another");
}

void Follower::catch_up() {
  const sqlite::ReadTransaction transaction(opened_->reading.connection);
  try {
    const sqlite::State state = opened_->state.read();
    if (state.store_id != state_.store_id) fail_discontinued(file_, "it is another store");
    if (state.revision < state_.revision)
      fail_discontinued(file_, "it is at revision " + std::to_string(state.revision) + ", behind " +
                                   std::to_string(state_.revision));
    const bool goes_on = log_goes_on(state);
    Moment moment = look();
    if (!goes_on || !apply_log(moment)) reload(moment);
  } catch (const model::Failure& failure) {
    refuse_foreign(opened_->reading.connection, failure);
  }
}

Loaded Follower::load_users() {
  return store::load(opened_->reading.connection, LogExtent::to_replay, refuse_problem);
}

// The log reaches back to what memory shows if it has the change before, or its checksum; a floor that has
// passed it has neither.
bool Follower::log_goes_on(const sqlite::State& state) {
  if (state_.revision + 1 < state.log_floor) return false;
  const auto checksum = opened_->heads.checksum_before(state_.revision + 1, state);
  if (checksum == state_.log_checksum) return true;
  fail_discontinued(file_, "its log has another change " + std::to_string(state_.revision));
}

// False where the log does not lead to what the commit record says of users, as after the adoption of foreign
// changes some of which are not known exactly; or where there is no room for users who may be gone in the
// end. An adoption begins an epoch: its changes are shown when all are proved. So are tokens, because the
// file does not tell behind which change a token came that bears none.
bool Follower::apply_log(Moment& moment) {
  const sqlite::State& state = moment.state;
  if (state.revision == state_.revision && state.digest != state_.digest)
    fail_discontinued(file_, "it has other users at the same revision");
  Group group(memory_.projection, state_);
  const bool in_parts = state.epoch == state_.epoch && state.last_token == state_.last_token &&
                        state.token_floor == state_.token_floor;
  const sqlite::ChangeLog::Reader::Walk walk(opened_->segments, state_.revision + 1);
  while (group.state().revision < state.revision) {
    const std::uint64_t revision = group.state().revision + 1;
    const auto segment = opened_->segments.next();
    if (!segment || !segment->follows(revision, group.state().log_checksum))
      model::fail(ErrorCode::corrupt_store, broken_log(revision));
    if (!add(*segment, group)) return false;
    const bool ends_part = in_parts && group.size() >= kGroup;
    if (!ends_part || segment->last == state.revision) continue;
    if (!has_room_for(group.transitions())) return false;
    publish_part(group.take_transitions(), group.state());
  }
  const sqlite::State& end = group.state();
  if (end.digest != state.digest || end.last_id > state.last_id || end.last_ordinal > state.last_ordinal)
    return false;
  publish_all(group.take_transitions(), moment);
  return true;
}

bool Follower::add(const model::Segment& segment, Group& group) {
  const auto changes = decoder_.changes(segment);
  if (!changes) model::fail(ErrorCode::corrupt_store, unreadable_change(segment.first));
  for (const Change& change : *changes) {
    if (!add(change, group)) return false;
  }
  group.end_segment(segment.checksum);
  return true;
}

// False where memory does not have whom the change is of, or where the one created is not new.
bool Follower::add(const Change& change, Group& group) {
  const bool creates = change.kind == ChangeKind::created;
  RecordPtr before = creates ? RecordPtr() : group.living(change.ordinal);
  if (!creates && !before) return false;
  RecordPtr after = replay_.next_version(change, before.get());
  if (!after) model::fail(ErrorCode::corrupt_store, unreadable_change(change.revision));
  if (creates && (!is_new(*after, group.state()) || group.is_taken(after->external_id()))) return false;
  group.add(change, std::move(before), std::move(after));
  return true;
}

bool Follower::has_room_for(std::span<const Transition> transitions) const {
  std::int64_t growth = 0;
  for (const Transition& transition : transitions)
    growth += MemoryBudget::growth(transition.before.get(), *transition.after);
  return growth <= 0 || growth <= memory_.budget.room();
}

std::unique_ptr<index::Projection::Publication> Follower::prepare(std::vector<Transition> transitions,
                                                                  std::uint64_t revision) {
  if (transitions.empty() && revision == state_.revision) return nullptr;
  std::int64_t growth = 0;
  auto prepared =
      memory_.projection.prepare_within(MemoryBudget::kUnlimited, std::move(transitions), revision, growth);
  memory_.budget.require_room(growth);
  return prepared;
}

void Follower::publish_part(std::vector<Transition> transitions, const sqlite::State& state) {
  memory_.projection.publish(prepare(std::move(transitions), state.revision));
  state_ = state;
  memory_.published.notify();
}

void Follower::publish_all(std::vector<Transition> transitions, Moment& moment) {
  auto publication = prepare(std::move(transitions), moment.state.revision);
  index::TokenIndex::Forgotten forgotten;   // freed when the moment is over
  const auto show_tokens = [&]() noexcept {
    forgotten = memory_.tokens.forget(moment.token_floor - 1);
    memory_.tokens.publish(moment.tokens);
  };
  if (publication == nullptr) {
    memory_.projection.between_moments(show_tokens);
  } else {
    memory_.projection.publish(std::move(publication), show_tokens);
  }
  advance_to(moment);
  memory_.published.notify();
}

void Follower::reload(Moment& moment) {
  const Loaded loaded = load_users();
  check_names(loaded.records, refuse_problem);
  auto transitions = Difference(loaded, state_).from(memory_.projection.pin());
  if (!transitions) fail_discontinued(file_, "users are in it who were given the places of others");
  publish_all(*std::move(transitions), moment);
  metrics_.backlog_users = loaded.backlog.size();
}

void Follower::advance_to(const Moment& moment) noexcept {
  state_ = moment.state;
  opened_->seen = moment.data_version;
  metrics_.log_floor = moment.state.log_floor;
  metrics_.folded_revision = moment.state.folded_revision;
  metrics_.database_bytes = moment.database_bytes;
}

// A connection that holds writers off, or would not see what they write, is closed at once.
void Follower::leave() noexcept {
  if (opened_->reading.is_immutable()) opened_.reset();
}

void Follower::close() noexcept {
  const model::MutexLock lock(mutex_);
  closed_ = true;
  opened_.reset();
}

void Follower::abandon() noexcept {
  if (opened_ != nullptr) opened_->reading.connection.abandon();
}

}   // namespace usertags::store
