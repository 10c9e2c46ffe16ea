#include "bare_group.hpp"

namespace usertags::bench {

void BareGroup::write(std::uint64_t bytes) {
  Waiter self;
  self.bytes = bytes;
  if (!queue_up(self)) {
    while (sem_wait(&self.woken) != 0) {   // interrupted by a signal
    }
    if (!self.leads) return;
  }
  const std::vector<Waiter*> group = take_all();
  std::uint64_t all = 0;
  for (const Waiter* const waiter : group) all += waiter->bytes;
  write_(all);
  hand_over();
  for (Waiter* const waiter : group) {
    if (waiter != &self) sem_post(&waiter->woken);
  }
}

// Whether nobody leads, so that the caller does.
bool BareGroup::queue_up(Waiter& self) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(&self);
  return !std::exchange(is_led_, true);
}

std::vector<BareGroup::Waiter*> BareGroup::take_all() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void BareGroup::hand_over() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    is_led_ = false;
    return;
  }
  waiting_.front()->leads = true;
  sem_post(&waiting_.front()->woken);
}

}   // namespace usertags::bench
