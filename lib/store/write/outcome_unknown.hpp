// The error of a COMMIT whose outcome is unknown. Whoever stops the store because of it must not fail in
// saying so: where there is no memory, the code says enough.
#pragma once

#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <usertags/error.hpp>

namespace usertags::store {

inline Error outcome_unknown(std::string_view what, const Error& cause, std::string_view remedy = {},
                             std::optional<std::uint64_t> intended_revision = std::nullopt) noexcept {
  Error::Details details;
  details.intended_revision = intended_revision;
  try {
    details.what = std::string(what) + " failed on its way to the disk (" + cause.what() + ')';
    details.remedy = remedy;
  } catch (const std::bad_alloc&) {
    details.what.clear();
  }
  return {ErrorCode::outcome_unknown, std::move(details)};
}

}   // namespace usertags::store
