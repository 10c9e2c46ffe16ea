// CurrentSettings: the store's settings as questions see them, without waiting for whoever writes.
#pragma once

#include <chrono>
#include <optional>

#include <usertags/options.hpp>
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

// What options and settings can be: invalid_argument, where they cannot.
void check(const Options& options);
void check(const Settings& settings);
void check_busy_timeout(std::chrono::milliseconds timeout);

// Throws Failure (settings_mismatch) where others are asked for than the store has.
void require_settings(const StoredSettings& stored, const std::optional<Settings>& asked);

}   // namespace usertags::store
