// SELECTOR: the argument by which commands are told which users are meant.
#pragma once

#include <string>

#include <usertags/selector.hpp>

#include "arguments.hpp"
#include "console.hpp"

namespace usertags::command {

class SelectorArgument {
 public:
  void declare(Arguments& arguments);

  Result<Selector> parse() const { return Selector::parse(text_); }

  // Tells why it was refused: for people, with a caret under the place. Returns the exit code.
  int refused(const Error& error, Console& console) const;

 private:
  std::string text_;
};

// For help of commands that have it.
inline constexpr const char* kSelectorHelp =
    "SELECTOR is a list of terms, joined by commas, all of which have to hold; an empty one is every user:\n"
    "  key  !key  key=value  key!=value  key in (v,w)  key notin (v,w)  key>5  key<5  key~go*  key!~go*\n"
    "  any(…)  all(…)  not(…)\n"
    "The negative ones also hold where there is no such key. Texts with other characters stand in quotes.\n";

}   // namespace usertags::command
