// Replica: one store's part in its shard: it leads, or it follows. Truth is the log; the file and memory are
// projections of it (store/write/outer_log.hpp).
//
//   follow ──▶ the log's entries, one after the other, into file and memory
//      │        └▶ the file is at the head, nobody is `leader`: take over (term + 1) ──▶ lead
//   lead   ──▶ append: {head is as I left it} → the next entry and head ═▶ the group is applied
//      └▶ refused: somebody else has taken over ──▶ follow
//
// The fence is the head. A term belongs to one process, and there is one append at a time (the store's lead): so
// whoever has written the newest head knows all that is in the log, and nobody else can write behind it.
//
// An append that is not answered is repeated, byte for byte, until it is known what became of it: the log has the
// attempt's nonce, or another's, or a head that the attempt can never follow on. Where answer_within passes before,
// the writes are answered with outcome_unknown, and the replica goes on as one that does not lead: it sees the
// entry in the log or not, and a take-over, by anybody, ends the doubt, because it changes the head.
//
// Nothing here starts a thread, reads a clock, or draws a number: they are given. step() is what a node's thread
// repeats; a simulation calls it as it likes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <usertags/cluster/node.hpp>

#include "cluster/entry_codec.hpp"
#include "cluster/log.hpp"
#include "model/thread_annotations.hpp"
#include "sqlite/state.hpp"
#include "store/engine.hpp"

namespace usertags::cluster {

struct Timing {
  Milliseconds lease{2'000};            // a leader that is not heard of for so long may be succeeded
  Milliseconds answer_within{10'000};   // an append whose outcome is not known by then is outcome_unknown
  Milliseconds call_within{1'000};      // any other call to the engine
  Milliseconds look_every{100};         // at the head, and at who leads
  Milliseconds sync_every{1'000};       // the file; and how often a leader looks after the log's room
  std::uint64_t trim_entries = 1'000;   // fewer are not worth a trim
  // Bounds on what the engine uses: as NodeOptions has them.
  std::uint64_t max_log_bytes = UINT64_MAX;
  std::uint64_t quota_bytes = UINT64_MAX;
};

struct Surroundings {
  std::function<std::chrono::steady_clock::time_point()> now;
  std::function<Id()> new_id;                       // random
  std::function<void(Milliseconds)> pause;          // before something is tried again
  std::function<void(const std::string&)> warn{};   // whoever operates it; none: nobody is told
};

class Replica final : public store::OuterLog {
 public:
  struct Identity {
    Id node{};
    Id process{};
    std::string address{};
    std::uint64_t memory_budget = 0;
    store::Shard shard{};
  };
  struct Status {
    Role role = Role::following;
    std::uint64_t term = 0;     // of the newest head that was seen
    std::uint64_t entry = 0;    // that memory shows
    std::uint64_t synced = 0;   // that the file has synced
    std::optional<Leader> leader{};
    // When the newest look at the head began of which memory shows all; none yet.
    std::optional<std::chrono::steady_clock::time_point> fresh_at{};
    std::uint64_t used_bytes = 0;   // of the engine, as it last saw them when it led
    std::optional<Error> error{};
  };

  Replica(Log& log, Identity identity, const Timing& timing, Surroundings surroundings);

  // The store whose outer log this is, once it is open; before anything else.
  void attach(store::Engine& engine);

  // --- What a node's thread does. One thread at a time; nothing is thrown. ---

  // Keeps the lease, looks at the head, follows, and takes over where nobody leads. Returns after look_every at
  // the latest, unless calls take longer. False once stopped.
  bool step() noexcept USERTAGS_EXCLUDES(mutex_);
  // Behind the last step: others need not wait for its lease to end.
  void leave() noexcept;

  // --- Any thread. ---

  Status status() const USERTAGS_EXCLUDES(mutex_);   // throws std::bad_alloc
  bool leads() const noexcept USERTAGS_EXCLUDES(mutex_);
  std::uint64_t term() const noexcept USERTAGS_EXCLUDES(mutex_);
  std::optional<Error> failure() const noexcept USERTAGS_EXCLUDES(mutex_);   // Status::error
  std::optional<std::chrono::steady_clock::time_point> fresh_at() const noexcept USERTAGS_EXCLUDES(mutex_);

  // What memory shows holds all that was acknowledged, anywhere, before the call. Answers the revision.
  Result<std::uint64_t> read_latest(Milliseconds timeout) noexcept USERTAGS_EXCLUDES(mutex_);

  // Ends the group under way, and lets another take over. Does nothing where it does not lead.
  Result<void> resign() noexcept USERTAGS_EXCLUDES(mutex_);

  // --- The store's: under its lead. ---

  store::Shard shard() const noexcept override { return identity_.shard; }
  void expect_lead() override USERTAGS_EXCLUDES(mutex_);
  sqlite::Transaction::Commit append(const store::Entry& entry) noexcept override USERTAGS_EXCLUDES(mutex_);
  void confirm_lead() override USERTAGS_EXCLUDES(mutex_);
  void note_lost_file(const Error& why) noexcept override USERTAGS_EXCLUDES(mutex_);

 private:
  using Time = std::chrono::steady_clock::time_point;

  // As far as a store is, in the log's terms.
  struct Place {
    std::uint64_t entry = 0;
    std::uint64_t chain = 0;
  };
  // The append under way.
  struct Trial {
    SeenHead before;
    Head after;
    EncodedEntry encoded;
    Time deadline;
    Lease lease = kNoLease;
    Time lease_kept_at;
    bool may_land = false;   // an attempt was sent whose answer did not come
  };

  Time now() const { return surroundings_.now(); }
  Milliseconds left_until(Time deadline) const;
  Place place() const USERTAGS_EXCLUDES(mutex_);
  void arrive(const Place& place) USERTAGS_EXCLUDES(mutex_);

  // Leases and members.
  void keep_lease();
  void register_member();
  void sync_if_due();

  // Following.
  bool look_at_head();
  void note_freshness() USERTAGS_EXCLUDES(mutex_);
  void expect_own_head(const SeenHead& head, const Place& before);
  Result<void> follow_to(std::uint64_t entry, Time deadline);
  Result<Stretch> follow_on();
  Result<void> apply(const LogEntry& entry);
  Error why_unreadable(std::uint64_t number, Error why);
  void watch_for_entries();
  void stand_for_election();
  bool has_just_resigned() const USERTAGS_EXCLUDES(mutex_);
  void become_leader(const SeenHead& head);

  // Leading.
  Result<Trial> begin(const store::Entry& entry);
  Result<void> put_parts(Trial& trial);
  void keep_lease_of(Trial& trial);
  sqlite::Transaction::Commit try_append(Trial& trial);
  std::optional<sqlite::Transaction::Commit> settle(const Attempt& attempt, Trial& trial);
  std::optional<sqlite::Transaction::Commit> settle_refused(const Attempt& attempt, Trial& trial);
  void step_down(std::uint64_t term) USERTAGS_EXCLUDES(mutex_);
  void resign_if_asked();

  // The log's room (replica_room.cpp).
  void look_after_room();
  bool try_to_trim(bool over_cap);
  std::optional<Error> why_full(const Usage& usage, bool over_cap) const;
  void warn_of_quota(const Usage& usage);

  void stop(const Error& why) noexcept USERTAGS_EXCLUDES(mutex_);
  Error not_leader() const noexcept USERTAGS_REQUIRES(mutex_);

  Log& log_;
  const Identity identity_;
  const Timing timing_;
  const Surroundings surroundings_;
  store::Engine* engine_ = nullptr;
  sqlite::StoreId store_id_{};
  std::uint64_t epoch_ = 0;

  // Of the thread that steps.
  Lease lease_ = kNoLease;
  std::optional<Time> lease_kept_at_;
  std::optional<Time> refused_since_;   // under this node another process is registered
  std::optional<Member> registered_;    // as it stands there
  std::optional<Time> synced_at_;
  std::optional<Time> looked_at_;
  std::optional<Time> room_seen_at_;
  std::optional<Time> trimmed_at_;
  std::uint64_t trimmed_ = 0;         // entries up to here
  bool has_warned_ = false;           // of the quota, since it was crossed
  std::optional<SeenHead> head_;      // of the last look
  std::optional<Head> taking_over_;   // not answered yet

  // Of whoever follows: one at a time, locked before mutex_, after nothing.
  model::Mutex following_;
  std::atomic<std::uint32_t> waiting_{0};   // for it
  std::unique_ptr<Watch> watch_ USERTAGS_GUARDED_BY(following_);

  mutable model::Mutex mutex_;
  Time stands_from_ USERTAGS_GUARDED_BY(mutex_){};   // before, it is no candidate
  Role role_ USERTAGS_GUARDED_BY(mutex_) = Role::following;
  SeenHead own_head_ USERTAGS_GUARDED_BY(mutex_);            // while leading: as it left it
  Lease own_lease_ USERTAGS_GUARDED_BY(mutex_) = kNoLease;   // with which it leads
  Place place_ USERTAGS_GUARDED_BY(mutex_);
  std::optional<Head> unresolved_ USERTAGS_GUARDED_BY(mutex_);   // whose append was answered outcome_unknown
  std::optional<Error> full_ USERTAGS_GUARDED_BY(mutex_);        // why there is no room for writes
  Status shown_ USERTAGS_GUARDED_BY(mutex_);
};

}   // namespace usertags::cluster
