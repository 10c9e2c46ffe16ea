// SelectorMistake: where the parser could not go on, and what to tell about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

namespace usertags::model {

struct SelectorMistake {
  // What could have stood at the position.
  enum class Wanted : std::uint8_t {
    term,
    key,         // after "!"
    separator,   // after a term: "," and what closes; after a key without a test, a test as well
    value,       // after "=", "==" and "!="
    pattern,
    integer,
    list,             // the "(" after in and notin
    list_separator,   // after a value in it
  };

  std::string_view text;   // the whole selector, well-formed UTF-8
  Wanted wanted{};
  std::size_t position = 0;             // of what was found; the text's size: its end
  std::optional<std::size_t> opening;   // of the "(" of the group or list
  // The term that was being read, or had been last, as it is written. Empty where it was a group.
  std::string_view key;
  std::string_view test;     // "!", "=", "in", …; empty: none
  std::size_t operand = 0;   // where what follows the test begins
};

// invalid_selector with position and message. They throw std::bad_alloc.
Error explain(const SelectorMistake& mistake);
Error explain(std::size_t position, std::string_view what, std::string remedy = {});

// What somebody is likely to have meant, as the rest of a sentence; empty where nobody can tell.
std::string hint(const SelectorMistake& mistake);

// What was found: the token at the position.
std::string_view found_token(const SelectorMistake& mistake) noexcept;

}   // namespace usertags::model
