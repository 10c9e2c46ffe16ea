// What comes out of calls: users, outcomes, pages, changes, and reports. Accessors take NULL and any index.
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "bindings/c/codes.hpp"
#include "bindings/c/handles.hpp"

namespace usertags::c {

namespace {

template <class List>
auto* at(List& list, std::size_t index) noexcept {
  return index < list.size() ? &list[index] : nullptr;
}

usertags_text cursor_of(const std::optional<Cursor>& cursor) noexcept {
  return cursor ? text_of(std::string_view(cursor->text())) : kAbsent;
}

const Change* change_of(const usertags_change* change) noexcept {
  return reinterpret_cast<const Change*>(change);
}

usertags_tag tag_of(const Tag& tag) noexcept {
  return {text_of(tag.key), text_of(tag.value)};
}

std::vector<usertags_tag> all_tags_of(const User& user) {
  std::vector<usertags_tag> tags;
  tags.reserve(user.tags().size());
  for (const Tag tag : user.tags()) tags.push_back(tag_of(tag));
  return tags;
}

const VerifyReport::Problem* problem_of(const usertags_report* report, std::size_t index) noexcept {
  return report != nullptr ? at(report->report.problems, index) : nullptr;
}

}   // namespace

}   // namespace usertags::c

using usertags::c::at;
using usertags::c::change_of;
using usertags::c::cursor_of;
using usertags::c::kAbsent;
using usertags::c::number_of;
using usertags::c::problem_of;
using usertags::c::text_of;

usertags_text usertags_version(void) {
  return text_of(usertags::version());   // a literal
}

// --- Users. ---

void usertags_user_free(usertags_user* user) {
  delete user;
}

usertags_text usertags_user_id(const usertags_user* user) {
  return user != nullptr ? text_of(user->id.view()) : kAbsent;
}

usertags_text usertags_user_external_id(const usertags_user* user) {
  return user != nullptr ? text_of(user->user.external_id()) : kAbsent;
}

uint64_t usertags_user_revision(const usertags_user* user) {
  return user != nullptr ? user->user.revision() : 0;
}

size_t usertags_user_tag_count(const usertags_user* user) {
  return user != nullptr ? user->user.tags().size() : 0;
}

usertags_tag usertags_user_tag(const usertags_user* user, size_t index) {
  if (index >= usertags_user_tag_count(user)) return {kAbsent, kAbsent};
  const auto* tags = user->tags.get([&] { return usertags::c::all_tags_of(user->user); });
  if (tags != nullptr) return (*tags)[index];
  auto tag = user->user.tags().begin();   // no memory for all of them: walked to
  for (size_t behind = 0; behind < index; ++behind) ++tag;
  return usertags::c::tag_of(*tag);
}

usertags_text usertags_user_value(const usertags_user* user, usertags_text key) {
  if (user == nullptr || key.data == nullptr) return kAbsent;
  const auto value = user->user.tag(std::string_view(key.data, key.size));
  return value ? text_of(value->view()) : kAbsent;
}

// --- What writes answer. ---

void usertags_applied_free(usertags_applied* applied) {
  delete applied;
}

const usertags_user* usertags_applied_user(const usertags_applied* applied) {
  return applied != nullptr && applied->user ? &*applied->user : nullptr;
}

uint64_t usertags_applied_revision(const usertags_applied* applied) {
  return applied != nullptr ? applied->revision : 0;
}

bool usertags_applied_changed(const usertags_applied* applied) {
  return applied != nullptr && applied->changed;
}

bool usertags_applied_replayed(const usertags_applied* applied) {
  return applied != nullptr && applied->replayed;
}

void usertags_outcomes_free(usertags_outcomes* outcomes) {
  delete outcomes;
}

size_t usertags_outcomes_size(const usertags_outcomes* outcomes) {
  return outcomes != nullptr ? outcomes->outcomes.size() : 0;
}

const usertags_error* usertags_outcomes_error(const usertags_outcomes* outcomes, size_t index) {
  const auto* outcome = outcomes != nullptr ? at(outcomes->outcomes, index) : nullptr;
  return outcome != nullptr && outcome->error ? &*outcome->error : nullptr;
}

const usertags_applied* usertags_outcomes_applied(const usertags_outcomes* outcomes, size_t index) {
  const auto* outcome = outcomes != nullptr ? at(outcomes->outcomes, index) : nullptr;
  return outcome != nullptr && outcome->applied ? &*outcome->applied : nullptr;
}

// --- Pages. ---

void usertags_user_page_free(usertags_user_page* page) {
  delete page;
}

size_t usertags_user_page_size(const usertags_user_page* page) {
  return page != nullptr ? page->users.size() : 0;
}

const usertags_user* usertags_user_page_at(const usertags_user_page* page, size_t index) {
  return page != nullptr ? at(page->users, index) : nullptr;
}

usertags_text usertags_user_page_next(const usertags_user_page* page) {
  return page != nullptr ? cursor_of(page->next) : kAbsent;
}

uint64_t usertags_user_page_revision(const usertags_user_page* page) {
  return page != nullptr ? page->revision : 0;
}

void usertags_facet_page_free(usertags_facet_page* page) {
  delete page;
}

size_t usertags_facet_page_size(const usertags_facet_page* page) {
  return page != nullptr ? page->facets.size() : 0;
}

usertags_text usertags_facet_page_text(const usertags_facet_page* page, size_t index) {
  const auto* facet = page != nullptr ? at(page->facets, index) : nullptr;
  return facet != nullptr ? text_of(std::string_view(facet->text)) : kAbsent;
}

uint64_t usertags_facet_page_users(const usertags_facet_page* page, size_t index) {
  const auto* facet = page != nullptr ? at(page->facets, index) : nullptr;
  return facet != nullptr ? facet->users : 0;
}

usertags_text usertags_facet_page_next(const usertags_facet_page* page) {
  return page != nullptr ? cursor_of(page->next) : kAbsent;
}

uint64_t usertags_facet_page_revision(const usertags_facet_page* page) {
  return page != nullptr ? page->revision : 0;
}

void usertags_change_page_free(usertags_change_page* page) {
  delete page;
}

size_t usertags_change_page_size(const usertags_change_page* page) {
  return page != nullptr ? page->changes.size() : 0;
}

const usertags_change* usertags_change_page_at(const usertags_change_page* page, size_t index) {
  return reinterpret_cast<const usertags_change*>(page != nullptr ? at(page->changes, index) : nullptr);
}

usertags_text usertags_change_page_next(const usertags_change_page* page) {
  return page != nullptr ? text_of(page->next) : kAbsent;
}

bool usertags_change_page_epoch_changed(const usertags_change_page* page) {
  return page != nullptr && page->epoch_changed;
}

uint64_t usertags_change_page_floor(const usertags_change_page* page) {
  return page != nullptr ? page->floor : 0;
}

// --- Changes. ---

uint64_t usertags_change_revision(const usertags_change* change) {
  return change != nullptr ? change_of(change)->revision : 0;
}

uint64_t usertags_change_transaction(const usertags_change* change) {
  return change != nullptr ? change_of(change)->transaction : 0;
}

int64_t usertags_change_at_ms(const usertags_change* change) {
  return change != nullptr ? change_of(change)->at.time_since_epoch().count() : 0;
}

int32_t usertags_change_kind(const usertags_change* change) {
  return change != nullptr ? number_of(change_of(change)->kind) : 0;
}

usertags_text usertags_change_user_id(const usertags_change* change) {
  return change != nullptr ? text_of(std::string_view(change_of(change)->user_id)) : kAbsent;
}

usertags_text usertags_change_external_id(const usertags_change* change) {
  return change != nullptr ? text_of(std::string_view(change_of(change)->external_id)) : kAbsent;
}

usertags_text usertags_change_note(const usertags_change* change) {
  return change != nullptr ? text_of(std::string_view(change_of(change)->note)) : kAbsent;
}

bool usertags_change_before_known(const usertags_change* change) {
  return change != nullptr && change_of(change)->before_known;
}

size_t usertags_change_tag_count(const usertags_change* change) {
  return change != nullptr ? change_of(change)->tags.size() : 0;
}

usertags_tag_change usertags_change_tag(const usertags_change* change, size_t index) {
  if (index >= usertags_change_tag_count(change)) return {kAbsent, kAbsent, kAbsent};
  const usertags::TagChange& tag = change_of(change)->tags[index];
  return {text_of(std::string_view(tag.key)), text_of(tag.value), text_of(tag.before)};
}

// --- Reports. ---

void usertags_report_free(usertags_report* report) {
  delete report;
}

uint64_t usertags_report_revision(const usertags_report* report) {
  return report != nullptr ? report->report.revision : 0;
}

uint64_t usertags_report_users(const usertags_report* report) {
  return report != nullptr ? report->report.users : 0;
}

uint64_t usertags_report_changes(const usertags_report* report) {
  return report != nullptr ? report->report.changes : 0;
}

uint64_t usertags_report_tokens(const usertags_report* report) {
  return report != nullptr ? report->report.tokens : 0;
}

usertags_text usertags_report_digest(const usertags_report* report) {
  return report != nullptr ? text_of(std::string_view(report->report.digest)) : kAbsent;
}

size_t usertags_report_problem_count(const usertags_report* report) {
  return report != nullptr ? report->report.problems.size() : 0;
}

int32_t usertags_report_problem_kind(const usertags_report* report, size_t index) {
  const auto* problem = problem_of(report, index);
  return problem != nullptr ? number_of(problem->kind) : 0;
}

usertags_text usertags_report_problem_user(const usertags_report* report, size_t index) {
  const auto* problem = problem_of(report, index);
  return problem != nullptr ? text_of(std::string_view(problem->user_id)) : kAbsent;
}

usertags_text usertags_report_problem_what(const usertags_report* report, size_t index) {
  const auto* problem = problem_of(report, index);
  return problem != nullptr ? text_of(std::string_view(problem->what)) : kAbsent;
}

void usertags_metrics_free(usertags_metrics* metrics) {
  delete metrics;
}

usertags_text usertags_metrics_text(const usertags_metrics* metrics) {
  return metrics != nullptr ? text_of(std::string_view(metrics->text)) : kAbsent;
}
