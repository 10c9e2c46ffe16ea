#include "torture/life.hpp"

#include <algorithm>
#include <utility>

#include "support/answers.hpp"
#include "torture/row.hpp"

namespace usertags::torture {

using test::code_of;
using test::must;
using test::ReferenceStore;
using test::ReferenceUser;
using test::told;

Contents contents_of(const UserTagStore& store) {
  Contents contents;
  must(store.for_each(Selector(), [&](const User& user) {
    UserThen& then = contents[std::string(user.external_id())];
    then = {.id = std::string(user.id()), .revision = user.revision(), .tags = {}};
    for (const auto& [key, value] : user.tags()) then.tags[std::string(key)] = value;
  }));
  return contents;
}

Contents contents_of(const ReferenceStore& reference) {
  Contents contents;
  for (const auto& [ordinal, user] : reference.users()) {
    const std::string id = ordinal < reference.ids().size() ? reference.id(ordinal) : "";
    contents[user.external_id] = {.id = id, .revision = user.revision, .tags = user.tags};
  }
  return contents;
}

bool agree(const Contents& is, const Contents& meant) {
  return std::ranges::equal(is, meant, [](const auto& one, const auto& other) {
    return one.first == other.first && (other.second.id.empty() || one.second.id == other.second.id) &&
           one.second.revision == other.second.revision && one.second.tags == other.second.tags;
  });
}

const Promise& Past::promise_after(std::size_t operations) const {
  const auto later = std::ranges::upper_bound(promises, operations, {}, &Promise::from);
  return *std::prev(later);
}

Life::Life(std::filesystem::path path, Options options, std::function<std::size_t()> operations,
           std::uint64_t seed)
    : path_(std::move(path)),
      options_(std::move(options)),
      operations_(std::move(operations)),
      random_(seed),
      reference_(options_.settings.value_or(Settings{})) {
  past_.contents[0].emplace_back();
  past_.promises.emplace_back();
}

// What is promised first at the same moment counts for nothing: a crash comes before or after it.
void Life::promise(const Promise& next) {
  past_.promises.push_back(next);
  past_.promises.back().from = operations_();
  if (store_) past_.promises.back().shown = store_->position();
}

void Life::promise_all_shown() {
  Promise next = now();
  next.created = true;
  next.acknowledged = next.submitted = reference_.revision();
  next.settings_acknowledged = next.settings_submitted = settings_version_;
  promise(next);
}

void Life::expect_shown() const {
  require(agree(contents_of(*store_), contents_of(reference_)), "memory is not as it was told");
  require(store_->revision() == reference_.revision(), "memory is not at the revision that was told");
}

// --- The store's life. ---

Life::Answer Life::open() {
  auto opened = UserTagStore::open(path_, options_);
  if (!opened) return opened.error().code();
  options_.settings.reset();
  store_.emplace(std::move(*opened));
  settle_unknown_outcome();
  learn_settings();
  expect_shown();
  past_.position = store_->position();
  promise_all_shown();   // recovery has brought it to the disk
  return std::nullopt;
}

void Life::settle_unknown_outcome() {
  if (unknown_ && store_->revision() == unknown_->revision()) {
    std::vector<std::string> ids;   // of users that were created then: the newest
    must(store_->for_each(Selector(), [&](const User& user) { ids.emplace_back(user.id()); }));
    std::ranges::sort(ids);
    for (const std::string& id : ids) {
      if (unknown_->ids().empty() || id > unknown_->ids().back()) unknown_->learn_id(id);
    }
    reference_ = std::move(*unknown_);
  }
  unknown_.reset();
}

void Life::learn_settings() {
  const StoredSettings settings = must(store_->settings());
  settings_version_ = settings.version;
  past_.settings[settings.version].push_back(settings);
  reference_.set_limits(settings);
}

Life::Answer Life::change_settings() {
  SettingsChange change{.tags_per_user = 20 + random_() % 1'000};
  Settings next = must(store_->settings());
  next.tags_per_user = *change.tags_per_user;
  Promise submitted = now();
  submitted.settings_submitted = settings_version_ + 1;
  past_.settings[settings_version_ + 1].push_back(next);
  promise(submitted);
  const auto answer = store_->change_settings(change);
  if (!answer) {
    if (answer.error() != ErrorCode::outcome_unknown) submitted.settings_submitted = settings_version_;
    promise(submitted);
    return answer.error().code();
  }
  learn_settings();
  if (options_.durability == Durability::full) submitted.settings_acknowledged = settings_version_;
  promise(submitted);
  return std::nullopt;
}

Life::Answer Life::maintain() {
  const auto answer = store_->maintain(std::chrono::minutes(1));
  expect_shown();
  return code_of(answer);
}

Life::Answer Life::checkpoint() {
  const auto answer = store_->checkpoint();
  expect_shown();
  if (answer) promise_all_shown();
  return code_of(answer);
}

Life::Answer Life::compact() {
  const auto answer = store_->compact();
  expect_shown();
  return code_of(answer);
}

Life::Answer Life::close() {
  const bool is_whole = !unknown_ && !has_failed();
  const auto answer = store_->close();
  store_.reset();
  if (answer && is_whole) promise_all_shown();
  return code_of(answer);
}

void Life::drop() {
  store_.reset();
}

// --- Writes. ---

Life::Answer Life::write(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (const Answer error = apply(make_writes(1), false)) return error;
  }
  return std::nullopt;
}

Life::Answer Life::write_group(std::size_t count) {
  return apply(make_writes(count), false);
}

Life::Answer Life::write_transaction(std::size_t count) {
  return apply(make_writes(count), true);
}

// Every user once, so that they may be a transaction; each of them changes something.
std::vector<Write> Life::make_writes(std::size_t count) {
  std::vector<std::string> users;
  for (std::size_t i = 0; i < 2 * count + 6; ++i) users.push_back("user " + std::to_string(i));
  std::ranges::shuffle(users, random_);
  std::vector<Write> writes;
  for (std::size_t i = 0; i < count; ++i) writes.push_back(make_write(users[i]));
  return writes;
}

Write Life::make_write(const std::string& user) {
  const std::string number = std::to_string(++number_);
  const std::string value = number + std::string(random_() % 3 == 0 ? 180 : 0, 'v');
  const std::string key = "key " + std::to_string(random_() % 4);
  const ReferenceUser* known = reference_.find(user);
  if (known == nullptr && number_ % 3 == 0)
    return EnsureUser{user, {{key, value}, {"born", number}}, make_options()};
  if (known == nullptr) return CreateUser{user, {{key, value}, {"born", number}}, make_options()};
  if (random_() % 6 == 0) return DeleteUser{user, make_options()};
  TagBatch batch = TagBatch().set(key, value);
  if (random_() % 4 == 0) batch.erase("born");
  return PatchUser{user, batch, make_options()};
}

ApplyOptions Life::make_options() {
  ApplyOptions options;
  if (uses_tokens_) options.token = "token " + std::to_string(number_);
  if (random_() % 4 == 0) options.note = "why";
  return options;
}

namespace {

// What a single patch without a token comes to, a function may decide on as well.
std::vector<Result<Applied>> send_to(UserTagStore& store, const std::vector<Write>& writes) {
  const auto* patch = writes.size() == 1 ? std::get_if<PatchUser>(&writes.front()) : nullptr;
  if (patch == nullptr || !patch->options.token.empty()) return store.apply_each(writes);
  return {store.modify(patch->user, [&](const User&) { return patch->batch; }, patch->options)};
}

}   // namespace

ReferenceStore Life::submit(const std::vector<Write>& writes) {
  ReferenceStore next = reference_;
  for (const Write& write : writes) {
    const test::Verdict verdict = next.write(write, {});
    require(!verdict.error && verdict.changed, "the reference refuses a write");
  }
  Promise submitted = now();
  submitted.submitted = next.revision();
  promise(submitted);
  return next;
}

Life::Answer Life::apply(const std::vector<Write>& writes, bool all_or_none) {
  ReferenceStore next = submit(writes);
  std::vector<Applied> applied;
  if (all_or_none) {
    auto answer = store_->apply_all(writes);
    if (!answer) return judge_error(answer.error().code(), next);
    applied = std::move(*answer);
  } else {
    auto answers = random_() % 2 == 0 ? send_to(*store_, writes) : test::submit_each(*store_, writes);
    require(answers.size() == writes.size(), "apply_each does not answer every write");
    for (auto& answer : answers) {
      require(code_of(answer) == code_of(answers.front()), "writes of one group have different fates");
      if (answer) applied.push_back(std::move(*answer));
    }
    if (applied.empty()) return judge_error(answers.front().error().code(), next);
  }
  for (std::size_t i = 0; i < writes.size(); ++i) {
    require(applied[i].changed && applied[i].revision == reference_.revision() + 1 + i,
            "a write has another revision than its place");
    const bool creates =
        std::holds_alternative<CreateUser>(writes[i]) || std::holds_alternative<EnsureUser>(writes[i]);
    if (creates) next.learn_id(applied[i].user->id());
    const auto* patch = std::get_if<PatchUser>(&writes[i]);
    if (patch != nullptr && !patch->options.token.empty())
      past_.patches_with_tokens[applied[i].revision] = *patch;
  }
  acknowledge(std::move(next));
  return std::nullopt;
}

// So few users are one group, which fails or not.
Life::Answer Life::write_where() {
  const std::string key = "key " + std::to_string(random_() % 4);
  const bool deletes = random_() % 3 == 0;
  const TagBatch batch = TagBatch().set("key 0", std::to_string(++number_));
  std::vector<Write> writes;
  for (const auto& [ordinal, user] : reference_.users()) {
    if (!user.tags.contains(key)) continue;
    if (deletes) writes.emplace_back(DeleteUser{user.external_id, {}});
    if (!deletes) writes.emplace_back(PatchUser{user.external_id, batch, {}});
  }
  ReferenceStore next = submit(writes);
  const std::string selector = quote(key);
  const WhereOutcome outcome =
      deletes ? store_->delete_where(selector) : store_->apply_where(selector, batch);
  require(outcome.refused == 0, "a walk is refused a user");
  require(outcome.changed == (outcome.stopped ? 0 : writes.size()),
          "a walk has changed others than it should");
  if (outcome.stopped) return judge_error(outcome.stopped->code(), next);
  acknowledge(std::move(next));
  return std::nullopt;
}

Life::Answer Life::judge_error(ErrorCode error, const ReferenceStore& next) {
  expect_shown();
  if (error == ErrorCode::outcome_unknown) {
    past_.contents[next.revision()].push_back(contents_of(next));
    unknown_ = next;
    return error;
  }
  Promise not_applied = now();
  if (!unknown_) not_applied.submitted = reference_.revision();
  promise(not_applied);
  return error;
}

void Life::acknowledge(ReferenceStore next) {
  reference_ = std::move(next);
  expect_shown();
  // The contents come into the past only now: the crash points before know them all the same.
  past_.contents[reference_.revision()].push_back(contents_of(reference_));
  Promise acknowledged = now();
  if (options_.durability == Durability::full) acknowledged.acknowledged = reference_.revision();
  promise(acknowledged);
}

}   // namespace usertags::torture
