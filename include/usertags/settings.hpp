// Settings belong to the store: they stand in its file, and hold for whoever opens it. Options::settings
// gives them to a new store; UserTagStore::settings() reads them, change_settings() changes them.
//
//   auto settings = store.settings();
//   if (!settings) return report(settings.error());
//   auto changed = store.change_settings({.tags_per_user = 512}, settings->version);
//   if (!changed) return report(changed.error());   // e.g. settings_mismatch: somebody was faster
//
// Plain values: they own all that they hold.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/export.hpp>

namespace usertags {

// How much of the log is kept. A change may be pruned only when it is beyond both bounds: `min_changes` are
// newer, and it is older than `min_age`. Age is lived time: it grows while the store is open for writing, by
// a clock that nobody can set.
struct History {
  bool keep_all = false;                 // prune nothing: the bounds do not count then
  std::uint64_t min_changes = 100'000;   // 0 to 2^63 - 1
  std::chrono::seconds min_age{0};       // 0 or more

  bool operator==(const History&) const = default;
};

// How long idempotency tokens are kept: a token is forgotten when it is beyond either bound. Pruning the log
// has no part in it. Age is lived time, as above.
struct Tokens {
  std::uint64_t max_count = 1'000'000;                    // 1 to 2^63 - 1
  std::chrono::seconds max_age{std::chrono::hours(24)};   // 0 or more

  bool operator==(const Tokens&) const = default;
};

// See docs/semantics.md, "Settings".
struct Settings {
  std::size_t tags_per_user = 256;           // 1 to 65,534; a user that has more may change and shrink
  std::size_t operations_per_batch = 1024;   // 1 to 1,000,000
  History history{};                         // how much of the log is kept
  Tokens tokens{};                           // how long tokens are kept

  bool operator==(const Settings&) const = default;
};

// The settings as a store has them. A new store begins with version 1; each change adds one.
struct StoredSettings : Settings {
  std::uint64_t version = 1;   // of the settings, not of the library

  bool operator==(const StoredSettings&) const = default;
};

// What is to be changed; what is absent stays as it is.
struct SettingsChange {
  // As in Settings.
  std::optional<std::size_t> tags_per_user{};
  std::optional<std::size_t> operations_per_batch{};
  std::optional<History> history{};
  std::optional<Tokens> tokens{};
};

// The change that makes a store's settings these.
USERTAGS_EXPORT SettingsChange change_to(const Settings& settings) noexcept;

// One setting by its name, the same in the file, in messages and in the command: tags_per_user,
// operations_per_batch, history_keep_all (0 or 1), history_min_changes, history_min_age_s (seconds),
// tokens_max_count, tokens_max_age_s (seconds).
struct NamedSetting {
  std::string_view name;    // a literal
  std::int64_t value = 0;   // in the unit that the name says

  bool operator==(const NamedSetting&) const = default;
};

// All settings, in the order above. Throws std::bad_alloc.
USERTAGS_EXPORT std::vector<NamedSetting> named(const Settings& settings);

// Sets the setting of this name. Error: invalid_argument, where there is no such setting, or the value is out
// of its range; then `settings` stays as it was.
[[nodiscard]] USERTAGS_EXPORT Result<void> set_named(Settings& settings, std::string_view name,
                                                     std::int64_t value) noexcept;

}   // namespace usertags
