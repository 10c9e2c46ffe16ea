// The version: of the headers that a host is compiled with, as macros; of the library that it runs with, by version().
#pragma once

#include <string_view>

#include <usertags/export.hpp>

// NOLINTBEGIN(modernize-macro-to-enum): the preprocessor is to compare them.
// Of the headers.
#define USERTAGS_VERSION_MAJOR 0
#define USERTAGS_VERSION_MINOR 1
#define USERTAGS_VERSION_PATCH 0
// NOLINTEND(modernize-macro-to-enum)

// To compare with: 10,000 for each major version, 100 for each minor one.
#define USERTAGS_VERSION_NUMBER \
  (10'000 * USERTAGS_VERSION_MAJOR + 100 * USERTAGS_VERSION_MINOR + USERTAGS_VERSION_PATCH)

namespace usertags {

// "MAJOR.MINOR.PATCH" of the library that is linked. Any thread.
USERTAGS_EXPORT std::string_view version() noexcept;

}   // namespace usertags
