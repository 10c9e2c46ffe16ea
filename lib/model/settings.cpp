#include "model/settings.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "model/record.hpp"

namespace usertags {
namespace model {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

constexpr std::int64_t to_value(std::uint64_t number) noexcept {
  return std::in_range<std::int64_t>(number) ? static_cast<std::int64_t>(number) : -1;
}

// The value may be one of a host, out of every range.
std::string out_of_range(const SettingField& field, const std::string& value) {
  return std::string(field.name) + " is " + value + ", not " + std::to_string(field.least) + " to " +
         std::to_string(field.most);
}

// The numbers that a host gives as unsigned ones, as they were given.
std::string given(const Settings& settings, std::size_t field) {
  switch (field) {
    case 0: return std::to_string(settings.tags_per_user);
    case 1: return std::to_string(settings.operations_per_batch);
    case 3: return std::to_string(settings.history.min_changes);
    case 5: return std::to_string(settings.tokens.max_count);
    default: return std::to_string(values_of(settings)[field]);
  }
}

}   // namespace

constexpr std::array<SettingField, kSettingCount> kSettingFields = {{
    {"tags_per_user", 1, Record::kMaxTags},
    {"operations_per_batch", 1, 1'000'000},
    {"history_keep_all", 0, 1},
    {"history_min_changes", 0, kMost},
    {"history_min_age_s", 0, kMost},
    {"tokens_max_count", 1, kMost},
    {"tokens_max_age_s", 0, kMost},
}};

SettingValues values_of(const Settings& settings) noexcept {
  return {to_value(settings.tags_per_user),  to_value(settings.operations_per_batch),
          settings.history.keep_all ? 1 : 0, to_value(settings.history.min_changes),
          settings.history.min_age.count(),  to_value(settings.tokens.max_count),
          settings.tokens.max_age.count()};
}

Settings settings_of(const SettingValues& values) noexcept {
  return {.tags_per_user = static_cast<std::size_t>(values[0]),
          .operations_per_batch = static_cast<std::size_t>(values[1]),
          .history = {.keep_all = values[2] != 0,
                      .min_changes = static_cast<std::uint64_t>(values[3]),
                      .min_age = std::chrono::seconds(values[4])},
          .tokens = {.max_count = static_cast<std::uint64_t>(values[5]),
                     .max_age = std::chrono::seconds(values[6])}};
}

std::optional<std::string> check_settings(const Settings& settings) {
  const SettingValues values = values_of(settings);
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    if (!kSettingFields[i].allows(values[i])) return out_of_range(kSettingFields[i], given(settings, i));
  }
  return std::nullopt;
}

std::string differences(const Settings& stored, const Settings& asked) {
  const SettingValues have = values_of(stored);
  const SettingValues want = values_of(asked);
  std::string text;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    if (have[i] == want[i]) continue;
    if (!text.empty()) text += ", ";
    text +=
        std::string(kSettingFields[i].name) + " is " + std::to_string(have[i]) + ", not " + given(asked, i);
  }
  return text;
}

}   // namespace model

std::vector<NamedSetting> named(const Settings& settings) {
  const model::SettingValues values = model::values_of(settings);
  std::vector<NamedSetting> all;
  all.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) all.push_back({model::kSettingFields[i].name, values[i]});
  return all;
}

Result<void> set_named(Settings& settings, std::string_view name, std::int64_t value) noexcept {
  try {
    const auto field = std::ranges::find(model::kSettingFields, name, &model::SettingField::name);
    if (field == model::kSettingFields.end()) {
      return std::unexpected(
          Error(ErrorCode::invalid_argument, "there is no setting '" + std::string(name) + '\''));
    }
    if (!field->allows(value)) {
      return std::unexpected(
          Error(ErrorCode::invalid_argument, model::out_of_range(*field, std::to_string(value))));
    }
    model::SettingValues values = model::values_of(settings);
    values[static_cast<std::size_t>(field - model::kSettingFields.begin())] = value;
    settings = model::settings_of(values);
    return {};
  } catch (const std::bad_alloc&) {
    return std::unexpected(ErrorCode::out_of_memory);
  }
}

}   // namespace usertags
