// The calls of a store. What writes answer has its memory before they begin.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "bindings/c/handles.hpp"

namespace usertags::c {

namespace {

std::filesystem::path path_of(usertags_text text, const char* name) {
  return {std::string(view_of(text, name))};
}

const UserTagStore& reading(const usertags_store* store) {
  return given(store, "store").store;
}

UserTagStore& writing(usertags_store* store) {
  return given(store, "store").store;
}

// Hands over what the call answered, where the caller asks for it.
template <class Value>
void hand(Value* out, const Value& value) noexcept {
  if (out != nullptr) *out = value;
}

template <class Answer>
Result<void> error_of(const Result<Answer>& answer) noexcept {
  return answer ? Result<void>() : std::unexpected(answer.error());
}

// For the number that many calls answer.
Result<void> hand_number(const Result<std::uint64_t>& number, std::uint64_t* out) noexcept {
  if (number) hand(out, *number);
  return error_of(number);
}

// A handle of what was answered, made by `make(answer)`.
template <class Handle, class Answer, class Make>
Result<void> hand_handle(Result<Answer>&& answer, Handle** out, Make&& make) {
  if (!answer) return std::unexpected(answer.error());
  *out = new Handle(make(*std::move(answer)));
  return {};
}

usertags_user_page page_of(UserPage&& page) {
  usertags_user_page handle{.users = {}, .next = std::move(page.next), .revision = page.revision};
  handle.users.reserve(page.users.size());
  for (User& user : page.users) handle.users.emplace_back(std::move(user));
  return handle;
}

usertags_change_page page_of(ChangePage&& page) {
  return {.changes = std::move(page.changes),
          .next = std::string(page.next.text()),
          .epoch_changed = page.epoch_changed};
}

usertags_change_page page_of(HistoryPage&& page) {
  usertags_change_page handle{.changes = std::move(page.changes), .next = {}, .floor = page.floor};
  if (page.next) handle.next = page.next->text();
  return handle;
}

usertags_facet_page page_of(KeyPage&& page) {
  usertags_facet_page handle{.facets = {}, .next = std::move(page.next), .revision = page.revision};
  handle.facets.reserve(page.keys.size());
  for (KeyCount& found : page.keys) handle.facets.push_back({std::move(found.key), found.users});
  return handle;
}

usertags_facet_page page_of(ValuePage&& page) {
  usertags_facet_page handle{.facets = {}, .next = std::move(page.next), .revision = page.revision};
  handle.facets.reserve(page.values.size());
  for (ValueCount& found : page.values) handle.facets.push_back({std::move(found.value), found.users});
  return handle;
}

template <class Handle, class Answer>
Result<void> hand_page(Result<Answer>&& answer, Handle** out) {
  return hand_handle(std::move(answer), out, [](Answer&& page) { return page_of(std::move(page)); });
}

PageRequest page_request(const usertags_read_options* options) {
  if (options == nullptr) return {};
  return {.limit = options->limit, .after = options->after, .deadline = deadline_of(options->timeout)};
}

usertags_error* open(const usertags_options* options, usertags_store** store, auto&& open) noexcept {
  return answered([&]() -> Result<void> {
    usertags_store*& out = given(store, "store");
    return hand_handle(open(options != nullptr ? options->options : Options()), &out,
                       [](UserTagStore&& opened) { return usertags_store{std::move(opened)}; });
  });
}

// One write: what it answers is an Applied.
template <class Call>
usertags_error* write(usertags_applied** out, Call&& call) noexcept {
  return answered([&]() -> Result<void> {
    auto handle = out != nullptr ? std::make_unique<usertags_applied>() : nullptr;
    Result<Applied> applied = call();
    if (!applied) return std::unexpected(applied.error());
    if (out == nullptr) return {};
    handle->take(*std::move(applied));
    *out = handle.release();
    return {};
  });
}

// The writes of a call that begins now.
std::span<const Write> begin(usertags_writes& list) noexcept {
  for (std::size_t i = 0; i < list.writes.size(); ++i) {
    std::visit([&](auto& write) { write.options.deadline = deadline_of(list.timeouts[i]); }, list.writes[i]);
  }
  return list.writes;
}

std::unique_ptr<usertags_outcomes> room_for(std::size_t count) {
  auto outcomes = std::make_unique<usertags_outcomes>();
  outcomes->outcomes.reserve(count);
  return outcomes;
}

// Of a store that answers nothing because it is closed.
Result<void> why_nothing(const UserTagStore& store) noexcept {
  return error_of(store.settings());
}

Progress progress_of(usertags_progress progress, void* context) {
  if (progress == nullptr) return {};
  return
      [progress, context](std::uint64_t done, std::uint64_t total) { return progress(context, done, total); };
}

}   // namespace

}   // namespace usertags::c

using usertags::Result;
using namespace usertags::c;   // NOLINT(google-build-using-namespace): this file is its part at the boundary

// --- Opening, closing, settings. ---

usertags_error* usertags_open(usertags_text path, const usertags_options* options, usertags_store** store) {
  return open(options, store, [&](const usertags::Options& given) {
    return usertags::UserTagStore::open(path_of(path, "path"), given);
  });
}

usertags_error* usertags_open_in_memory(const usertags_options* options, usertags_store** store) {
  return open(options, store,
              [](const usertags::Options& given) { return usertags::UserTagStore::open_in_memory(given); });
}

usertags_error* usertags_close(usertags_store* store) {
  return answered([&] { return writing(store).close(); });
}

void usertags_store_free(usertags_store* store) {
  delete store;
}

usertags_error* usertags_get_settings(const usertags_store* store, usertags_settings** settings) {
  return answered([&] {
    usertags_settings*& out = given(settings, "settings");
    return hand_handle(reading(store).settings(), &out,
                       [](const usertags::StoredSettings& stored) { return usertags_settings{stored}; });
  });
}

usertags_error* usertags_change_settings(usertags_store* store, const usertags_settings* settings,
                                         uint64_t expected_version, usertags_settings** now) {
  return answered([&]() -> Result<void> {
    const usertags::SettingsChange change = change_to(given(settings, "settings").settings);
    auto handle = std::make_unique<usertags_settings>();
    const auto changed = writing(store).change_settings(
        change, expected_version != 0 ? std::optional(expected_version) : std::nullopt);
    if (!changed) return std::unexpected(changed.error());
    handle->settings = *changed;
    if (now != nullptr) *now = handle.release();
    return {};
  });
}

// --- Writes. ---

usertags_error* usertags_create_user(usertags_store* store, usertags_text external_id,
                                     const usertags_tag* tags, size_t tag_count,
                                     const usertags_write_options* options, usertags_applied** applied) {
  return write(applied, [&] {
    return writing(store).create_user(view_of(external_id, "external_id"), tags_of(tags, tag_count),
                                      options_from_now(options));
  });
}

usertags_error* usertags_ensure_user(usertags_store* store, usertags_text external_id,
                                     const usertags_tag* tags_if_created, size_t tag_count,
                                     const usertags_write_options* options, usertags_applied** applied) {
  return write(applied, [&] {
    return writing(store).ensure_user(view_of(external_id, "external_id"),
                                      tags_of(tags_if_created, tag_count), options_from_now(options));
  });
}

usertags_error* usertags_apply(usertags_store* store, usertags_text user, const usertags_batch* batch,
                               const usertags_write_options* options, usertags_applied** applied) {
  return write(applied, [&] {
    return writing(store).apply(view_of(user, "user"), given(batch, "batch").batch,
                                options_from_now(options));
  });
}

usertags_error* usertags_delete_user(usertags_store* store, usertags_text user,
                                     const usertags_write_options* options, usertags_applied** applied) {
  return write(applied,
               [&] { return writing(store).delete_user(view_of(user, "user"), options_from_now(options)); });
}

usertags_error* usertags_plan(const usertags_store* store, usertags_text user, const usertags_batch* batch,
                              const usertags_write_options* options, usertags_applied** applied) {
  return write(applied, [&] {
    return reading(store).plan(view_of(user, "user"), given(batch, "batch").batch, options_from_now(options));
  });
}

usertags_error* usertags_apply_each(usertags_store* store, usertags_writes* writes,
                                    usertags_outcomes** outcomes) {
  return answered([&]() -> Result<void> {
    usertags_outcomes*& out = given(outcomes, "outcomes");
    const auto list = begin(given(writes, "writes"));
    auto handle = room_for(list.size());
    auto answers = writing(store).apply_each(list);
    if (answers.size() != list.size()) return std::unexpected(usertags::ErrorCode::out_of_memory);
    for (auto& answer : answers) {
      if (answer) {
        handle->outcomes.emplace_back(*std::move(answer));
      } else {
        handle->outcomes.emplace_back(answer.error());
      }
    }
    out = handle.release();
    return {};
  });
}

usertags_error* usertags_apply_all(usertags_store* store, usertags_writes* writes,
                                   usertags_outcomes** outcomes) {
  return answered([&]() -> Result<void> {
    const auto list = begin(given(writes, "writes"));
    auto handle = room_for(list.size());
    auto applied = writing(store).apply_all(list);
    if (!applied) return std::unexpected(applied.error());
    for (usertags::Applied& one : *applied) handle->outcomes.emplace_back(std::move(one));
    if (outcomes != nullptr) *outcomes = handle.release();
    return {};
  });
}

// --- Questions. ---

usertags_error* usertags_find(const usertags_store* store, usertags_text user, usertags_user** found) {
  return answered([&] {
    usertags_user*& out = given(found, "found");
    return hand_handle(reading(store).find(view_of(user, "user")), &out,
                       [](usertags::User&& one) { return usertags_user(std::move(one)); });
  });
}

usertags_error* usertags_list(const usertags_store* store, const usertags_read_options* options,
                              usertags_user_page** page) {
  return answered(
      [&] { return hand_page(reading(store).list(page_request(options)), &given(page, "page")); });
}

usertags_error* usertags_select(const usertags_store* store, usertags_text selector,
                                const usertags_read_options* options, usertags_user_page** page) {
  return answered([&]() -> Result<void> {
    const auto parsed = usertags::Selector::parse(view_of(selector, "selector"));
    if (!parsed) return std::unexpected(parsed.error());
    return hand_page(reading(store).select(*parsed, page_request(options)), &given(page, "page"));
  });
}

usertags_error* usertags_count(const usertags_store* store, usertags_text selector,
                               const usertags_read_options* options, uint64_t* count, uint64_t* revision) {
  return answered([&]() -> Result<void> {
    uint64_t& out = given(count, "count");
    const auto parsed = usertags::Selector::parse(view_of(selector, "selector"));
    if (!parsed) return std::unexpected(parsed.error());
    const auto counted =
        reading(store).count(*parsed, {.deadline = deadline_of(options ? options->timeout : std::nullopt)});
    if (!counted) return std::unexpected(counted.error());
    out = counted->count;
    hand(revision, counted->revision);
    return {};
  });
}

usertags_error* usertags_tag_keys(const usertags_store* store, const usertags_read_options* options,
                                  usertags_facet_page** page) {
  return answered([&] {
    usertags::KeyRequest request;
    if (options != nullptr) request = {options->prefix, options->limit, options->after};
    return hand_page(reading(store).tag_keys(request), &given(page, "page"));
  });
}

usertags_error* usertags_tag_values(const usertags_store* store, usertags_text key,
                                    const usertags_read_options* options, usertags_facet_page** page) {
  return answered([&] {
    usertags::ValueRequest request;
    if (options != nullptr) {
      request = {options->prefix, options->limit, options->after,
                 options->by_users ? usertags::ValueOrder::by_users : usertags::ValueOrder::by_value};
    }
    return hand_page(reading(store).tag_values(view_of(key, "key"), request), &given(page, "page"));
  });
}

// --- Changes. ---

usertags_error* usertags_revision(const usertags_store* store, uint64_t* revision) {
  return answered([&] {
    given(revision, "revision") = reading(store).revision();
    return *revision != 0 ? Result<void>() : why_nothing(reading(store));
  });
}

usertags_error* usertags_get_position(const usertags_store* store, usertags_position* position) {
  return answered([&]() -> Result<void> {
    usertags_position& out = given(position, "position");
    const usertags::Position now = reading(store).position();
    if (now == usertags::Position()) return why_nothing(reading(store));   // that is of no store
    const usertags::PositionText text = now.text();
    static_assert(usertags::PositionText::kCharacters < sizeof(out.text));
    out = {};
    std::ranges::copy(text.view(), out.text);
    return {};
  });
}

namespace {

Result<usertags::Position> parsed(usertags_text position) {
  const std::string_view text = view_of(position, "position");
  return text.empty() ? usertags::Position() : usertags::Position::parse(text);
}

}   // namespace

usertags_error* usertags_position_parse(usertags_text position, uint64_t* revision, uint64_t* epoch) {
  return answered([&] {
    const auto place = parsed(position);
    if (place) {
      hand(revision, place->revision());
      hand(epoch, place->epoch());
    }
    return error_of(place);
  });
}

usertags_error* usertags_changes(const usertags_store* store, usertags_text after, size_t limit,
                                 usertags_change_page** page) {
  return answered([&]() -> Result<void> {
    const auto place = parsed(after);
    if (!place) return std::unexpected(place.error());
    return hand_page(reading(store).changes(*place, limit), &given(page, "page"));
  });
}

usertags_error* usertags_wait_for_changes(const usertags_store* store, usertags_text after,
                                          int64_t timeout_ms, uint64_t* revision) {
  return answered([&]() -> Result<void> {
    const auto place = parsed(after);
    if (!place) return std::unexpected(place.error());
    return hand_number(reading(store).wait_for_changes(*place, std::chrono::milliseconds(timeout_ms)),
                       revision);
  });
}

usertags_error* usertags_history(const usertags_store* store, usertags_text user,
                                 const usertags_read_options* options, usertags_change_page** page) {
  return answered([&] {
    return hand_page(reading(store).history(view_of(user, "user"), page_request(options)),
                     &given(page, "page"));
  });
}

usertags_error* usertags_refresh(usertags_store* store, uint64_t* revision) {
  return answered([&] { return hand_number(writing(store).refresh(), revision); });
}

usertags_error* usertags_read_at_least(usertags_store* store, uint64_t at_least, int64_t timeout_ms,
                                       uint64_t* revision) {
  return answered([&] {
    return hand_number(writing(store).read_at_least(at_least, std::chrono::milliseconds(timeout_ms)),
                       revision);
  });
}

// --- Care. ---

usertags_error* usertags_verify(const usertags_store* store, usertags_report** report) {
  return answered([&] {
    usertags_report*& out = given(report, "report");
    return hand_handle(reading(store).verify(), &out,
                       [](usertags::VerifyReport&& made) { return usertags_report{std::move(made)}; });
  });
}

usertags_error* usertags_backup(const usertags_store* store, usertags_text target, usertags_progress progress,
                                void* context) {
  return answered(
      [&] { return reading(store).backup(path_of(target, "target"), progress_of(progress, context)); });
}

usertags_error* usertags_maintain(usertags_store* store, int64_t budget_ms) {
  return answered([&] { return writing(store).maintain(std::chrono::milliseconds(budget_ms)); });
}

usertags_error* usertags_get_metrics(const usertags_store* store, usertags_metrics** metrics) {
  return answered([&] {
    usertags_metrics*& out = given(metrics, "metrics");
    return hand_handle(reading(store).metrics_text(), &out,
                       [](std::string&& text) { return usertags_metrics{std::move(text)}; });
  });
}
