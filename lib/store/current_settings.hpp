// CurrentSettings: the store's settings as questions see them, without waiting for whoever writes.
#pragma once

#include <usertags/settings.hpp>

#include "model/thread_annotations.hpp"

namespace usertags::store {

class CurrentSettings {
 public:
  StoredSettings get() const USERTAGS_EXCLUDES(mutex_) {
    const model::MutexLock lock(mutex_);
    return settings_;
  }

  // Versions only grow: of two threads that learn of settings, the later one wins, whoever comes first.
  void take(const StoredSettings& settings) noexcept USERTAGS_EXCLUDES(mutex_) {
    const model::MutexLock lock(mutex_);
    if (settings.version >= settings_.version) settings_ = settings;
  }

 private:
  mutable model::Mutex mutex_;
  StoredSettings settings_ USERTAGS_GUARDED_BY(mutex_);
};

}   // namespace usertags::store
