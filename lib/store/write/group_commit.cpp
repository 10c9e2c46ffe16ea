#include "store/write/group_commit.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>

namespace usertags::store {

GroupCommit::GroupCommit(std::function<void()> write_group) : write_group_(std::move(write_group)) {
  slices_.reserve(kMaxGroupWrites);
}

void GroupCommit::submit(Request& request) {
  Waiter self;
  self.request = &request;
  wait_for_lead(self);
  if (self.state == Waiter::State::answered) return;
  while (self.answered < request.size()) write_group_();
  leave(self);
}

void GroupCommit::wait_for_lead(Waiter& self) {
  if (queue_up(self)) return;
  const auto deadline = self.request == nullptr ? std::nullopt : self.request->deadline();
  const bool is_over = deadline && (self.slot.wait_until(*deadline) || give_up(self));
  if (!is_over) self.slot.wait();
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
  given_up_ += waiter.request->size();
  waiter.state = Waiter::State::answered;
}

QueueFigures GroupCommit::figures() {
  const model::MutexLock lock(mutex_);
  QueueFigures figures{.given_up = given_up_};
  for (const Waiter& waiter : queue_) {
    if (waiter.request != nullptr) figures.waiting += waiter.request->size() - waiter.answered;
  }
  return figures;
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
  queue_.front().slot.signal();
}

// A caller that wants the lead alone ends the group: what came after it stays behind it.
std::span<Slice> GroupCommit::gather() {
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
  return slices_;
}

// How many writes of the request, some of which may be answered, a group takes that has so much room. The
// first transaction of a group has room in any case.
std::size_t GroupCommit::slice_of(const Request& request, std::size_t answered,
                                  std::size_t room) const noexcept {
  const std::size_t left = request.size() - answered;
  if (!request.is_transaction()) return std::min({left, kMaxSliceWrites, room});
  return left <= room || slices_.empty() ? left : 0;
}

// What the group left can be given up again: by who waits, when its deadline comes, or here, where it came
// meanwhile.
std::span<Slice> GroupCommit::give_back() {
  std::size_t taken = slices_.size();
  while (slices_[taken - 1].begin == slices_[taken - 1].end) --taken;
  if (taken == slices_.size()) return slices_;
  wake(remove_late(taken));
  slices_.resize(taken);
  return slices_;
}

// The slices are those of the queue's first waiters, in order.
GroupCommit::Waiters GroupCommit::remove_late(std::size_t kept) {
  const model::MutexLock lock(mutex_);
  Waiters late;
  auto waiter = std::next(queue_.begin(), static_cast<std::ptrdiff_t>(kept));
  for (std::size_t i = kept; i < slices_.size(); ++i) {
    assert(waiter->request == slices_[i].request);
    Waiter& current = *waiter++;
    current.has_begun = current.answered > 0;
    if (current.has_begun || !current.is_late) continue;
    give_up_now(current);
    late.push_back(current);
  }
  return late;
}

void GroupCommit::answer() {
  wake(remove_answered());
}

// The slices are those of the queue's first waiters, in order. The leader is at the head: it leaves by
// itself.
GroupCommit::Waiters GroupCommit::remove_answered() {
  const model::MutexLock lock(mutex_);
  Waiters answered;
  auto waiter = queue_.begin();
  for (const Slice& slice : slices_) {
    assert(waiter->request == slice.request);
    waiter->answered = slice.end;
    Waiter& current = *waiter++;
    const bool leads = current.state == Waiter::State::leading;
    if (leads || current.answered < slice.request->size()) continue;
    queue_.erase(queue_.iterator_to(current));
    current.state = Waiter::State::answered;
    answered.push_back(current);
  }
  return answered;
}

// Without the lock: who is woken is to run, and not to wait for it.
void GroupCommit::wake(Waiters waiters) noexcept {
  while (!waiters.empty()) {
    Waiter& waiter = waiters.front();
    waiters.pop_front();
    waiter.slot.signal();   // it may be gone from here on
  }
}

}   // namespace usertags::store
