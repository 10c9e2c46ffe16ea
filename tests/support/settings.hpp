// settings_of: the settings that options ask for, to be filled in by a test.
#pragma once

#include <usertags/options.hpp>

namespace usertags::test {

inline Settings& settings_of(Options& options) {
  return options.settings ? *options.settings : options.settings.emplace();
}

// All of them, as one change.
inline SettingsChange all_of(const Settings& settings) {
  return {settings.tags_per_user, settings.operations_per_batch, settings.history, settings.tokens};
}

}   // namespace usertags::test
