#include "cluster/replica.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "model/failure.hpp"
#include "store/boundary.hpp"

namespace usertags::cluster {
namespace {

// What is read of the log at once.
constexpr std::size_t kStretchBytes = std::size_t{4} << 20;

Error is_trimmed(std::uint64_t entry, std::uint64_t lowest) {
  return {ErrorCode::history_pruned,
          Error::Details{.what = "the log of the cluster begins with entry " + std::to_string(lowest) +
                                 ", and this file needs entry " + std::to_string(entry),
                         .remedy = "join with a newer snapshot"}};
}

Error is_behind(std::uint64_t log, std::uint64_t file) {
  return {ErrorCode::cluster_member,
          Error::Details{.what = "the log of the cluster is at entry " + std::to_string(log) +
                                 ", behind this file, which is at " + std::to_string(file),
                         .remedy =
                             "etcd has lost what it had acknowledged: found the cluster again, from the most "
                             "advanced file"}};
}

Error is_another(const std::string& what) {
  return {ErrorCode::cluster_member,
          Error::Details{.what = "the log of the cluster is not this file's: " + what,
                         .remedy = "check which cluster the file belongs to"}};
}

bool is_unreachable(const Error& error) noexcept {
  return error == ErrorCode::timeout || error == ErrorCode::io_error || error == ErrorCode::cancelled;
}

// What cannot be reached, or has no memory or no room now, may be later.
bool may_pass(const Error& error) noexcept {
  return is_unreachable(error) || error == ErrorCode::out_of_memory || error == ErrorCode::busy ||
         error == ErrorCode::disk_full;
}

}   // namespace

Replica::Replica(Log& log, Identity identity, const Timing& timing, Surroundings surroundings)
    : log_(log), identity_(std::move(identity)), timing_(timing), surroundings_(std::move(surroundings)) {}

void Replica::attach(store::Engine& engine) {
  engine_ = &engine;
  const sqlite::State state = engine.state();
  store_id_ = state.store_id;
  epoch_ = state.epoch;
  arrive({state.entry, state.entry_checksum});
}

// --- The step of a node's thread. ---

bool Replica::step() noexcept {
  if (failure()) return false;
  const auto stepped = store::guarded([&]() -> Result<void> {
    keep_lease();
    register_member();
    sync_if_due();
    if (leads()) {
      if (look_at_head()) note_freshness();
      resign_if_asked();
      look_after_room();
      surroundings_.pause(timing_.look_every);
    } else if (look_at_head()) {
      const auto followed = follow_to(head_->head.entry, now() + timing_.call_within);
      if (!followed) return std::unexpected(followed.error());
      note_freshness();
      stand_for_election();
      watch_for_entries();
    } else {
      surroundings_.pause(timing_.look_every);
    }
    return {};
  });
  if (!stepped && !may_pass(stepped.error())) stop(stepped.error());
  if (!failure()) return true;
  leave();
  return false;
}

void Replica::leave() noexcept {
  if (lease_ != kNoLease) std::ignore = log_.revoke_lease(lease_, timing_.call_within);
  lease_ = kNoLease;
}

Replica::Status Replica::status() const {
  const model::MutexLock lock(mutex_);
  Status status = shown_;
  status.role = role_;
  status.entry = place_.entry;
  return status;
}

bool Replica::leads() const noexcept {
  const model::MutexLock lock(mutex_);
  return role_ == Role::leading;
}

std::uint64_t Replica::term() const noexcept {
  const model::MutexLock lock(mutex_);
  return shown_.term;
}

std::optional<Error> Replica::failure() const noexcept {
  const model::MutexLock lock(mutex_);
  return shown_.error;
}

std::optional<std::chrono::steady_clock::time_point> Replica::fresh_at() const noexcept {
  const model::MutexLock lock(mutex_);
  return shown_.fresh_at;
}

Replica::Place Replica::place() const {
  const model::MutexLock lock(mutex_);
  return place_;
}

void Replica::arrive(const Place& place) {
  const model::MutexLock lock(mutex_);
  if (place.entry >= place_.entry) place_ = place;
}

Milliseconds Replica::left_until(Time deadline) const {
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(deadline - now()));
}

void Replica::stop(const Error& why) noexcept {
  const model::MutexLock lock(mutex_);
  if (role_ == Role::stopped) return;
  role_ = Role::stopped;
  shown_.error = why;
}

// --- Leases and members. ---

// Whoever leads without a lease does not wait for somebody to succeed it.
void Replica::keep_lease() {
  if (lease_ != kNoLease && lease_kept_at_ && now() - *lease_kept_at_ < timing_.lease / 3) return;
  const Time asked_at = now();
  if (lease_ != kNoLease) {
    const auto kept = log_.keep_lease(lease_, timing_.call_within);
    if (kept) lease_kept_at_ = asked_at;
    if (kept || kept.error() != ErrorCode::not_leader) return;
    lease_ = kNoLease;
    registered_.reset();
    std::uint64_t term = 0;
    {
      const model::MutexLock lock(mutex_);
      term = own_head_.head.term;
    }
    step_down(term);
  }
  const auto lease = log_.grant_lease(timing_.lease, timing_.call_within);
  if (!lease) return;
  lease_ = *lease;
  lease_kept_at_ = asked_at;
}

// Only what has changed is put: the engine keeps what was there before until it is compacted. The process before
// this one, under the same node, may be gone, and its lease not over yet.
void Replica::register_member() {
  if (lease_ == kNoLease) return;
  const Member member{identity_.node, identity_.process, identity_.address, status().synced,
                      identity_.memory_budget};
  if (registered_ == member) return;
  const auto put = log_.put_member(member, lease_, timing_.call_within);
  if (put) {
    registered_ = member;
    refused_since_.reset();
    return;
  }
  if (put.error() != ErrorCode::cluster_member) return;
  if (!refused_since_) refused_since_ = now();
  if (now() - *refused_since_ < 4 * timing_.lease) return;
  model::fail(ErrorCode::cluster_member, "another process has a file of this node's open",
              "where it is a copy, make it a node of its own: restore it from a snapshot");
}

void Replica::sync_if_due() {
  if (synced_at_ && now() - *synced_at_ < timing_.sync_every) return;
  synced_at_ = now();
  const auto synced = engine_->sync();
  const model::MutexLock lock(mutex_);
  if (synced) shown_.synced = *synced;
}

// --- Following. ---

// Whether the head was seen. A look tells a leader that it is none any more.
bool Replica::look_at_head() {
  if (leads() && looked_at_ && now() - *looked_at_ < timing_.look_every) return true;
  const Place before = place();
  const Time began = now();
  const auto found = log_.read_head(timing_.call_within);
  if (!found) {
    if (!is_unreachable(found.error())) throw model::Failure{found.error()};
    return false;
  }
  if (!*found) throw model::Failure{is_another("there is none")};
  looked_at_ = began;
  head_ = **found;
  expect_own_head(*head_, before);
  return true;
}

// `before`: where the store was when the look began.
void Replica::expect_own_head(const SeenHead& seen, const Place& before) {
  const Head& head = seen.head;
  if (head.store_id != store_id_) throw model::Failure{is_another("it is another store's")};
  if (head.epoch != epoch_) throw model::Failure{is_another("it is of another epoch")};
  if (head.entry < before.entry) throw model::Failure{is_behind(head.entry, before.entry)};
  if (head.entry == before.entry && head.chain != before.chain)
    throw model::Failure{is_another("it has another entry " + std::to_string(head.entry))};
  const model::MutexLock lock(mutex_);
  shown_.term = head.term;
  if (role_ == Role::leading && head.process != identity_.process) role_ = Role::following;
  if (unresolved_ && (head.entry >= unresolved_->entry || head.term != unresolved_->term))
    unresolved_.reset();
}

// As of the beginning of the look, once memory shows all that it saw.
void Replica::note_freshness() {
  const bool shows_all = engine_->revision() >= head_->head.revision;
  const model::MutexLock lock(mutex_);
  if (shows_all) shown_.fresh_at = looked_at_;
}

Result<void> Replica::follow_to(std::uint64_t entry, Time deadline) {
  if (place().entry >= entry) return {};
  ++waiting_;
  const model::MutexLock one_at_a_time(following_);
  --waiting_;
  while (place().entry < entry) {
    if (now() > deadline) return std::unexpected(Error(ErrorCode::timeout));
    if (auto followed = follow_on(); !followed) return std::unexpected(std::move(followed).error());
  }
  return {};
}

// Applies what follows on the store, as far as the log gives it at once; answers that. A watch that has told less
// is behind.
Result<Stretch> Replica::follow_on() {
  const std::uint64_t wanted = place().entry + 1;
  auto stretch = log_.read_entries(wanted, kStretchBytes, timing_.call_within);
  if (!stretch) return stretch;
  const bool is_missing = stretch->entries.empty() && stretch->newest >= wanted;
  if (is_missing && stretch->lowest != wanted) return std::unexpected(is_trimmed(wanted, stretch->lowest));
  for (const LogEntry& next : stretch->entries) {
    if (auto applied = apply(next); !applied) return std::unexpected(std::move(applied).error());
  }
  return stretch;
}

Result<void> Replica::apply(const LogEntry& next) {
  if (next.number <= place().entry) return {};
  const auto fetch = [&](const Envelope& envelope, std::uint64_t number, std::uint64_t index) {
    return log_.read_part(number, envelope.nonce, index, timing_.call_within);
  };
  auto decoded = decode_entry(next.bytes, fetch);
  if (!decoded) return std::unexpected(why_unreadable(next.number, std::move(decoded).error()));
  if (decoded->entry.number != next.number)
    return std::unexpected(is_another("an entry stands in another's place"));
  engine_->apply(decoded->entry);
  arrive({decoded->entry.number, decoded->entry.chain});
  return {};
}

// Its parts go with it when the log is trimmed meanwhile.
Error Replica::why_unreadable(std::uint64_t number, Error why) {
  if (why != ErrorCode::corrupt_store) return why;
  const auto now_there = log_.read_entries(number, 1, timing_.call_within);
  if (!now_there) return now_there.error();
  return now_there->entries.empty() ? is_trimmed(number, now_there->lowest) : why;
}

// Until the next look is due, or somebody else wants to follow. A gap, or an end, means to read again from where the
// store is.
void Replica::watch_for_entries() {
  if (leads()) return;
  const model::MutexLock one_at_a_time(following_);
  if (watch_ == nullptr) {
    const auto stretch = follow_on();
    if (!stretch) throw model::Failure{stretch.error()};
    if (place().entry < stretch->newest) return;
    watch_ = log_.watch(stretch->position);
    if (watch_ == nullptr) throw std::bad_alloc();
  }
  const Time next_look = *looked_at_ + timing_.look_every;
  do {
    const Watch::Event event = watch_->next(left_until(next_look));
    for (const LogEntry& next : event.entries) {
      if (next.number > place().entry + 1) return watch_.reset();
      if (const auto applied = apply(next); !applied) throw model::Failure{applied.error()};
    }
    if (event.ended) return watch_.reset();
  } while (now() < next_look && waiting_ == 0);
}

Result<std::uint64_t> Replica::read_latest(Milliseconds timeout) noexcept {
  return store::guarded([&]() -> Result<std::uint64_t> {
    const Time deadline = now() + timeout;
    const auto head = log_.read_head(timeout);
    if (!head) return std::unexpected(head.error());
    if (!*head) return std::unexpected(is_another("there is none"));
    // A group that the log has, and that is about to be shown here.
    if (leads()) engine_->between_groups([] {});
    if (const auto followed = follow_to((*head)->head.entry, deadline); !followed)
      return std::unexpected(followed.error());
    engine_->between_groups([] {});
    return engine_->revision();
  });
}

// --- Elections. ---

// The store is at the head, and nobody is leader: the head is taken over as it is. Where an earlier try was not
// answered, it may have been made.
void Replica::stand_for_election() {
  const Place here = place();
  if (!registered_ || lease_ == kNoLease || has_just_resigned()) return;
  if (here.entry != head_->head.entry || here.chain != head_->head.chain) return;
  if (taking_over_ && head_->head == *taking_over_) return become_leader(*head_);
  const auto leader = log_.read_leader(timing_.call_within);
  if (!leader) return;
  if (*leader && (*leader)->process == identity_.process) {   // it has led
    std::ignore = log_.remove_leader(**leader, timing_.call_within);
    return;
  }
  {
    const model::MutexLock lock(mutex_);
    shown_.leader = *leader;
  }
  if (*leader) return;
  Head after = head_->head;
  ++after.term;
  after.process = identity_.process;
  taking_over_ = after;
  const Leader own{identity_.process, after.term, identity_.address};
  const Attempt attempt = log_.take_over(*head_, after, {own, lease_}, timing_.call_within);
  if (attempt.fate == Fate::applied) become_leader(*attempt.head);
}

bool Replica::has_just_resigned() const {
  const model::MutexLock lock(mutex_);
  return now() < stands_from_;
}

// No append of an earlier term of this process is under way behind this: it waits for the store's lead. And none
// can come later, because the head has changed.
void Replica::become_leader(const SeenHead& head) {
  taking_over_.reset();
  std::ignore = log_.sweep_parts(head, timing_.call_within);
  engine_->lead();
  {
    const model::MutexLock one_at_a_time(following_);
    watch_.reset();
  }
  const model::MutexLock lock(mutex_);
  if (role_ == Role::stopped) return;
  role_ = Role::leading;
  own_head_ = head;
  own_lease_ = lease_;
  unresolved_.reset();
  full_.reset();
  room_seen_at_.reset();
  shown_.term = head.head.term;
  shown_.leader = Leader{identity_.process, head.head.term, identity_.address};
}

Result<void> Replica::resign() noexcept {
  return store::guarded([&]() -> Result<void> {
    std::optional<Leader> own;
    engine_->between_groups([&] {
      const model::MutexLock lock(mutex_);
      if (role_ != Role::leading) return;
      role_ = Role::following;
      own = Leader{identity_.process, own_head_.head.term, identity_.address};
      stands_from_ = now() + timing_.lease;
    });
    if (!own) return {};
    const auto removed = log_.remove_leader(*own, timing_.call_within);
    if (!removed) return std::unexpected(removed.error());
    return {};
  });
}

// Whoever takes `leader` away asks for a hand-over. So does its lease that has ended.
void Replica::resign_if_asked() {
  if (!leads()) return;
  const auto leader = log_.read_leader(timing_.call_within);
  if (!leader || (*leader && (*leader)->process == identity_.process)) return;
  if (const auto resigned = resign(); !resigned) throw model::Failure{resigned.error()};
}

}   // namespace usertags::cluster
