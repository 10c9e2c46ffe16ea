// The settings of a store, field by field: names, bounds and order in one place, from which the columns of
// the commit record, its checksum, messages and the command follow.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/settings.hpp>

#include "model/record.hpp"

namespace usertags::model {

struct SettingField {
  std::string_view name;   // also the column of table `state`
  std::int64_t least;
  std::int64_t most;

  constexpr bool allows(std::int64_t value) const noexcept { return least <= value && value <= most; }
};

// The list: calls visit(field, member) for each setting, in the order of the columns. A member that is added
// to Settings does not compile before it is named here; at the end of the list, it is a new column of the
// format.
template <class AnySettings, class Visit>
constexpr void visit_settings(AnySettings& settings, Visit visit) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  auto& [tags_per_user, operations_per_batch, history, tokens] = settings;
  auto& [history_keep_all, history_min_changes, history_min_age] = history;
  auto& [tokens_max_count, tokens_max_age] = tokens;
  visit(SettingField{"tags_per_user", 1, Record::kMaxTags}, tags_per_user);
  visit(SettingField{"operations_per_batch", 1, 1'000'000}, operations_per_batch);
  visit(SettingField{"history_keep_all", 0, 1}, history_keep_all);
  visit(SettingField{"history_min_changes", 0, kMost}, history_min_changes);
  visit(SettingField{"history_min_age_s", 0, kMost}, history_min_age);
  visit(SettingField{"tokens_max_count", 1, kMost}, tokens_max_count);
  visit(SettingField{"tokens_max_age_s", 0, kMost}, tokens_max_age);
}

inline constexpr std::size_t kSettingCount = [] {
  std::size_t count = 0;
  const Settings settings;
  visit_settings(settings, [&](const SettingField&, const auto&) { ++count; });
  return count;
}();
inline constexpr std::array<SettingField, kSettingCount> kSettingFields = [] {
  std::array<SettingField, kSettingCount> fields{};
  auto* next = fields.data();
  const Settings settings;
  visit_settings(settings, [&](const SettingField& field, const auto&) { *next++ = field; });
  return fields;
}();

using SettingValues = std::array<std::int64_t, kSettingCount>;
// In the order of the fields; a number that does not fit into 63 bits becomes -1, which no field allows.
SettingValues values_of(const Settings& settings) noexcept;
// Of values that the fields allow.
Settings settings_of(const SettingValues& values) noexcept;

// Why a store cannot have such settings; none where it can. Throws std::bad_alloc.
std::optional<std::string> check_settings(const Settings& settings);

// "tags_per_user is 256, not 100", and so on, of those that differ. Throws std::bad_alloc.
std::string differences(const Settings& stored, const Settings& asked);

}   // namespace usertags::model
