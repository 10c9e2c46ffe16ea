// The boundary of the library: what was thrown below it becomes a value.
#pragma once

#include <cstddef>
#include <new>
#include <optional>
#include <system_error>
#include <vector>

#include <usertags/error.hpp>

#include "model/failure.hpp"

namespace usertags::store {

// Calls the function; whatever it throws is answered as an error.
template <class Function>
auto guarded(Function&& function) noexcept -> decltype(function()) {
  try {
    return function();
  } catch (const model::Failure& failure) {
    return std::unexpected(failure.error);
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error(ErrorCode::out_of_memory));
  } catch (const std::system_error& error) {   // a mutex or a path that the system refused
    return std::unexpected(Error(ErrorCode::io_error, Error::Details{.system_error = error.code().value()}));
  }
}

// A call's answer as a Result.
template <class Answer>
struct AsResult {
  using type = Result<Answer>;
};
template <class Answer>
struct AsResult<Result<Answer>> {
  using type = Result<Answer>;
};

// Of one that was moved from.
inline Error has_no_store() noexcept {
  try {
    return {ErrorCode::store_closed, Error::Details{.what = "this object has no store: it was moved from",
                                                    .remedy = "use the object that it was moved to"}};
  } catch (const std::bad_alloc&) {
    return ErrorCode::store_closed;
  }
}

template <class Answer>
std::vector<Result<Answer>> all_refused(std::size_t count, const Error& error) noexcept {
  try {
    return std::vector<Result<Answer>>(count, std::unexpected(error));
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}   // namespace usertags::store
