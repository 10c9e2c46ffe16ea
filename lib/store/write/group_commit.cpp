#include "store/write/group_commit.hpp"

#include <algorithm>
#include <cstddef>

namespace usertags::store {

GroupCommit::GroupCommit(std::function<void()> write_group) : write_group_(std::move(write_group)) {
  slices_.reserve(kMaxGroupWrites);
  gathered_.reserve(kMaxGroupWrites);
}

void GroupCommit::write(Request& request) {
  Waiter self;
  self.request = &request;
  self.slot.emplace();
  wait_for_lead(self);
  if (self.state == Waiter::State::answered) return;
  while (self.answered < request.size()) write_group_();
  leave(self);
}

void GroupCommit::enqueue(Unattended& request) {
  const model::MutexLock lock(mutex_);
  queue_.push_back(request.waiter_);
}

// Who leads is the first thread in the queue: before it are unattended requests only.
void GroupCommit::write_queued() {
  const Lead lead(*this, Waiter::Wants::what_is_before);
  while (!is_first(lead.waiter())) write_group_();
}

void GroupCommit::drop_queued() {
  exclusively([&] { wake(remove_unattended()); });
}

void GroupCommit::wait_for_lead(Waiter& self) {
  if (queue_up(self)) return;
  const auto deadline = self.request == nullptr ? std::nullopt : self.request->deadline();
  const bool is_over = deadline && (self.slot->wait_until(*deadline) || give_up(self));
  if (!is_over) self.slot->wait();
}

// Whether nobody leads, so that the caller does.
bool GroupCommit::queue_up(Waiter& self) {
  const model::MutexLock lock(mutex_);
  queue_.push_back(self);
  threads_.push_back(self);
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
  remove(waiter);
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

void GroupCommit::remove(Waiter& waiter) {
  queue_.erase(queue_.iterator_to(waiter));
  if (waiter.slot) threads_.erase(threads_.iterator_to(waiter));
}

bool GroupCommit::is_first(const Waiter& self) {
  const model::MutexLock lock(mutex_);
  return &queue_.front() == &self;
}

void GroupCommit::leave(Waiter& self) {
  const model::MutexLock lock(mutex_);
  remove(self);
  hand_over();
}

void GroupCommit::hand_over() {
  if (threads_.empty()) {
    led_ = false;
    return;
  }
  threads_.front().state = Waiter::State::leading;
  threads_.front().slot->signal();
}

// A caller that wants to be alone ends the group: what came after it stays behind it.
std::span<Slice> GroupCommit::gather() {
  const model::MutexLock lock(mutex_);
  slices_.clear();
  gathered_.clear();
  std::size_t room = kMaxGroupWrites;
  for (Waiter& waiter : queue_) {
    if (waiter.wants == Waiter::Wants::what_is_before) continue;
    if (waiter.wants == Waiter::Wants::to_be_alone || room == 0) break;
    const std::size_t size = slice_of(waiter, room);
    if (size == 0) break;
    const Slice slice{waiter.request, waiter.answered, waiter.answered + size};
    slices_.push_back(slice);
    gathered_.push_back(&waiter);
    waiter.has_begun = true;
    room -= std::min(room, size);
  }
  return slices_;
}

// How many writes of the request, some of which may be answered, a group takes that has so much room. What is
// unattended and does not end with the group fills it, so that nothing comes in between. The first transaction
// of a group has room in any case.
std::size_t GroupCommit::slice_of(const Waiter& waiter, std::size_t room) const noexcept {
  const std::size_t left = waiter.request->size() - waiter.answered;
  if (waiter.request->is_transaction()) return left <= room || slices_.empty() ? left : 0;
  return std::min(left, waiter.unattended != nullptr ? room : std::min(room, kMaxSliceWrites));
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

GroupCommit::Waiters GroupCommit::remove_late(std::size_t kept) {
  const model::MutexLock lock(mutex_);
  Waiters late;
  for (std::size_t i = kept; i < slices_.size(); ++i) {
    Waiter& waiter = *gathered_[i];
    waiter.has_begun = waiter.answered > 0;
    if (waiter.has_begun || !waiter.is_late) continue;
    give_up_now(waiter);
    late.push_back(waiter);
  }
  return late;
}

void GroupCommit::answer() {
  wake(remove_answered());
}

// The leader leaves by itself.
GroupCommit::Waiters GroupCommit::remove_answered() {
  const model::MutexLock lock(mutex_);
  Waiters answered;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    Waiter& waiter = *gathered_[i];
    waiter.answered = slices_[i].end;
    const bool leads = waiter.state == Waiter::State::leading;
    if (leads || waiter.answered < waiter.request->size()) continue;
    remove(waiter);
    waiter.state = Waiter::State::answered;
    answered.push_back(waiter);
  }
  return answered;
}

GroupCommit::Waiters GroupCommit::remove_unattended() {
  const model::MutexLock lock(mutex_);
  Waiters dropped;
  for (auto next = queue_.begin(); next != queue_.end();) {
    Waiter& waiter = *next++;
    if (waiter.unattended == nullptr) continue;
    remove(waiter);
    for (Result<Applied>& outcome : waiter.request->outcomes().subspan(waiter.answered))
      outcome = std::unexpected(ErrorCode::store_closed);
    dropped.push_back(waiter);
  }
  return dropped;
}

// Without the lock: who is woken is to run, and not to wait for it.
void GroupCommit::wake(Waiters waiters) noexcept {
  while (!waiters.empty()) {
    Waiter& waiter = waiters.front();
    waiters.pop_front();
    // It may be gone from here on.
    if (waiter.unattended != nullptr)
      waiter.unattended->is_answered_.store(true, std::memory_order_release);
    else
      waiter.slot->signal();
  }
}

}   // namespace usertags::store
