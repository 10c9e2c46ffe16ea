// What goes into calls: settings, options, batches, and lists of writes.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "bindings/c/codes.hpp"
#include "bindings/c/handles.hpp"

namespace usertags::c {

std::optional<std::chrono::steady_clock::time_point> deadline_of(
    const std::optional<std::chrono::milliseconds>& timeout) noexcept {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  if (!timeout) return std::nullopt;
  return std::chrono::steady_clock::now() + std::clamp(*timeout, std::chrono::milliseconds(0), kLongest);
}

ApplyOptions options_of(const usertags_write_options* options) {
  return options != nullptr ? options->options : ApplyOptions();
}

ApplyOptions options_from_now(const usertags_write_options* options) {
  ApplyOptions given = options_of(options);
  if (options != nullptr) given.deadline = deadline_of(options->timeout);
  return given;
}

TagList tags_of(const usertags_tag* tags, std::size_t count) {
  if (count != 0 && tags == nullptr) refuse("tags is NULL");
  TagList list;
  for (const usertags_tag& tag : std::span(tags, count)) {
    list.add(view_of(tag.key, "a tag's key"), view_of(tag.value, "a tag's value"));
  }
  return list;
}

namespace {

template <class Handle>
usertags_error* make(Handle** out, const char* name) noexcept {
  return answered([&]() -> Result<void> {
    given(out, name) = new Handle{};
    return {};
  });
}

// Changes a handle: `change(handle)` may throw.
template <class Handle, class Change>
usertags_error* changed(Handle* handle, const char* name, Change&& change) noexcept {
  return answered([&]() -> Result<void> {
    change(given(handle, name));
    return {};
  });
}

std::optional<std::string> copy_of(const usertags_text* text, const char* name) {
  if (text == nullptr) return std::nullopt;
  return std::string(view_of(*text, name));
}

[[noreturn]] void refuse_option(const char* name, std::int64_t value) {
  refuse("option " + std::string(name) + " cannot be " + std::to_string(value));
}

bool truth_of(std::int64_t value, const char* name) {
  if (value != 0 && value != 1) refuse_option(name, value);
  return value == 1;
}

std::uint64_t amount_of(std::int64_t value, const char* name) {
  if (value < 0) refuse_option(name, value);
  return static_cast<std::uint64_t>(value);
}

Durability durability_of(std::int64_t value) {
  if (value == USERTAGS_DURABILITY_FULL) return Durability::full;
  if (value == USERTAGS_DURABILITY_RELAXED) return Durability::relaxed;
  refuse_option("durability", value);
}

Access access_of(std::int64_t value) {
  if (value == USERTAGS_ACCESS_READ_WRITE) return Access::read_write;
  if (value == USERTAGS_ACCESS_READ_ONLY) return Access::read_only;
  if (value == USERTAGS_ACCESS_EXCLUSIVE) return Access::exclusive;
  refuse_option("access", value);
}

void set_option(Options& options, std::int32_t option, std::int64_t value) {
  Housekeeping& housekeeping = options.housekeeping;
  switch (option) {
    case USERTAGS_OPTION_DURABILITY: options.durability = durability_of(value); return;
    case USERTAGS_OPTION_ACCESS: options.access = access_of(value); return;
    case USERTAGS_OPTION_CREATE_IF_MISSING:
      options.create_if_missing = truth_of(value, "create_if_missing");
      return;
    case USERTAGS_OPTION_ALLOW_NETWORK_FILE_SYSTEM:
      options.allow_network_file_system = truth_of(value, "allow_network_file_system");
      return;
    case USERTAGS_OPTION_SECURE_DELETE: options.secure_delete = truth_of(value, "secure_delete"); return;
    case USERTAGS_OPTION_BACKLOG_USERS:
      housekeeping.backlog_users = amount_of(value, "backlog_users");
      return;
    case USERTAGS_OPTION_CHECKPOINT_WAL_BYTES:
      housekeeping.checkpoint_wal_bytes = amount_of(value, "checkpoint_wal_bytes");
      return;
    case USERTAGS_OPTION_MAX_WAL_BYTES:
      housekeeping.max_wal_bytes = amount_of(value, "max_wal_bytes");
      return;
    case USERTAGS_OPTION_MEMORY_BUDGET: options.memory_budget = amount_of(value, "memory_budget"); return;
    case USERTAGS_OPTION_BUSY_TIMEOUT_MS: options.busy_timeout = std::chrono::milliseconds(value); return;
    case USERTAGS_OPTION_SLOW_COMMIT_MS: options.slow_commit = std::chrono::milliseconds(value); return;
    default: refuse("there is no option " + std::to_string(option));
  }
}

usertags_error* add_write(usertags_writes* writes, const usertags_write_options* options,
                          auto&& write) noexcept {
  return changed(writes, "writes", [&](usertags_writes& list) {
    list.timeouts.reserve(list.timeouts.size() + 1);
    list.writes.emplace_back(write());
    list.timeouts.push_back(options != nullptr ? options->timeout : std::nullopt);
  });
}

}   // namespace

}   // namespace usertags::c

using usertags::c::add_write;
using usertags::c::answered;
using usertags::c::changed;
using usertags::c::copy_of;
using usertags::c::given;
using usertags::c::kAbsent;
using usertags::c::make;
using usertags::c::options_of;
using usertags::c::refuse;
using usertags::c::tags_of;
using usertags::c::view_of;

// --- Settings. ---

usertags_error* usertags_settings_new(usertags_settings** settings) {
  return make(settings, "settings");
}

void usertags_settings_free(usertags_settings* settings) {
  delete settings;
}

usertags_error* usertags_settings_set(usertags_settings* settings, usertags_text name, int64_t value) {
  return answered(
      [&] { return set_named(given(settings, "settings").settings, view_of(name, "name"), value); });
}

usertags_error* usertags_settings_value(const usertags_settings* settings, usertags_text name,
                                        int64_t* value) {
  return answered([&]() -> usertags::Result<void> {
    const std::string_view wanted = view_of(name, "name");
    for (const usertags::NamedSetting& setting : named(given(settings, "settings").settings)) {
      if (setting.name != wanted) continue;
      given(value, "value") = setting.value;
      return {};
    }
    refuse("there is no setting of this name");
  });
}

usertags_text usertags_settings_name(size_t index) {
  usertags_text name = kAbsent;
  usertags_error_free(answered([&]() -> usertags::Result<void> {
    const auto settings = named(usertags::Settings());   // the names are literals
    if (index < settings.size()) name = usertags::c::text_of(settings[index].name);
    return {};
  }));
  return name;
}

uint64_t usertags_settings_version(const usertags_settings* settings) {
  return settings != nullptr ? settings->settings.version : 0;
}

// --- Options of open. ---

usertags_error* usertags_options_new(usertags_options** options) {
  return make(options, "options");
}

void usertags_options_free(usertags_options* options) {
  delete options;
}

usertags_error* usertags_options_set(usertags_options* options, int32_t option, int64_t value) {
  return changed(options, "options",
                 [&](usertags_options& handle) { usertags::c::set_option(handle.options, option, value); });
}

usertags_error* usertags_options_set_settings(usertags_options* options, const usertags_settings* settings) {
  return changed(options, "options", [&](usertags_options& handle) {
    if (settings != nullptr) {
      handle.options.settings = settings->settings;
    } else {
      handle.options.settings.reset();
    }
  });
}

usertags_error* usertags_options_set_log(usertags_options* options, usertags_log log, void* context) {
  return changed(options, "options", [&](usertags_options& handle) {
    if (log == nullptr) {
      handle.options.log = nullptr;
      return;
    }
    handle.options.log = [log, context](usertags::LogLevel level, std::string_view line) {
      log(context, usertags::c::number_of(level), usertags::c::text_of(line));
    };
  });
}

// --- Options of writes. ---

usertags_error* usertags_write_options_new(usertags_write_options** options) {
  return make(options, "options");
}

void usertags_write_options_free(usertags_write_options* options) {
  delete options;
}

usertags_error* usertags_write_options_set_expected_revision(usertags_write_options* options,
                                                             uint64_t revision) {
  return changed(options, "options", [&](auto& handle) { handle.options.expected_revision = revision; });
}

usertags_error* usertags_write_options_set_token(usertags_write_options* options, usertags_text token) {
  return changed(options, "options", [&](auto& handle) { handle.options.token = view_of(token, "token"); });
}

usertags_error* usertags_write_options_set_note(usertags_write_options* options, usertags_text note) {
  return changed(options, "options", [&](auto& handle) { handle.options.note = view_of(note, "note"); });
}

usertags_error* usertags_write_options_set_timeout_ms(usertags_write_options* options, int64_t timeout) {
  return changed(options, "options", [&](auto& handle) { handle.timeout.emplace(timeout); });
}

// --- Batches. ---

usertags_error* usertags_batch_new(usertags_batch** batch) {
  return make(batch, "batch");
}

void usertags_batch_free(usertags_batch* batch) {
  delete batch;
}

usertags_error* usertags_batch_create(usertags_batch* batch, usertags_text key, usertags_text value) {
  return changed(batch, "batch",
                 [&](auto& handle) { handle.batch.create(view_of(key, "key"), view_of(value, "value")); });
}

usertags_error* usertags_batch_update(usertags_batch* batch, usertags_text key, usertags_text value,
                                      const usertags_text* expected_value) {
  return changed(batch, "batch", [&](auto& handle) {
    handle.batch.update(view_of(key, "key"), view_of(value, "value"),
                        {.expected_value = copy_of(expected_value, "expected_value")});
  });
}

usertags_error* usertags_batch_set(usertags_batch* batch, usertags_text key, usertags_text value,
                                   const usertags_text* expected_value) {
  return changed(batch, "batch", [&](auto& handle) {
    handle.batch.set(view_of(key, "key"), view_of(value, "value"),
                     {.expected_value = copy_of(expected_value, "expected_value")});
  });
}

usertags_error* usertags_batch_erase(usertags_batch* batch, usertags_text key, bool must_exist,
                                     const usertags_text* expected_value) {
  return changed(batch, "batch", [&](auto& handle) {
    handle.batch.erase(view_of(key, "key"), {.must_exist = must_exist,
                                             .expected_value = copy_of(expected_value, "expected_value")});
  });
}

void usertags_batch_clear(usertags_batch* batch) {
  if (batch != nullptr) batch->batch.clear();
}

size_t usertags_batch_size(const usertags_batch* batch) {
  return batch != nullptr ? batch->batch.size() : 0;
}

// --- Lists of writes. ---

usertags_error* usertags_writes_new(usertags_writes** writes) {
  return make(writes, "writes");
}

void usertags_writes_free(usertags_writes* writes) {
  delete writes;
}

usertags_error* usertags_writes_add_creation(usertags_writes* writes, usertags_text external_id,
                                             const usertags_tag* tags, size_t tag_count,
                                             const usertags_write_options* options) {
  return add_write(writes, options, [&] {
    return usertags::CreateUser{.external_id = std::string(view_of(external_id, "external_id")),
                                .tags = tags_of(tags, tag_count),
                                .options = options_of(options)};
  });
}

usertags_error* usertags_writes_add_ensured(usertags_writes* writes, usertags_text external_id,
                                            const usertags_tag* tags_if_created, size_t tag_count,
                                            const usertags_write_options* options) {
  return add_write(writes, options, [&] {
    return usertags::EnsureUser{.external_id = std::string(view_of(external_id, "external_id")),
                                .tags_if_created = tags_of(tags_if_created, tag_count),
                                .options = options_of(options)};
  });
}

usertags_error* usertags_writes_add_patch(usertags_writes* writes, usertags_text user,
                                          const usertags_batch* batch,
                                          const usertags_write_options* options) {
  return add_write(writes, options, [&] {
    return usertags::PatchUser{.user = std::string(view_of(user, "user")),
                               .batch = given(batch, "batch").batch,
                               .options = options_of(options)};
  });
}

usertags_error* usertags_writes_add_deletion(usertags_writes* writes, usertags_text user,
                                             const usertags_write_options* options) {
  return add_write(writes, options, [&] {
    return usertags::DeleteUser{.user = std::string(view_of(user, "user")), .options = options_of(options)};
  });
}

void usertags_writes_clear(usertags_writes* writes) {
  if (writes == nullptr) return;
  writes->writes.clear();
  writes->timeouts.clear();
}

size_t usertags_writes_size(const usertags_writes* writes) {
  return writes != nullptr ? writes->writes.size() : 0;
}

// --- Options of questions. ---

usertags_error* usertags_read_options_new(usertags_read_options** options) {
  return make(options, "options");
}

void usertags_read_options_free(usertags_read_options* options) {
  delete options;
}

usertags_error* usertags_read_options_set_limit(usertags_read_options* options, size_t limit) {
  return changed(options, "options", [&](auto& handle) { handle.limit = limit; });
}

usertags_error* usertags_read_options_set_after(usertags_read_options* options, usertags_text cursor) {
  return changed(options, "options", [&](auto& handle) {
    const std::string_view text = view_of(cursor, "cursor");
    if (cursor.data == nullptr) {
      handle.after.reset();
    } else {
      handle.after.emplace(std::string(text));
    }
  });
}

usertags_error* usertags_read_options_set_prefix(usertags_read_options* options, usertags_text prefix) {
  return changed(options, "options", [&](auto& handle) { handle.prefix = view_of(prefix, "prefix"); });
}

usertags_error* usertags_read_options_set_by_users(usertags_read_options* options, bool by_users) {
  return changed(options, "options", [&](auto& handle) { handle.by_users = by_users; });
}

usertags_error* usertags_read_options_set_timeout_ms(usertags_read_options* options, int64_t timeout) {
  return changed(options, "options", [&](auto& handle) { handle.timeout.emplace(timeout); });
}
