#include "store/write/group_commit.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>

namespace usertags::store {

GroupCommit::GroupCommit(GroupRunner& runner) : runner_(runner) {
  slices_.reserve(kMaxGroupWrites);
}

void GroupCommit::submit(Request& request) {
  Waiter self;
  self.request = &request;
  wait_for_turn(self);
  if (self.state == Waiter::State::answered) return;
  while (self.answered < request.size()) run_group(self);
  leave(self);
}

void GroupCommit::wait_for_turn(Waiter& self) {
  if (queue_up(self)) return;
  const auto deadline = self.request == nullptr ? std::nullopt : self.request->deadline();
  const bool is_over = deadline && (self.turn.wait_until(*deadline) || give_up(self));
  if (!is_over) self.turn.wait();
}

// Whether nobody leads, so that the caller does.
bool GroupCommit::queue_up(Waiter& self) {
  const model::MutexLock lock(mutex_);
  queue_.push_back(self);
  if (led_) return false;
  led_ = true;
  self.state = Waiter::State::leading;
  return true;
}

// False where it is too late: a group has taken some of the request, or the turn has come.
bool GroupCommit::give_up(Waiter& self) {
  const model::MutexLock lock(mutex_);
  self.is_late = true;
  if (self.has_begun || self.state != Waiter::State::waiting) return false;
  give_up_now(self);
  return true;
}

void GroupCommit::give_up_now(Waiter& waiter) {
  queue_.erase(queue_.iterator_to(waiter));
  for (Result<Applied>& outcome : waiter.request->outcomes()) outcome = std::unexpected(ErrorCode::timeout);
  waiter.state = Waiter::State::answered;
}

void GroupCommit::leave(Waiter& self) {
  const model::MutexLock lock(mutex_);
  queue_.erase(queue_.iterator_to(self));
  hand_over();
}

void GroupCommit::hand_over() {
  if (queue_.empty()) {
    led_ = false;
    return;
  }
  queue_.front().state = Waiter::State::leading;
  queue_.front().turn.give();
}

void GroupCommit::run_group(const Waiter& self) {
  runner_.before_group();
  take_slices();
  runner_.judge(slices_);
  give_back();
  runner_.commit(slices_);
  answer_slices(self);
  runner_.after_group();
}

// A caller that wants the lead alone ends the group: what came after it stays behind it.
void GroupCommit::take_slices() {
  const model::MutexLock lock(mutex_);
  slices_.clear();
  std::size_t room = kMaxGroupWrites;
  for (Waiter& waiter : queue_) {
    if (waiter.request == nullptr || room == 0) break;
    const std::size_t size = slice_of(*waiter.request, waiter.answered, room);
    if (size == 0) break;
    slices_.push_back({waiter.request, waiter.answered, waiter.answered + size});
    waiter.has_begun = true;
    room -= std::min(room, size);
  }
}

// How many writes of the request, some of which may be answered, a group takes that has so much room. The
// first transaction of a group has room in any case.
std::size_t GroupCommit::slice_of(const Request& request, std::size_t answered,
                                  std::size_t room) const noexcept {
  const std::size_t left = request.size() - answered;
  if (!request.is_transaction()) return std::min({left, kMaxSliceWrites, room});
  return left <= room || slices_.empty() ? left : 0;
}

// What the group did not take can be given up again: by who waits, when its deadline comes, or here, where it
// came meanwhile.
void GroupCommit::give_back() {
  std::size_t taken = slices_.size();
  while (slices_[taken - 1].begin == slices_[taken - 1].end) --taken;
  if (taken == slices_.size()) return;
  wake(take_late(taken));
  slices_.resize(taken);
}

// The slices are those of the queue's first waiters, in order.
boost::intrusive::list<GroupCommit::Waiter> GroupCommit::take_late(std::size_t taken) {
  const model::MutexLock lock(mutex_);
  boost::intrusive::list<Waiter> late;
  auto waiter = std::next(queue_.begin(), static_cast<std::ptrdiff_t>(taken));
  for (std::size_t i = taken; i < slices_.size(); ++i) {
    assert(waiter->request == slices_[i].request);
    Waiter& current = *waiter++;
    current.has_begun = current.answered > 0;
    if (current.has_begun || !current.is_late) continue;
    give_up_now(current);
    late.push_back(current);
  }
  return late;
}

void GroupCommit::answer_slices(const Waiter& self) {
  wake(take_answered(self));
}

// Without the lock: who is woken is to run, and not to wait for it.
void GroupCommit::wake(boost::intrusive::list<Waiter> answered) noexcept {
  while (!answered.empty()) {
    Waiter& waiter = answered.front();
    answered.pop_front();
    waiter.turn.give();   // it may be gone from here on
  }
}

// The slices are those of the queue's first waiters, in order.
boost::intrusive::list<GroupCommit::Waiter> GroupCommit::take_answered(const Waiter& self) {
  const model::MutexLock lock(mutex_);
  boost::intrusive::list<Waiter> answered;
  auto waiter = queue_.begin();
  for (const Slice& slice : slices_) {
    assert(waiter->request == slice.request);
    waiter->answered = slice.end;
    Waiter& current = *waiter++;
    if (&current == &self || current.answered < slice.request->size()) continue;
    queue_.erase(queue_.iterator_to(current));
    current.state = Waiter::State::answered;
    answered.push_back(current);
  }
  return answered;
}

}   // namespace usertags::store
