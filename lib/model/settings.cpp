#include "model/settings.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace usertags {
namespace model {
namespace {

// Of a member of Settings.
constexpr std::int64_t to_value(std::uint64_t number) noexcept {
  return std::in_range<std::int64_t>(number) ? static_cast<std::int64_t>(number) : -1;
}
constexpr std::int64_t to_value(bool flag) noexcept {
  return flag ? 1 : 0;
}
constexpr std::int64_t to_value(std::chrono::seconds time) noexcept {
  return time.count();
}

// The value may be one of a host, out of every range.
std::string out_of_range(const SettingField& field, const std::string& value) {
  return std::string(field.name) + " is " + value + ", not " + std::to_string(field.least) + " to " +
         std::to_string(field.most);
}

// A setting as a host gave it: numbers may be greater than a value can be.
std::string given(std::uint64_t number) {
  return std::to_string(number);
}
std::string given(const auto& member) {
  return std::to_string(to_value(member));
}

}   // namespace

SettingValues values_of(const Settings& settings) noexcept {
  SettingValues values{};
  auto* next = values.data();
  visit_settings(settings, [&](const SettingField&, const auto& member) { *next++ = to_value(member); });
  return values;
}

Settings settings_of(const SettingValues& values) noexcept {
  Settings settings;
  const auto* next = values.data();
  visit_settings(settings, [&]<class Member>(const SettingField&, Member& member) {
    member = static_cast<Member>(*next++);
  });
  return settings;
}

std::optional<std::string> check_settings(const Settings& settings) {
  std::optional<std::string> problem;
  visit_settings(settings, [&](const SettingField& field, const auto& member) {
    if (!problem && !field.allows(to_value(member))) problem = out_of_range(field, given(member));
  });
  return problem;
}

std::string differences(const Settings& stored, const Settings& asked) {
  const SettingValues values = values_of(stored);
  const auto* next = values.data();
  std::string text;
  visit_settings(asked, [&](const SettingField& field, const auto& member) {
    const std::int64_t have = *next++;
    if (have == to_value(member)) return;
    if (!text.empty()) text += ", ";
    text.append(field.name)
        .append(" is ")
        .append(std::to_string(have))
        .append(", not ")
        .append(given(member));
  });
  return text;
}

}   // namespace model

SettingsChange change_to(const Settings& settings) noexcept {
  const auto& [tags_per_user, operations_per_batch, history, tokens] = settings;
  return {tags_per_user, operations_per_batch, history, tokens};
}

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
