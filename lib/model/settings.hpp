// The settings of a store, field by field: names, bounds and order in one place, from which the commit
// record, its checksum, messages and the command follow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/settings.hpp>

namespace usertags::model {

inline constexpr std::size_t kSettingCount = 7;
using SettingValues = std::array<std::int64_t, kSettingCount>;

struct SettingField {
  std::string_view name;   // also the column of table `state`
  std::int64_t least;
  std::int64_t most;

  constexpr bool allows(std::int64_t value) const noexcept { return least <= value && value <= most; }
};

extern const std::array<SettingField, kSettingCount> kSettingFields;

// In the order of the fields; a number that does not fit into 63 bits becomes -1, which no field allows.
SettingValues values_of(const Settings& settings) noexcept;
// Of values that the fields allow.
Settings settings_of(const SettingValues& values) noexcept;

// Why a store cannot have such settings; none where it can. Throws std::bad_alloc.
std::optional<std::string> check_settings(const Settings& settings);

// "tags_per_user is 256, not 100", and so on, of those that differ. Throws std::bad_alloc.
std::string differences(const Settings& stored, const Settings& asked);

}   // namespace usertags::model
