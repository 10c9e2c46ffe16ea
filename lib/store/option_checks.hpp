// What options and settings can be: invalid_argument, where they cannot.
#pragma once

#include <chrono>
#include <optional>

#include <usertags/options.hpp>

namespace usertags::store {

void check(const Options& options);
void check(const Settings& settings);
void check_busy_timeout(std::chrono::milliseconds timeout);

// Throws Failure (settings_mismatch) where others are asked for than the store has.
void require_settings(const StoredSettings& stored, const std::optional<Settings>& asked);

}   // namespace usertags::store
