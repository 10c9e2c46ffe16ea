// Steps: what hosts do to a store in the course of its life, for sequences that RapidCheck makes and shrinks.
#pragma once

#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <usertags/options.hpp>
#include <usertags/settings.hpp>
#include <usertags/user_ref.hpp>

#include "support/checked_store.hpp"
#include "support/generators.hpp"

namespace usertags::test {

struct WriteOne {
  WriteIntent intent;
};
struct WriteMany {
  std::vector<WriteIntent> intents;
  bool twice = false;       // all of them again behind them, so that their tokens come again
  bool submitted = false;   // without waiting
};
struct WriteAll {
  std::vector<WriteIntent> intents;
};
struct Again {   // one of the writes before that bore a token
  std::size_t number = 0;
};
struct ModifyOne {
  WriteIntent patch;
};
struct WriteWhere {
  Selector selector;
  std::optional<TagBatch> batch;   // none: they are deleted
  bool decides = false;            // by a function, as modify
  bool dry_run = false;
  bool everybody = false;
  std::optional<std::uint64_t> at_most;
};
struct PlanOne {
  WriteIntent patch;
};
struct FindMany {
  std::vector<std::string> users;
};
struct FindOne {
  std::string user;
  UserRef::Kind kind = UserRef::Kind::any;
};
struct NextPage {
  std::size_t limit = 1;
  bool from_start = false;
};
struct Select {
  Selector selector;   // of the page before, where it goes on
  std::size_t limit = 1;
  bool from_start = false;
};
struct FollowAudience {
  Selector selector;   // where it begins anew
  bool anew = false;
};
struct CountThem {
  Selector selector;
};
struct AskKeys {
  std::string prefix;
  std::size_t limit = 1;
};
struct AskValues {
  std::string key;
  std::string prefix;
  std::size_t limit = 1;
};
struct WriteLate {   // its deadline has passed
  WriteIntent intent;
};
struct Wait {
  std::size_t behind = 0;   // so many changes behind the newest, or at it
};
struct Set {
  Settings settings;
  Guess guess = Guess::none;   // of their version
};
struct Copy {};
struct Interfere {   // something else writes to the closed file, and it is adopted
  std::size_t number = 0;
};
struct Care {
  enum class Kind : std::uint8_t {
    maintain,
    checkpoint,
    compact,
    check_all,
    check_views,
    check_read_only,
    check_follower
  };
  Kind kind{};
};
struct Reopen {
  Ending ending{};
  Options options;
};
using Step = std::variant<WriteOne, WriteMany, WriteAll, Again, ModifyOne, WriteWhere, PlanOne, FindMany,
                          FindOne, NextPage, Select, FollowAudience, CountThem, AskKeys, AskValues, WriteLate,
                          Wait, Set, Copy, Interfere, Care, Reopen>;

// Limits, history and housekeeping so small that folding, pruning and checkpoints happen all the time.
Options tight_options();

rc::Gen<Step> any_step();             // of a store in a file
rc::Gen<Step> any_step_in_memory();   // without reopening and what looks at the file

// RapidCheck finds it by argument-dependent look-up.
void showValue(const Step& step, std::ostream& out);

}   // namespace usertags::test
