// What every error has to be, whatever input it answers.
#pragma once

#include <algorithm>
#include <string>

#include <usertags/error.hpp>

#include "support/describe.hpp"
#include "support/expect_equal.hpp"
#include "support/reference_rules.hpp"

namespace usertags::fuzz {

inline void expect_flag(const std::string& what, bool expected, bool found) {
  test::expect(expected == found, what, expected ? "yes" : "no", found ? "yes" : "no");
}

// Of one line, in well-formed UTF-8.
inline void expect_message(const Error& error) {
  const std::string message = error.message();
  const auto characters = test::decode_utf8(message);
  test::expect(characters && !message.empty() && !message.contains('\n'), "the message of an error",
               "one line of UTF-8", test::in_quotes(message));
}

// Of this code, and at a byte of the input, if at any.
inline void expect_refusal(const Error& error, ErrorCode code, std::size_t input_size) {
  expect_message(error);
  test::expect(error.code() == code, "the code of an error", std::string(to_string(code)),
               std::string(to_string(error.code())));
  if (error.position())
    test::expect(*error.position() <= input_size, "the position of an error",
                 "at most " + std::to_string(input_size), std::to_string(*error.position()));
}

}   // namespace usertags::fuzz
