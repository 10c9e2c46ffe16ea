// settings_of: the settings that options ask for, to be filled in by a test.
#pragma once

#include <usertags/options.hpp>

namespace usertags::test {

inline Settings& settings_of(Options& options) {
  return options.settings ? *options.settings : options.settings.emplace();
}

}   // namespace usertags::test
