// Settings belong to the store: they stand in its file, and hold for whoever opens it. Options::settings
// gives them to a store that is made; UserTagStore::settings() reads them, change_settings() changes them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>

namespace usertags {

// How much of the log is kept. A change is pruned when it is beyond both bounds. Age is lived time: it grows
// while the store is open for writing, by a clock that nobody sets.
struct History {
  bool keep_all = false;
  std::uint64_t min_changes = 100'000;   // 0 to 2^63 - 1
  std::chrono::seconds min_age{0};       // 0 or more

  bool operator==(const History&) const = default;
};

// How long idempotency tokens are kept: one is forgotten when it is beyond either bound. Their retention has
// nothing to do with the log's. Age is lived time, as that of changes.
struct Tokens {
  std::uint64_t max_count = 1'000'000;                    // 1 to 2^63 - 1
  std::chrono::seconds max_age{std::chrono::hours(24)};   // 0 or more

  bool operator==(const Tokens&) const = default;
};

struct Settings {
  std::size_t tags_per_user = 256;           // 1 to 65,534; a user that is over it may still shrink
  std::size_t operations_per_batch = 1024;   // 1 to 1,000,000
  History history{};
  Tokens tokens{};

  bool operator==(const Settings&) const = default;
};

// The settings as a store has them. A new store begins with version 1; each change adds one.
struct StoredSettings : Settings {
  std::uint64_t version = 1;

  bool operator==(const StoredSettings&) const = default;
};

// What is to be changed: absent is what stays as it is.
struct SettingsChange {
  std::optional<std::size_t> tags_per_user{};
  std::optional<std::size_t> operations_per_batch{};
  std::optional<History> history{};
  std::optional<Tokens> tokens{};
};

// One setting by its name, the same in the file, in messages and in the command: tags_per_user,
// operations_per_batch, history_keep_all (0 or 1), history_min_changes, history_min_age_s (seconds),
// tokens_max_count, tokens_max_age_s (seconds).
struct NamedSetting {
  std::string_view name;
  std::int64_t value = 0;

  bool operator==(const NamedSetting&) const = default;
};

// All settings, in the order above. Throws std::bad_alloc.
std::vector<NamedSetting> named(const Settings& settings);

// Sets the one with this name. Error: invalid_argument, where there is none of this name, or the value is out
// of its range; `settings` is then as it was.
[[nodiscard]] Result<void> set_named(Settings& settings, std::string_view name, std::int64_t value) noexcept;

}   // namespace usertags
