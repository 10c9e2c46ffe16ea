// The value of a call of usertags that has to succeed; else the run ends.
#pragma once

#include <stdexcept>
#include <type_traits>
#include <utility>

#include <usertags/error.hpp>

namespace usertags::bench {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("usertags: " + result.error().message());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}   // namespace usertags::bench
