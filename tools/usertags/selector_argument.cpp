#include "selector_argument.hpp"

#include "caret.hpp"

namespace usertags::command {

void SelectorArgument::declare(Arguments& arguments) {
  arguments.positional("SELECTOR", text_, "Which users, such as 'tier in (gold,silver),!churned'");
}

int SelectorArgument::refused(const Error& error, Console& console) const {
  const int code = console.error(error);
  if (!console.json && error.position()) console.err().line(caret_lines(text_, *error.position()));
  return code;
}

}   // namespace usertags::command
