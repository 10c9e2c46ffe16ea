// or_throw(): the value of an answer, or its error as a Failure: for what is asked by many calls, one after the other.
#pragma once

#include <type_traits>
#include <utility>

#include "model/failure.hpp"

namespace usertags::cluster {

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw model::Failure{std::move(result).error()};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}   // namespace usertags::cluster
