#include "store/memory/publish_signal.hpp"

namespace usertags::store {

// Who has looked and does not sleep yet holds the mutex.
void PublishSignal::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
  }
  changed_.notify_all();
}

}   // namespace usertags::store
