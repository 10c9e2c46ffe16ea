// Short words for what calls answer, readable where a test fails.
#pragma once

#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

namespace usertags {

// GoogleTest finds these by argument-dependent look-up.
inline void PrintTo(ErrorCode code, std::ostream* out) {
  *out << to_string(code);
}
inline void PrintTo(const Error& error, std::ostream* out) {
  *out << to_string(error.code()) << ": " << error.message();
}

}   // namespace usertags

namespace usertags::test {

// None where the call succeeded.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code());
}

// "ok", or code and message.
template <class T>
std::string told(const Result<T>& result) {
  if (result) return "ok";
  return std::string(to_string(result.error().code())) + ": " + result.error().message();
}

// The value of a call that has to succeed here; otherwise an exception fails the test.
template <class T>
T must(Result<T> result, std::string_view what = "a call that has to succeed") {
  if (!result) throw std::runtime_error(std::string(what) + " answers " + told(result));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The value, or "(absent)".
inline std::string value_of(const User& user, std::string_view key) {
  const auto value = user.tag(key);
  return value ? std::string(value->view()) : "(absent)";
}
inline std::string value_of(const UserTagStore& store, const UserRef& ref, std::string_view key) {
  const auto user = store.find(ref);
  return user ? value_of(*user, key) : "(no user)";
}

struct NamedAnswer {
  std::string_view method;
  std::optional<ErrorCode> code;
};

// As apply_each: the writes are submitted, and their answers waited for.
std::vector<Result<Applied>> submit_each(UserTagStore& store, std::span<const Write> writes);

// Calls every method that writes, or cares for the file, once, and with arguments that are fine.
std::vector<NamedAnswer> answers_to_writing(UserTagStore& store);
// Likewise every method that reads.
std::vector<NamedAnswer> answers_to_reading(UserTagStore& store);

}   // namespace usertags::test
