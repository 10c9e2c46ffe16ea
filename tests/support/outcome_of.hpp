// What calls that throw model::Failure come to, for the layers below the store.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <usertags/error.hpp>

#include "model/failure.hpp"

namespace usertags::test {

// None where the call succeeded.
template <class Function>
std::optional<Error> failure_of(Function&& function) {
  try {
    std::forward<Function>(function)();
    return std::nullopt;
  } catch (const model::Failure& failure) {
    return failure.error;
  }
}

// The code's name, or "ok": readable where a test fails.
template <class Function>
std::string outcome_of(Function&& function) {
  const auto failure = failure_of(std::forward<Function>(function));
  return std::string(failure ? to_string(failure->code()) : "ok");
}

// The error's message, or "".
template <class Function>
std::string message_of(Function&& function) {
  const auto failure = failure_of(std::forward<Function>(function));
  return failure ? failure->message() : "";
}

}   // namespace usertags::test
