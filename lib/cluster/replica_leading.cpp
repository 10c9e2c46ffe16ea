// The half of a Replica that leads: an append, and what becomes of it.
#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "cluster/replica.hpp"
#include "model/failure.hpp"
#include "store/boundary.hpp"

namespace usertags::cluster {
namespace {

using sqlite::CommitOutcome;
using Commit = sqlite::Transaction::Commit;

constexpr Milliseconds kPause{20};   // before an append is tried again

Commit applied() {
  return {CommitOutcome::committed, std::nullopt};
}

Commit not_applied(Error why) {
  return {CommitOutcome::not_applied, std::move(why)};
}

Error unknown(const char* why) noexcept {
  try {
    return {
        ErrorCode::outcome_unknown,
        Error::Details{.what = std::string("the write may or may not be in the log of the cluster: ") + why,
                       .remedy = "repeat it with its token"}};
  } catch (const std::bad_alloc&) {
    return ErrorCode::outcome_unknown;
  }
}

}   // namespace

Error Replica::not_leader() const noexcept {
  try {
    std::string what = "another machine writes";
    if (shown_.leader && shown_.leader->process != identity_.process)
      what += ": the one at " + shown_.leader->address;
    return {ErrorCode::not_leader, std::move(what)};
  } catch (const std::bad_alloc&) {
    return ErrorCode::not_leader;
  }
}

void Replica::expect_lead() {
  const model::MutexLock lock(mutex_);
  if (role_ == Role::leading) {
    if (full_) throw model::Failure{*full_};
    return;
  }
  if (role_ == Role::stopped) throw model::Failure{*shown_.error};
  if (unresolved_) {
    model::fail(ErrorCode::busy, "it is not known yet what became of the last writes", "try again later");
  }
  throw model::Failure{not_leader()};
}

void Replica::confirm_lead() {
  SeenHead own;
  {
    const model::MutexLock lock(mutex_);
    own = own_head_;
  }
  const auto head = log_.read_head(timing_.call_within);
  if (head && *head == own) return;
  if (!head) {
    model::fail(ErrorCode::busy, "the cluster does not answer: " + head.error().what(), "try again later");
  }
  step_down(own.head.term);
  const model::MutexLock lock(mutex_);
  throw model::Failure{not_leader()};
}

void Replica::note_lost_file(const Error& why) noexcept {
  stop(why);
}

void Replica::step_down(std::uint64_t term) {
  const model::MutexLock lock(mutex_);
  if (role_ == Role::leading && own_head_.head.term == term) role_ = Role::following;
}

// --- An append. ---

Commit Replica::append(const store::Entry& entry) noexcept {
  auto trial = store::guarded([&] { return begin(entry); });
  if (!trial) return not_applied(std::move(trial).error());
  const Commit result = try_append(*trial);
  const std::uint64_t term = trial->after.term;
  if (result.outcome == CommitOutcome::committed) arrive({entry.number, entry.chain});
  if (result.outcome != CommitOutcome::unknown) return result;
  step_down(term);
  const model::MutexLock lock(mutex_);
  unresolved_ = trial->after;
  return result;
}

Result<Replica::Trial> Replica::begin(const store::Entry& entry) {
  Trial trial;
  {
    const model::MutexLock lock(mutex_);
    if (role_ != Role::leading) return std::unexpected(not_leader());
    trial.before = own_head_;
    trial.lease = own_lease_;
  }
  trial.lease_kept_at = now();
  trial.deadline = trial.lease_kept_at + timing_.answer_within;
  trial.after = trial.before.head;
  trial.after.entry = entry.number;
  trial.after.chain = entry.chain;
  trial.after.revision = entry.revision();
  trial.after.last_token = entry.last_token();
  trial.after.digest = entry.digest.bytes();
  trial.after.nonce = surroundings_.new_id();
  trial.encoded = encode_entry({trial.after.format, trial.after.term, identity_.process, trial.after.nonce},
                               entry, log_.max_value_bytes());
  if (const auto put = put_parts(trial); !put) return std::unexpected(put.error());
  return trial;
}

// Nothing names them before the append: where they cannot be put, nothing has happened.
Result<void> Replica::put_parts(Trial& trial) {
  for (std::size_t i = 0; i < trial.encoded.parts; ++i) {
    while (true) {
      keep_lease_of(trial);
      const auto put =
          log_.put_part(trial.after.entry, trial.after.nonce, i, trial.encoded.part(i), timing_.call_within);
      if (put) break;
      const bool may_help = put.error() == ErrorCode::timeout || put.error() == ErrorCode::io_error;
      if (!may_help || now() >= trial.deadline) {
        return std::unexpected(Error(may_help ? Error(ErrorCode::busy, put.error().what()) : put.error()));
      }
      surroundings_.pause(kPause);
    }
  }
  return {};
}

// An append may take longer than the lease lasts, and the thread that steps may wait for its end, to sync the file.
void Replica::keep_lease_of(Trial& trial) {
  if (now() - trial.lease_kept_at < timing_.lease / 3) return;
  trial.lease_kept_at = now();
  std::ignore = log_.keep_lease(trial.lease, timing_.call_within);
}

// The same bytes each time: whichever attempt arrives first is the append, and no other can follow on it.
Commit Replica::try_append(Trial& trial) {
  while (true) {
    const Milliseconds within = std::clamp(left_until(trial.deadline), Milliseconds(1), timing_.call_within);
    const Attempt attempt = log_.append(trial.before, trial.after, trial.encoded.value, std::nullopt, within);
    if (auto result = settle(attempt, trial)) return *std::move(result);
    const bool is_stopped = attempt.error && *attempt.error == ErrorCode::cancelled;
    if (is_stopped || now() >= trial.deadline)
      return {CommitOutcome::unknown, unknown("the cluster has not answered in time")};
    keep_lease_of(trial);
    surroundings_.pause(kPause);
  }
}

// None: nobody knows yet.
std::optional<Commit> Replica::settle(const Attempt& attempt, Trial& trial) {
  switch (attempt.fate) {
    case Fate::applied: {
      const model::MutexLock lock(mutex_);
      own_head_ = *attempt.head;
      return applied();
    }
    case Fate::refused: return settle_refused(attempt, trial);
    case Fate::failed:   // speaks of this attempt alone
      if (trial.may_land) return std::nullopt;
      return not_applied(attempt.error.value_or(ErrorCode::busy));
    case Fate::no_answer: trial.may_land = true; return std::nullopt;
  }
  return std::nullopt;
}

// The head has changed, by this append or another's hand: whoever reads that this append is not in the log knows
// that it never will be.
std::optional<Commit> Replica::settle_refused(const Attempt& attempt, Trial& trial) {
  if (attempt.entry) {
    const auto envelope = envelope_of(*attempt.entry);
    if (envelope && envelope->nonce == trial.after.nonce) {
      if (attempt.head && attempt.head->head == trial.after) {
        const model::MutexLock lock(mutex_);
        own_head_ = *attempt.head;
      } else {   // and somebody has taken over since
        step_down(trial.after.term);
      }
      return applied();
    }
  }
  step_down(trial.after.term);
  const bool is_trimmed = !attempt.entry && (!attempt.head || attempt.head->head.entry >= trial.after.entry);
  if (is_trimmed && trial.may_land)
    return Commit{CommitOutcome::unknown, unknown("the log was trimmed beyond it")};
  const model::MutexLock lock(mutex_);
  return not_applied(not_leader());
}

}   // namespace usertags::cluster
