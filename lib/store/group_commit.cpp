#include "store/group_commit.hpp"

#include <algorithm>
#include <cassert>

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
  const model::MutexLock lock(mutex_);
  queue_.push_back(self);
  if (!led_) {
    led_ = true;
    self.state = Waiter::State::leading;
    return;
  }
  wait(self);
}

void GroupCommit::wait(Waiter& self) {
  std::unique_lock native(mutex_.native(), std::adopt_lock);
  const auto turn_has_come = [&] { return self.state != Waiter::State::waiting; };
  const auto deadline = self.request == nullptr ? std::nullopt : self.request->deadline();
  const bool in_time = !deadline || self.wake.wait_until(native, *deadline, turn_has_come);
  if (!in_time && !self.has_begun)
    give_up(self);
  else
    self.wake.wait(native, turn_has_come);
  native.release();   // the lock is the caller's to give back
}

void GroupCommit::give_up(Waiter& self) {
  queue_.erase(queue_.iterator_to(self));
  for (Result<Applied>& outcome : self.request->outcomes()) outcome = std::unexpected(ErrorCode::timeout);
  self.state = Waiter::State::answered;
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
  queue_.front().wake.notify_one();
}

void GroupCommit::run_group(const Waiter& self) {
  take_slices();
  runner_.run(slices_);
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

// The slices are those of the queue's first waiters, in order.
void GroupCommit::answer_slices(const Waiter& self) {
  const model::MutexLock lock(mutex_);
  auto waiter = queue_.begin();
  for (const Slice& slice : slices_) {
    assert(waiter->request == slice.request);
    waiter->answered = slice.end;
    Waiter& current = *waiter++;
    if (&current == &self || current.answered < slice.request->size()) continue;
    queue_.erase(queue_.iterator_to(current));
    current.state = Waiter::State::answered;
    current.wake.notify_one();   // under the lock: the waiter lives until it can take it
  }
}

}   // namespace usertags::store
