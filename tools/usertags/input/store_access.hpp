// NewStore: the options of commands that make a store where there is none.
//
// How commands open and close a store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <usertags/inspector.hpp>
#include <usertags/settings.hpp>
#include <usertags/user_tag_store.hpp>

#include "input/arguments.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

class NewStore {
 public:
  void declare(Arguments& arguments);

  bool is_wanted() const { return init_; }
  // What the store is to have; none where nothing is said. Throws UsageError where no store is to be made.
  std::optional<Settings> settings() const;

 private:
  bool init_ = false;
  std::optional<Settings> settings_;
};

// Sets the setting that NAME=VALUE names; times may bear a unit: 90s, 15m, 24h, 30d. Throws UsageError.
void assign(Settings& settings, std::string_view assignment);

// These change no byte of the store and make nothing; they work beside a process that writes.
//
// For looking at users one by one: loads nothing.
Result<Inspector> open_to_inspect(const std::string& path);
// For what needs the store whole, such as questions by tags, which are answered from memory: says so where the
// loading takes long.
Result<UserTagStore> open_to_look(const std::string& path, Console& console);

// What the store has to say of its health is told to the console. From here on interruptions are deferred:
// there may be something to finish.
Result<UserTagStore> open_to_write(const std::string& path, const NewStore& wanted, Console& console);

// Writes are safe before this; what goes wrong here is told as a note.
void close_after_writing(UserTagStore& store, Console& console);

}   // namespace usertags::command
