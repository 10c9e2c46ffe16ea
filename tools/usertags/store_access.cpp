#include "store_access.hpp"

#include <string_view>

#include <fmt/format.h>

#include "signals.hpp"

namespace usertags::command {

Result<UserTagStore> open_to_look(const std::string& path) {
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
