// Between callers and their judge: what a store says of users, and names, values and ids as numbers.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "torture/caller.hpp"

namespace usertags::torture {

inline constexpr const char* kKeys[] = {"a", "b", "c", "d"};

inline std::string name_of(std::size_t user) {
  return "u" + std::to_string(user);
}

inline std::uint32_t number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(error == std::errc() && end == text.data() + text.size(), "no number: " + std::string(text));
  return number;
}

inline std::size_t user_named(std::string_view external_id) {
  return number_in(external_id.substr(1));
}

inline std::uint64_t id_of(std::string_view id) {
  return std::hash<std::string_view>()(id) | 1;
}

inline std::size_t key_named(std::string_view key) {
  return static_cast<std::size_t>(key.at(0) - 'a');
}

// Of a User or a UserView.
Version version_of(const auto& user) {
  const UserId id = user.id();
  Version version{.revision = user.revision(), .id = id_of(id)};
  for (const auto& [key, value] : user.tags()) version.tags.at(key_named(key)) = number_in(value);
  return version;
}

std::uint64_t whole(const auto& user) {
  return part({.view = Question::View::whole}, user_named(user.external_id()), version_of(user), 0);
}
inline std::uint64_t whole(const Applied& applied) {
  return applied.user ? whole(*applied.user) : 0;
}

// The batch of an effect, as the store is given it.
inline TagBatch batch_of(const Effect& effect) {
  TagBatch batch;
  bool first = true;
  for (std::size_t key = 0; key < kJudgedKeys; ++key) {
    if ((effect.keys >> key & 1) == 0) continue;
    std::optional<std::string> expected;
    if (std::exchange(first, false) && effect.guard == Effect::Guard::value) {
      expected = std::to_string(effect.expected);
    }
    if (effect.value != 0) batch.set(kKeys[key], std::to_string(effect.value), {expected});
    if (effect.value == 0) batch.erase(kKeys[key], {.expected_value = expected});
  }
  return batch;
}

}   // namespace usertags::torture
