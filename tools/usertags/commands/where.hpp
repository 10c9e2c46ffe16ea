// WhereArguments: what commands that write to all users of a selector have in common: their options, how they go
// about it, and how they answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/selector.hpp>
#include <usertags/user_tag_store.hpp>
#include <usertags/where.hpp>

#include "input/arguments.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

// For help of commands that have it.
inline constexpr const char* kWhereHelp =
    "Users are written to in groups, each for itself: what is done stays done. A write that is refused is told, and\n"
    "the rest goes on. With --json, the answer is {\"matched\",\"changed\",\"unchanged\",\"refused\",\"refusals\":\n"
    "[{\"user\",\"external_id\",\"error\"}],\"stopped\":ERROR or null,\"next\":CURSOR or null}; the refusals are the first\n"
    "1,000, and after `stopped`, --after CURSOR goes on.\n";

class WhereArguments {
 public:
  void declare_selector(Arguments& arguments);   // --where, --everybody
  void declare(Arguments& arguments);            // --at-most, --after

  // Whether --where was given. Throws UsageError where it was not, and others of its options were; and where neither
  // it nor USER was, or both.
  bool replaces(const std::optional<std::string>& user) const;

  using Call = std::function<WhereOutcome(UserTagStore&, const Selector&, const WhereOptions&)>;
  // Opens the store and calls. `done` is the word for what happened to a user: "deleted". Returns the exit code.
  int run(const std::string& store_path, Console& console, std::string_view done, bool dry_run,
          std::string note, const Call& call) const;
  int run(const std::string& store_path, const Selector& selector, Console& console, std::string_view done,
          bool dry_run, std::string note, const Call& call) const;

 private:
  std::optional<std::string> where_;
  bool everybody_ = false;
  std::optional<std::uint64_t> at_most_;
  std::optional<std::string> after_;
};

}   // namespace usertags::command
