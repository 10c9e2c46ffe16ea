#include "write_options.hpp"

#include <fmt/format.h>

#include "text.hpp"

namespace usertags::command {

void WriteOptions::declare(Arguments& arguments, Of of) {
  if (of == Of::user)
    arguments.option("--if-revision", "N", if_revision_, "Refuse unless this is the user's revision");
  arguments.option("--token", "TEXT", token_,
                   "Take effect once, however often the same is asked for under this token");
  arguments.option("--note", "TEXT", note_, "Who or why, kept with the change");
}

// An empty token would be none; whoever gives one means it.
ApplyOptions WriteOptions::get() const {
  if (token_ && token_->empty()) throw UsageError("--token is empty");
  return {.expected_revision = if_revision_, .token = token_.value_or(""), .note = note_.value_or("")};
}

std::string outcome_in_words(const Applied& applied, std::string_view done) {
  const std::string_view word = applied.replayed  ? "already done under this token"
                                : applied.changed ? done
                                                  : "nothing to change";
  return fmt::format("{}, revision {}", word, grouped(applied.revision));
}

}   // namespace usertags::command
