#include "support/checked_store.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>

#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/describe.hpp"
#include "support/expect_equal.hpp"
#include "support/reference_rules.hpp"
#include "support/selector_oracle.hpp"
#include "support/settings.hpp"

namespace usertags::test {
namespace {

std::string words(const UserRef& ref) {
  return in_quotes(ref.text());
}

std::filesystem::path beside(const std::filesystem::path& path, const char* suffix) {
  return path.string() + suffix;
}

}   // namespace

CheckedStore::CheckedStore(std::filesystem::path path, const Options& options)
    : path_(std::move(path)), options_(options) {
  open();
}

CheckedStore::CheckedStore(const Options& options) : options_(options) {
  store_.emplace(must(UserTagStore::open_in_memory(options_), "open_in_memory"));
  learn_settings();
}

// --- Writes. ---

Result<Applied> CheckedStore::create_user(std::string_view external_id, const TagList& tags,
                                          const ApplyOptions& options) {
  auto answer = store_->create_user(external_id, tags, options);
  const std::string what = "create_user " + in_quotes(external_id) + " " + describe(tags) + describe(options);
  judge(what, reference_.create_user(external_id, tags, options), answer);
  judge_tokens();
  return answer;
}

Result<Applied> CheckedStore::apply(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options) {
  auto answer = store_->apply(ref, batch, options);
  const std::string what = "apply to " + words(ref) + " " + describe(batch) + describe(options);
  judge(what, reference_.apply(ref, batch, options), answer);
  judge_tokens();
  return answer;
}

Result<Applied> CheckedStore::ensure_user(std::string_view external_id, const TagList& tags,
                                          const ApplyOptions& options) {
  auto answer = store_->ensure_user(external_id, tags, options);
  const std::string what = "ensure_user " + in_quotes(external_id) + " " + describe(tags) + describe(options);
  judge(what, reference_.ensure_user(external_id, tags, options), answer);
  judge_tokens();
  return answer;
}

Result<Applied> CheckedStore::modify(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options) {
  const auto decide = [&](std::uint64_t revision) {
    return revision % 3 == 0 ? std::nullopt : std::optional(batch);
  };
  auto answer = store_->modify(
      ref,
      [&](const User& user) {
        const ReferenceUser* meant = reference_.find(ref);
        expect(meant != nullptr, "whom modify asks about", "nobody", describe(user));
        expect_shows("the user to decide on", user, *meant, reference_.id(meant->ordinal));
        return decide(user.revision());
      },
      options);
  const std::string what = "modify " + words(ref) + " by " + describe(batch) + describe(options);
  const auto verdict =
      reference_.modify(ref, [&](const ReferenceUser& user) { return decide(user.revision); }, options);
  judge(what, verdict, answer);
  judge_tokens();
  return answer;
}

void CheckedStore::write_where(const Selector& selector, const std::optional<TagBatch>& batch, bool decides,
                               const WhereOptions& options) {
  const auto decide = [&](std::uint64_t revision) {
    return decides && revision % 3 == 0 ? std::nullopt : batch;
  };
  std::vector<std::string> asked;
  const WhereOutcome outcome = !batch     ? store_->delete_where(selector, options)
                               : !decides ? store_->apply_where(selector, *batch, options)
                                          : store_->modify_where(
                                                selector,
                                                [&](const User& user) {
                                                  asked.push_back(user.id());
                                                  return decide(user.revision());
                                                },
                                                options);
  const std::string what =
      "a write to all of '" + selector.text() + "' " + (batch ? describe(*batch) : "gone");

  WhereOutcome meant;
  std::vector<std::string> to_ask;
  std::vector<std::size_t> users;
  for (const auto& [ordinal, user] : reference_.users()) {
    if (!selector.error() && selects(selector, user.tags)) users.push_back(ordinal);
  }
  if (selector.error()) {
    meant.stopped = ErrorCode::invalid_selector;
  } else if ((selector.text().empty() && !options.everybody) || !is_note(options.note) ||
             (options.at_most && users.size() > *options.at_most)) {
    meant.stopped = ErrorCode::invalid_argument;
    users.clear();
  }
  for (const std::size_t ordinal : users) {
    const ReferenceUser user = reference_.users().at(ordinal);
    const std::string id = reference_.id(ordinal);
    const auto decided = decide(user.revision);
    if (decides && batch) to_ask.push_back(id);
    Verdict verdict;
    if (batch && decided) {
      verdict = options.dry_run ? reference_.plan(id, *decided, {})
                                : reference_.apply(id, *decided, {.note = options.note});
    } else if (!batch) {
      if (!options.dry_run) reference_.delete_user(id, {.note = options.note});
      verdict.changed = true;
    }
    ++meant.matched;
    ++(verdict.error ? meant.refused : verdict.changed ? meant.changed : meant.unchanged);
    if (!verdict.error || !decided) continue;
    const Refusal& told = outcome.refusals.at(meant.refused - 1);
    expect(told.user_id == id && told.external_id == user.external_id, what, id, told.user_id);
    judge_error(what, verdict, std::unexpected(told.error));
  }
  const auto words = [](const WhereOutcome& all) {
    return std::to_string(all.matched) + " matched, " + std::to_string(all.changed) + " changed, " +
           std::to_string(all.unchanged) + " unchanged, " + std::to_string(all.refused) + " refused, " +
           (all.stopped ? std::string(to_string(all.stopped->code())) : "whole");
  };
  expect(words(meant) == words(outcome), what, words(meant), words(outcome));
  expect(asked == to_ask, what, std::to_string(to_ask.size()) + " users asked about", "others");
  expect(!outcome.next, what, "no place to go on from", "one");
  expect_number("revision after a write to all of a selector", reference_.revision(), store_->revision());
  judge_tokens();
}

Result<Applied> CheckedStore::delete_user(const UserRef& ref, const ApplyOptions& options) {
  auto answer = store_->delete_user(ref, options);
  judge("delete_user " + words(ref) + describe(options), reference_.delete_user(ref, options), answer);
  judge_tokens();
  return answer;
}

Result<Applied> CheckedStore::write(const Write& write) {
  if (const auto* create = std::get_if<CreateUser>(&write)) {
    return create_user(create->external_id, create->tags, create->options);
  }
  if (const auto* patch = std::get_if<PatchUser>(&write)) {
    return apply(patch->user, patch->batch, patch->options);
  }
  if (const auto* ensure = std::get_if<EnsureUser>(&write)) {
    return ensure_user(ensure->external_id, ensure->tags_if_created, ensure->options);
  }
  const auto& deletion = std::get<DeleteUser>(write);
  return delete_user(deletion.user, deletion.options);
}

std::vector<Result<Applied>> CheckedStore::apply_each(std::span<const Write> writes) {
  auto answers = store_->apply_each(writes);
  judge_each("apply_each", writes, answers);
  return answers;
}

std::vector<Result<Applied>> CheckedStore::submit_each(std::span<const Write> writes) {
  auto answers = test::submit_each(*store_, writes);
  judge_each("submit", writes, answers);
  return answers;
}

void CheckedStore::judge_each(std::string_view call, std::span<const Write> writes,
                              std::span<const Result<Applied>> answers) {
  const std::string name(call);
  expect_number("answers of " + name, writes.size(), answers.size());
  for (std::size_t index = 0; index < writes.size(); ++index) {
    const std::string what = name + ", item " + std::to_string(index) + ": " + describe(writes[index]);
    judge(what, reference_.write(writes[index], index), answers[index]);
  }
  expect_number("revision after " + name, reference_.revision(), store_->revision());
  judge_tokens();
}

Result<std::vector<Applied>> CheckedStore::apply_all(std::span<const Write> writes) {
  auto answer = store_->apply_all(writes);
  const std::vector<Verdict> verdicts = reference_.apply_all(writes);
  std::string what = "apply_all";
  for (const Write& write : writes) what += "\n    " + describe(write);
  if (!answer || (!verdicts.empty() && verdicts.front().error)) {
    expect(!answer && !verdicts.empty(), what, verdicts.empty() ? "nothing" : describe(verdicts.front()),
           answer ? "applied" : told(answer));
    judge_error(what, verdicts.front(), std::unexpected(answer.error()));
  } else {
    expect_number("answers of apply_all", writes.size(), answer->size());
    for (std::size_t item = 0; item < writes.size(); ++item) {
      judge(what + ", item " + std::to_string(item), verdicts[item], (*answer)[item]);
    }
  }
  expect_number("revision after apply_all", reference_.revision(), store_->revision());
  judge_tokens();
  return answer;
}

Result<Applied> CheckedStore::plan(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options) {
  auto answer = store_->plan(ref, batch, options);
  const std::string what = "plan for " + words(ref) + " " + describe(batch) + describe(options);
  judge(what, reference_.plan(ref, batch, options), answer);
  expect_number("revision after plan", reference_.revision(), store_->revision());
  return answer;
}

void CheckedStore::write_late(Write write) {
  std::visit([](auto& one) { one.options.deadline = std::chrono::steady_clock::time_point(); }, write);
  const std::vector<Result<Applied>> answers = store_->apply_each(std::span(&write, 1));
  expect(answers.size() == 1 && code_of(answers.front()) == ErrorCode::timeout,
         "too late: " + describe(write), "timeout", answers.empty() ? "nothing" : told(answers.front()));
  expect_number("revision after a write that came too late", reference_.revision(), store_->revision());
}

void CheckedStore::judge(const std::string& what, const Verdict& verdict, const Result<Applied>& answer) {
  if (verdict.error || !answer) return judge_error(what, verdict, answer);
  const bool is_new = verdict.user && verdict.user->ordinal == reference_.ids().size();
  const bool agrees = verdict.revision == answer->revision && verdict.changed == answer->changed &&
                      verdict.replayed == answer->replayed &&
                      verdict.user.has_value() == answer->user.has_value();
  expect(agrees, what, describe(verdict), describe(answer));
  if (!verdict.user) return;
  if (is_new) judge_new_id(what, verdict, *answer->user);
  expect_shows(what, *answer->user, *verdict.user, reference_.id(verdict.user->ordinal));
  remember(*answer->user, *verdict.user);
}

void CheckedStore::judge_error(const std::string& what, const Verdict& verdict,
                               const Result<Applied>& answer) {
  expect(verdict.error.has_value() && !answer, what, describe(verdict), describe(answer));
  const Error& error = answer.error();
  const std::string existing_id = verdict.existing ? reference_.id(*verdict.existing) : std::string();
  const bool agrees = verdict.error == error.code() && verdict.item == error.item() &&
                      existing_id == error.existing_id() &&
                      verdict.current_revision == error.current_revision() &&
                      std::ranges::equal(verdict.violations, error.violations());
  expect(agrees, what, describe(verdict) + " existing_id=" + existing_id,
         describe(answer) + " existing_id=" + std::string(error.existing_id()));
  const std::string message = error.message();
  const bool is_one_line =
      !message.empty() && message.back() != '.' && message.find('\n') == std::string::npos;
  expect(is_one_line, what, "a message of one line without a full stop", in_quotes(message));
}

// Which tokens are forgotten is the engine's choice, among those that may be.
void CheckedStore::judge_tokens() {
  const std::size_t kept = store_->stats().tokens;
  const std::size_t to_keep =
      std::min<std::uint64_t>(reference_.tokens(), options_.settings->tokens.max_count);
  expect(kept >= to_keep && kept <= reference_.tokens(), "stats().tokens",
         std::to_string(to_keep) + " to " + std::to_string(reference_.tokens()), std::to_string(kept));
  reference_.forget_tokens_but(kept);
}

void CheckedStore::judge_new_id(const std::string& what, const Verdict& verdict, const User& user) {
  const UserId id = user.id();
  expect(has_form_of_id(id), what, "an id", std::string(id));
  if (verdict.user->ordinal != 0) {
    const std::string& last = reference_.id(verdict.user->ordinal - 1);
    expect(id > last, what, "an id above " + last, std::string(id));
  }
  reference_.learn_id(id);
}

// --- Care. ---

void CheckedStore::maintain() {
  must(store_->maintain(std::chrono::minutes(1)), "maintain");
  judge_tokens();
}

void CheckedStore::change_settings(const Settings& settings) {
  const std::uint64_t version = must(store_->settings(), "settings").version;
  const bool equal = options_.settings == settings;
  const StoredSettings stored =
      must(store_->change_settings(change_to(settings), version), "change_settings");
  expect_number("version of the settings", equal ? version : version + 1, stored.version);
  learn_settings();
  expect(options_.settings == settings, "settings after change_settings", "those given", "others");
  known_floor_ = store_->stats().log_floor;
}

void CheckedStore::change_settings_of_another_version(const Settings& settings) {
  const std::uint64_t version = must(store_->settings(), "settings").version;
  const auto refused = store_->change_settings(change_to(settings), version + 1);
  expect(code_of(refused) == ErrorCode::settings_mismatch && refused.error().current_version() == version,
         "change_settings of another version", "settings_mismatch", told(refused));
  expect(must(store_->settings()).version == version, "the version of settings", "as before", "another");
}

void CheckedStore::learn_settings() {
  options_.settings = must(store_->settings(), "settings");
  reference_.set_limits(*options_.settings);
}

void CheckedStore::checkpoint() {
  must(store_->checkpoint(), "checkpoint");
}

void CheckedStore::compact() {
  must(store_->compact(), "compact");
  judge_tokens();
}

void CheckedStore::reopen(Ending ending, const Options& options) {
  const auto image = ending == Ending::killed ? std::optional(file_bytes(path_)) : std::nullopt;
  if (ending == Ending::closed) must(store_->close(), "close");
  if (ending == Ending::killed) follower_.reset();   // the files are written anew
  store_.reset();
  if (image) {
    std::filesystem::remove(beside(path_, "-shm"));
    std::ofstream(path_, std::ios::binary) << image->first;
    std::ofstream(beside(path_, "-wal"), std::ios::binary) << image->second;
  }
  const std::optional<Settings> before = options_.settings;
  options_ = options;
  options_.settings.reset();
  open();
  expect(options_.settings == before, "settings after opening again", "as before", "others");
  if (options.settings) change_settings(*options.settings);
}

// With the settings that it has, or those that a new one is given.
void CheckedStore::open() {
  store_.emplace(must(UserTagStore::open(path_, options_), "open"));
  learn_settings();
  known_floor_ = store_->stats().log_floor;
  judge_tokens();   // housekeeping may have forgotten some
}

}   // namespace usertags::test
