// The settings of a store in memory, and what settings and options can be.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/settings.hpp>

#include "model/thread_annotations.hpp"

namespace usertags::store {

// The settings as questions see them, without waiting for whoever writes.
class CurrentSettings {
 public:
  StoredSettings get() const USERTAGS_EXCLUDES(mutex_) {
    const model::MutexLock lock(mutex_);
    return settings_;
  }

  // Versions only grow: of two threads that learn of settings, the later one wins, whoever comes first.
  void set(const StoredSettings& settings) noexcept USERTAGS_EXCLUDES(mutex_) {
    const model::MutexLock lock(mutex_);
    if (settings.version >= settings_.version) settings_ = settings;
  }

 private:
  mutable model::Mutex mutex_;
  StoredSettings settings_ USERTAGS_GUARDED_BY(mutex_);
};

// What options and settings can be: invalid_argument, where they cannot.
// Throw Failure (invalid_argument) for what can be no good.
void check(const Options& options);
void check(const Settings& settings);
void check_busy_timeout(std::chrono::milliseconds timeout);

// Throws Failure (settings_mismatch) where others are asked for than the store has.
void require_settings(const StoredSettings& stored, const std::optional<Settings>& asked);

// The settings after the change. Throws Failure (invalid_argument).
StoredSettings changed(StoredSettings settings, const SettingsChange& change);
// settings_mismatch: the store is at another version than was expected.
Error other_version(std::uint64_t version, std::uint64_t expected);

}   // namespace usertags::store
