#pragma once

#include <cstddef>
#include <optional>

#include <usertags/error.hpp>

namespace usertags::store {

// Why no page has this limit; none where one may.
std::optional<Error> bad_limit(std::size_t limit);

}   // namespace usertags::store
