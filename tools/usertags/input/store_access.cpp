#include "input/store_access.hpp"

#include <fmt/format.h>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "terminal/say_if_long.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

std::int64_t value_of(std::string_view name, std::string_view text) {
  if (name.ends_with("_s")) return parse_seconds(name, text);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, wrong] = std::from_chars(text.data(), end, number);
  if (wrong != std::errc() || rest != end) throw UsageError(fmt::format("{}: '{}' is no number", name, text));
  return number;
}

}   // namespace

void assign(Settings& settings, std::string_view assignment) {
  const auto [name, text] = split_assignment(assignment);
  if (const auto set = set_named(settings, name, value_of(name, text)); !set)
    throw UsageError(set.error().what());
}

void NewStore::declare(Arguments& arguments) {
  arguments.flag("--init", init_, "Make the store where there is none");
  arguments.repeatable(
      "--setting", "NAME=VALUE",
      [this](std::string_view text) { assign(settings_ ? *settings_ : settings_.emplace(), text); },
      "With --init: a setting of the new store (see usertags settings); may be repeated");
}

std::optional<Settings> NewStore::settings() const {
  if (settings_ && !init_)
    throw UsageError("--setting goes with --init; usertags settings changes those of a store");
  return settings_;
}

Result<Inspector> open_to_inspect(const std::string& path) {
  return Inspector::open(path);
}

Result<UserTagStore> open_to_look(const std::string& path, Console& console) {
  const SayIfLong say([&console] { console.note("reading all users into memory"); });
  Options options;
  options.access = Access::read_only;
  options.create_if_missing = false;
  return UserTagStore::open(path, options);
}

Result<UserTagStore> open_to_write(const std::string& path, const NewStore& wanted, Console& console) {
  Options options;
  options.create_if_missing = wanted.is_wanted();
  options.settings = wanted.settings();
  options.log = [&console](LogLevel level, std::string_view text) {
    if (level == LogLevel::error) console.note(text);
  };
  auto store = UserTagStore::open(path, options);
  defer_interruptions();
  return store;
}

void close_after_writing(UserTagStore& store, Console& console) {
  if (const auto closed = store.close(); !closed) {
    console.note(fmt::format("the writes are safe, but closing the store: {}", closed.error().message()));
  }
}

}   // namespace usertags::command
