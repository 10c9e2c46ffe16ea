#include "torture/caller.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "support/answers.hpp"

namespace usertags::torture {
namespace {

using test::must;
using test::told;
using View = Question::View;
using Kind = Observation::Kind;

constexpr std::uint32_t kTokenValues = 1U << 30;   // above all values that come without a token
constexpr const char* kKeys[] = {"a", "b", "c", "d"};

std::string name_of(std::size_t user) {
  return "u" + std::to_string(user);
}

std::uint32_t number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(error == std::errc() && end == text.data() + text.size(), "no number: " + std::string(text));
  return number;
}

std::size_t user_named(std::string_view external_id) {
  return number_in(external_id.substr(1));
}

std::uint64_t id_of(std::string_view id) {
  return std::hash<std::string_view>()(id) | 1;
}

std::size_t key_named(std::string_view key) {
  return static_cast<std::size_t>(key.at(0) - 'a');
}

// Of a User or a UserView.
Version version_of(const auto& user) {
  const UserId id = user.id();
  Version version{.revision = user.revision(), .id = id_of(id)};
  for (const auto& [key, value] : user.tags()) version.tags.at(key_named(key)) = number_in(value);
  return version;
}

std::uint64_t whole(const auto& user) {
  return part({.view = View::whole}, user_named(user.external_id()), version_of(user), 0);
}
std::uint64_t whole(const Applied& applied) {
  return applied.user ? whole(*applied.user) : 0;
}

std::uint64_t entry_of(const Change& change) {
  LogEntry entry{change.revision, change.transaction, user_named(change.external_id), id_of(change.user_id)};
  entry.kind = change.kind == ChangeKind::created   ? Effect::Kind::create
               : change.kind == ChangeKind::patched ? Effect::Kind::patch
                                                    : Effect::Kind::remove;
  if (change.kind == ChangeKind::deleted) return part(entry);   // which has all tags, removed
  for (const auto& [key, value, before] : change.tags) {
    const std::size_t index = key_named(key);
    if (value) entry.tags.at(index) = number_in(*value);
    if (!value) entry.removed = static_cast<std::uint8_t>(entry.removed | (1U << index));
  }
  return part(entry);
}

// Users come in the order of their creation, which their ids tell.
std::uint64_t sum_of(const std::vector<User>& users) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < users.size(); ++i) {
    require(i == 0 || users[i - 1].id() < users[i].id(), "users out of order");
    sum += whole(users[i]);
  }
  return sum;
}

TagBatch batch_of(const Effect& effect) {
  TagBatch batch;
  bool first = true;
  for (std::size_t key = 0; key < kJudgedKeys; ++key) {
    if ((effect.keys >> key & 1) == 0) continue;
    std::optional<std::string> expected;
    if (std::exchange(first, false) && effect.guard == Effect::Guard::value) {
      expected = std::to_string(effect.expected);
    }
    if (effect.value != 0) batch.set(kKeys[key], std::to_string(effect.value), {expected});
    if (effect.value == 0) batch.erase(kKeys[key], {.expected_value = expected});
  }
  return batch;
}

Write write_of(const Intent& intent) {
  const std::string user = name_of(intent.user);
  ApplyOptions options;
  if (intent.token != 0) options.token = std::to_string(intent.token);
  if (intent.effect.guard == Effect::Guard::revision) options.expected_revision = intent.effect.expected;
  switch (intent.effect.kind) {
    case Effect::Kind::create: {
      TagList tags;
      for (std::size_t key = 0; key < kJudgedKeys; ++key) {
        if ((intent.effect.keys >> key & 1) != 0) tags.add(kKeys[key], std::to_string(intent.effect.value));
      }
      return CreateUser{user, tags, options};
    }
    case Effect::Kind::patch: return PatchUser{user, batch_of(intent.effect), options};
    case Effect::Kind::remove: return DeleteUser{user, options};
  }
  return {};
}

}   // namespace

Caller::Caller(Shared& shared, std::size_t number, std::uint64_t seed)
    : shared_(shared), number_(number), random_(seed), next_value_(static_cast<std::uint32_t>(number + 1)) {
  for (std::size_t user = 0; user < kJudgedUsers; ++user) names_[user] = name_of(user);
}

// --- Writes. ---

void Caller::note_answer(const Intent& intent, const Result<Applied>& answer, const Ticks& ticks,
                         std::uint64_t item) {
  if (!answer) return note_refusal(intent, answer.error(), ticks, item);
  const Kind kind = answer->replayed ? Kind::replay : answer->changed ? Kind::change : Kind::claim;
  Observation& seen = note(kind, Source::store, ticks, 1U << intent.user, item);
  seen.effect = intent.effect;
  seen.token = intent.token;
  seen.told = whole(*answer);
  seen.question.view = View::whole;
  if (kind == Kind::claim) seen.question = {View::after, intent.effect.keys, 0, intent.effect.value};
  if (kind == Kind::claim) return;
  seen.revision = seen.transaction = answer->revision;
  if (intent.effect.kind == Effect::Kind::create) seen.effect.id = id_of(std::string(answer->user->id()));
}

void Caller::note_refusal(const Intent& intent, const Error& error, const Ticks& ticks, std::uint64_t item) {
  Observation& seen = note(Kind::claim, Source::store, ticks, 1U << intent.user, item);
  const Effect& effect = intent.effect;
  switch (error.code()) {
    case ErrorCode::user_not_found: seen.question.view = View::whole; return;
    case ErrorCode::user_exists:
      seen.question.view = View::id;
      seen.told = part(seen.question, intent.user, {.id = id_of(error.existing_id())}, 0);
      return;
    case ErrorCode::revision_mismatch:
      require(error.current_revision() != effect.expected, "refused, with the revision that was expected");
      seen.question.view = View::revision;
      seen.told = error.current_revision().value();
      return;
    case ErrorCode::batch_refused: {
      const auto& current = error.violations().front().current;
      seen.question = {.view = View::tag, .keys = effect.keys};
      seen.told = current ? number_in(*current) : 0;
      require(seen.told != effect.expected, "refused, with the value that was expected");
      return;
    }
    default: throw Finding("a write answers " + error.message());
  }
}

void Caller::one(const Intent& intent) {
  const Write write = write_of(intent);
  const std::string user = name_of(intent.user);
  Ticks ticks{};
  const auto answer = timed(
      [&]() -> Result<Applied> {
        if (const auto* creation = std::get_if<CreateUser>(&write)) {
          return shared_.store.create_user(user, creation->tags, creation->options);
        }
        if (const auto* patch = std::get_if<PatchUser>(&write)) {
          return shared_.store.apply(user, patch->batch, patch->options);
        }
        return shared_.store.delete_user(user, std::get<DeleteUser>(write).options);
      },
      ticks);
  note_answer(intent, answer, ticks);
}

Effect Caller::any_patch() {
  return {.keys = any_keys(), .value = dice(4) == 0 ? 0 : new_value()};
}

// Looks first: another thread may come between.
void Caller::guarded() {
  const std::size_t user = any_user();
  Ticks ticks{};
  const auto found = timed([&] { return shared_.store.find(name_of(user)); }, ticks);
  claim(Source::store, ticks, 1U << user, {.view = View::whole}, found ? whole(*found) : 0);
  if (!found) return;
  Intent intent{user, any_patch()};
  const std::string first = kKeys[static_cast<std::size_t>(std::countr_zero(intent.effect.keys))];
  const auto value = found->tag(first);
  intent.effect.guard = value && dice(2) == 0 ? Effect::Guard::value : Effect::Guard::revision;
  const bool by_value = intent.effect.guard == Effect::Guard::value;
  intent.effect.expected = by_value ? number_in(*value) : found->revision();
  one(intent);
}

// Decides on what it is given: where the change is of that revision, no update is lost.
void Caller::modify() {
  Intent intent{any_user(), any_patch()};
  const bool does_nothing = dice(4) == 0;
  std::uint64_t given = 0;
  Ticks ticks{};
  const auto answer = timed(
      [&] {
        return shared_.store.modify(names_[intent.user], [&](const User& user) {
          given = whole(user);
          intent.effect.expected = user.revision();
          return does_nothing ? std::nullopt : std::optional(batch_of(intent.effect));
        });
      },
      ticks);
  if (answer && does_nothing) {
    require(whole(*answer) == given, "modify answers another user than it has shown");
    claim(Source::store, ticks, 1U << intent.user, {.view = View::whole}, given);
    return;
  }
  intent.effect.guard = Effect::Guard::revision;
  note_answer(intent, answer, ticks);
}

void Caller::ensure() {
  Intent intent{any_comer(), {.kind = Effect::Kind::create, .keys = any_keys(), .value = new_value()}};
  const auto creation = std::get<CreateUser>(write_of(intent));
  Ticks ticks{};
  const auto answer =
      timed([&] { return shared_.store.ensure_user(creation.external_id, creation.tags); }, ticks);
  if (must(answer).changed) return note_answer(intent, answer, ticks);
  claim(Source::store, ticks, 1U << intent.user, {.view = View::whole}, whole(*answer));
}

std::vector<Change> Caller::noted_changes(const Position& after, const std::string& note) const {
  std::vector<Change> noted;
  Position position = after;
  for (bool more = true; more;) {
    ChangePage page = must(shared_.store.changes(position, 1'000));
    more = !page.changes.empty();
    position = page.next;
    std::ranges::copy_if(page.changes, std::back_inserter(noted),
                         [&](const Change& change) { return change.note == note; });
  }
  return noted;
}

// Decides on each user whom it is given. The answer has numbers alone: what became of whom is found in the log, by the
// note. A change is of the version that was given last, so no update is lost; and who is given matches.
void Caller::modify_where() {
  const std::size_t asked = dice(kAsked.size());
  const Effect effect = any_patch();
  const WhereOptions options{.everybody = true, .note = new_note()};
  const Question question{View::matching, kAsked[asked].keys, kAsked[asked].lacks, 0};
  const Position before = shared_.store.position();
  std::array<Version, kJudgedUsers> given{};
  Ticks ticks{};
  const WhereOutcome outcome = timed(
      [&] {
        return shared_.store.modify_where(
            shared_.selectors[asked],
            [&](const User& user) {
              given.at(user_named(user.external_id())) = version_of(user);
              return std::optional(batch_of(effect));
            },
            options);
      },
      ticks, 2 * kJudgedUsers);
  require(!outcome.stopped && outcome.refused == 0, "a walk to all users of a selector was stopped");
  for (std::size_t user = 0; user < kJudgedUsers; ++user) {
    if (given[user].id == 0) continue;
    Observation& seen = note(Kind::claim, Source::store, ticks, 1U << user, user);
    seen.question = question;
    seen.told = part({.view = View::whole}, user, given[user], 0);
  }
  const auto changes = noted_changes(before, options.note);
  require(changes.size() == outcome.changed, "a walk tells another number of changes than the log");
  for (const Change& change : changes) {
    const std::size_t user = user_named(change.external_id);
    Observation& seen = note(Kind::change, Source::store, ticks, 1U << user, kJudgedUsers + user);
    seen.revision = seen.transaction = change.revision;
    seen.effect = effect;
    seen.effect.guard = Effect::Guard::revision, seen.effect.expected = given[user].revision;
    seen.told = part({View::after, effect.keys, 0, effect.value}, user, given[user], change.revision - 1);
  }
}

// Takes away again whom it has brought, by a value that nobody else has.
void Caller::delete_where() {
  const Intent birth{any_comer(), {.kind = Effect::Kind::create, .keys = any_keys(), .value = new_value()}};
  one(birth);
  const std::string key = kKeys[static_cast<std::size_t>(std::countr_zero(birth.effect.keys))];
  const std::string selector = key + "=" + std::to_string(birth.effect.value);
  const WhereOptions options{.note = new_note()};
  const Position before = shared_.store.position();
  Ticks ticks{};
  const WhereOutcome outcome = timed([&] { return shared_.store.delete_where(selector, options); }, ticks);
  require(!outcome.stopped && outcome.refused == 0, "a walk that deletes was stopped");
  const auto changes = noted_changes(before, options.note);
  require(changes.size() == outcome.changed && changes.size() <= 1, "a walk deleted others than it was told");
  for (const Change& change : changes) {
    Observation& seen = note(Kind::change, Source::store, ticks, 1U << user_named(change.external_id));
    seen.revision = seen.transaction = change.revision;
    seen.effect.kind = Effect::Kind::remove;
  }
}

void Caller::each() {
  std::vector<Intent> intents;
  for (std::size_t left = 1 + dice(8); left > 0; --left) intents.push_back({any_user(), any_patch()});
  std::vector<Write> writes;
  for (const Intent& intent : intents) writes.push_back(write_of(intent));
  Ticks ticks{};
  const bool waits = dice(2) == 0;
  const auto answers = timed(
      [&] { return waits ? shared_.store.apply_each(writes) : test::submit_each(shared_.store, writes); },
      ticks, writes.size());
  require(answers.size() == writes.size(), "apply_each has another number of answers");
  std::uint64_t newest = 0;
  for (std::size_t item = 0; item < writes.size(); ++item) {
    note_answer(intents[item], answers[item], ticks, item);
    if (!answers[item] || !answers[item]->changed) continue;
    require(answers[item]->revision > std::exchange(newest, answers[item]->revision),
            "writes of a call out of order");
  }
}

// The same value to several users; or a name that one user hands over to the next.
void Caller::all() {
  std::vector<Intent> intents;
  if (dice(3) == 0) {
    const std::size_t user = any_comer();
    intents.push_back({user, {.kind = Effect::Kind::remove}});
    intents.push_back({user, {.kind = Effect::Kind::create, .keys = any_keys(), .value = new_value()}});
  } else {
    const Effect effect{.keys = any_keys(), .value = new_value()};
    const std::size_t first = dice(kStayers);
    for (std::size_t left = 2 + dice(kStayers - 1); left > 0; --left) {
      intents.push_back({(first + left) % kStayers, effect});
    }
  }
  std::vector<Write> writes;
  for (const Intent& intent : intents) writes.push_back(write_of(intent));
  Ticks ticks{};
  const auto answer = timed([&] { return shared_.store.apply_all(writes); }, ticks, writes.size());
  if (!answer) return note_refusal(intents[answer.error().item().value()], answer.error(), ticks, 0);
  for (std::size_t item = 0; item < writes.size(); ++item) {
    require((*answer)[item].changed, "a write of a transaction changed nothing");
    note_answer(intents[item], (*answer)[item], ticks, item);
    seen_.back().transaction = answer->back().revision;
  }
}

// The number of a token tells its whole request, so that threads send the same ones at about the same time.
void Caller::same_request_again() {
  const std::uint64_t token = 1 + shared_.ticks.load() / 64 + dice(3);
  const auto keys = static_cast<std::uint8_t>(1U << token % kJudgedKeys);
  one({token % kStayers, {.keys = keys, .value = kTokenValues + static_cast<std::uint32_t>(token)}, token});
}

void Caller::write() {
  if (shared_.walks && dice(8) == 0) return dice(3) == 0 ? delete_where() : modify_where();
  switch (dice(19)) {
    case 16:
    case 17: return modify();
    case 18: return ensure();
    case 0:
    case 1: return guarded();
    case 2:
    case 3: return each();
    case 4:
    case 5: return all();
    case 6:
    case 7: return same_request_again();
    case 8: return one({any_comer(), {.kind = Effect::Kind::remove}});
    case 9:
    case 10: return create(any_comer());
    default: return one({any_user(), any_patch()});
  }
}

// --- Reads. ---

// Two of them, one right behind the other: what the first has seen, the second may not undo.
void Caller::find(Source source) {
  for (int time = 0; time < 2; ++time) {
    const std::size_t user = any_user();
    Ticks ticks{};
    const auto found = timed([&] { return from(source).find(names_[user]); }, ticks);
    claim(source, ticks, 1U << user, {.view = View::whole}, found ? whole(*found) : 0);
  }
}

void Caller::read(Source source) {
  const std::size_t user = any_user();
  Version version;
  Ticks ticks{};
  const auto found = timed(
      [&] {
        return from(source).read(names_[user], [&](const UserView& view) { version = version_of(view); });
      },
      ticks);
  require(found.has_value() == (version.id != 0), "read answers, and calls nothing");
  claim(source, ticks, 1U << user, {.view = View::whole}, part({.view = View::whole}, user, version, 0));
}

void Caller::find_each(Source source) {
  std::vector<std::string> names;
  std::uint32_t users = 0;
  for (std::size_t user = dice(4); user < kJudgedUsers; user += 1 + dice(6)) {
    names.push_back(name_of(user));
    users |= 1U << user;
  }
  const std::vector<UserRef> refs(names.begin(), names.end());
  Ticks ticks{};
  const auto found = timed([&] { return from(source).find_each(refs); }, ticks);
  std::uint64_t sum = 0;
  for (const auto& one : found) sum += one ? whole(*one) : 0;
  claim(source, ticks, users, {.view = View::whole}, sum);
}

void Caller::list(Source source) {
  Ticks ticks{};
  const UserPage page = must(timed([&] { return from(source).list(); }, ticks));
  claim_at(source, ticks, page.revision, {.view = View::whole}, sum_of(page.users));
}

void Caller::select(Source source) {
  const std::size_t asked = dice(kAsked.size());
  Ticks ticks{};
  const UserPage page = must(timed([&] { return from(source).select(shared_.selectors[asked]); }, ticks));
  claim_at(source, ticks, page.revision, {View::matching, kAsked[asked].keys, kAsked[asked].lacks, 0},
           sum_of(page.users));
}

void Caller::count(Source source) {
  const std::size_t asked = dice(kAsked.size());
  Ticks ticks{};
  const Count count = must(timed([&] { return from(source).count(shared_.selectors[asked]); }, ticks));
  claim_at(source, ticks, count.revision, {View::count, kAsked[asked].keys, kAsked[asked].lacks, 0},
           count.count);
}

// So few users are one stretch, of one moment.
void Caller::for_each(Source source) {
  const std::size_t asked = dice(kAsked.size());
  std::uint64_t sum = 0;
  Ticks ticks{};
  const Visited visited = must(timed(
      [&] {
        return from(source).for_each(shared_.selectors[asked], [&](const User& user) { sum += whole(user); });
      },
      ticks));
  claim_at(source, ticks, visited.revision, {View::matching, kAsked[asked].keys, kAsked[asked].lacks, 0},
           sum);
}

void Caller::facets(Source source) {
  Ticks ticks{};
  std::uint64_t sum = 0;
  if (dice(3) == 0) {
    const KeyPage page = must(timed([&] { return from(source).tag_keys(); }, ticks));
    for (const auto& [key, users] : page.keys) {
      Version version{.id = 1};
      version.tags.at(key_named(key)) = 1;
      sum += part({.view = View::keys}, 0, version, 0) * users;
    }
    return claim_at(source, ticks, page.revision, {.view = View::keys}, sum);
  }
  const std::size_t key = dice(kJudgedKeys);
  const Question question{.view = View::values, .keys = static_cast<std::uint8_t>(1U << key)};
  const auto order = dice(2) == 0 ? ValueOrder::by_value : ValueOrder::by_users;
  const ValuePage page =
      must(timed([&] { return from(source).tag_values(kKeys[key], {.order = order}); }, ticks));
  for (const auto& [value, users] : page.values) {
    Version version{.id = 1};
    version.tags[key] = number_in(value);
    sum += part(question, 0, version, 0) * users;
  }
  claim_at(source, ticks, page.revision, question, sum);
}

void Caller::plan(Source source) {
  const std::size_t user = any_user();
  const Effect effect = any_patch();
  Ticks ticks{};
  const auto answer = timed([&] { return from(source).plan(name_of(user), batch_of(effect)); }, ticks);
  const Question question{View::after, effect.keys, 0, effect.value};
  if (!answer) {
    require(answer.error() == ErrorCode::user_not_found, "plan answers " + told(answer));
    claim(source, ticks, 1U << user, {.view = View::whole}, 0);
  } else if (answer->changed) {
    claim_at(source, ticks, answer->revision - 1, question, whole(*answer), 1U << user);
  } else {
    claim(source, ticks, 1U << user, question, whole(*answer));
  }
}

void Caller::stand(Source source) {
  Ticks ticks{};
  const bool as_position = source == Source::store && dice(2) == 0;
  const auto revision = timed(
      [&] { return as_position ? from(source).position().revision() : from(source).revision(); }, ticks);
  claim_at(source, ticks, revision, {}, 0);
}

// From a little behind where the store stands, or a little further back. A follower's feed goes as far as the file.
void Caller::changes(Source source) {
  const Source read = source == Source::store ? source : Source::file;
  const Position position = from(source).position();
  const std::uint64_t after = position.revision() - std::min<std::uint64_t>(position.revision(), dice(20));
  const std::size_t limit = 1 + dice(16);
  Ticks ticks{};
  const auto page = timed([&] { return from(source).changes(position.at(after), limit); }, ticks);
  if (!page && page.error() == ErrorCode::history_pruned) {
    return require(page.error().floor().value() > after + 1, "pruned, and it is kept");
  }
  std::uint64_t sum = 0;
  std::uint64_t last = after;
  for (const Change& change : must(page).changes) {
    require(change.revision == ++last, "the feed has a gap");
    sum += entry_of(change);
  }
  require(page->next.revision() == last, "the feed goes on elsewhere");
  Observation& seen = note(Kind::feed, read, ticks, 0);
  seen.after = after, seen.revision = last, seen.told = sum;
  seen.at_revision = page->changes.size() < limit;
}

void Caller::history(Source source) {
  const Source read = source == Source::store ? source : Source::file;
  const std::size_t user = any_user();
  Ticks ticks{};
  const auto page = timed(
      [&] { return from(source).history(name_of(user), {.limit = Observation::kHistoryLimit}); }, ticks);
  if (!page) {
    require(page.error() == ErrorCode::user_not_found, "history answers " + told(page));
    claim(source, ticks, 1U << user, {.view = View::whole}, 0);   // names are looked up in memory
    return;
  }
  if (page->changes.empty()) return;
  Observation& seen = note(Kind::history, read, ticks, 1U << user);
  seen.revision = page->changes.front().revision;
  seen.after = page->floor;
  for (const Change& change : page->changes) seen.told += entry_of(change);
}

void Caller::wait() {
  const Position position = shared_.store.position();
  Ticks ticks{};
  const auto newest = timed(
      [&] { return shared_.store.wait_for_changes(position, std::chrono::milliseconds(dice(2))); }, ticks);
  require(newest || newest.error() == ErrorCode::timeout, "wait_for_changes answers " + told(newest));
  claim_at(Source::store, ticks, newest ? *newest : newest.error().current_revision().value(), {}, 0);
}

void Caller::ask(Source source) {
  switch (dice(64)) {
    case 0:
    case 1: return changes(source);
    case 2: return history(source);
    case 3: return source == Source::store ? wait() : follow();
    case 4:
    case 5: return for_each(source);
    default: break;
  }
  switch (dice(12)) {
    case 0: return list(source);
    case 1: return select(source);
    case 2: return count(source);
    case 3: return facets(source);
    case 4: return plan(source);
    case 5: return stand(source);
    case 6:
    case 7: return find_each(source);
    case 8:
    case 9: return read(source);
    default: return find(source);
  }
}

void Caller::follow() {
  Ticks ticks{};
  if (dice(2) == 0) {
    const std::uint64_t revision = must(timed([&] { return shared_.follower->refresh(); }, ticks));
    claim_at(Source::follower, ticks, revision, {}, 0);
    seen_.back().up_to_date = true;
  } else {
    const std::uint64_t asked = shared_.store.revision();
    const auto timeout = std::chrono::minutes(10);
    const auto revision = must(timed([&] { return shared_.follower->read_at_least(asked, timeout); }, ticks));
    require(revision >= asked, "read_at_least shows less");
    claim_at(Source::follower, ticks, revision, {}, 0);
  }
}

void Caller::care() {
  switch (dice(4)) {
    case 0: return must(shared_.store.checkpoint());
    case 1: {
      Ticks ticks{};
      const VerifyReport report = must(timed([&] { return shared_.store.verify(); }, ticks));
      require(report.ok(), report.ok() ? "" : report.problems.front().what);
      return claim_at(Source::store, ticks, report.revision, {.view = View::count}, report.users);
    }
    default: return must(shared_.store.maintain(std::chrono::milliseconds(1)));
  }
}

void Caller::call() {
  if (dice(2'000) == 0) return care();
  if (dice(4) == 0) return write();
  ask(shared_.follower != nullptr && dice(4) == 0 ? Source::follower : Source::store);
}

void Caller::race() {
  if (number_ == 0) return all();
  if (shared_.follower != nullptr && number_ == 1) return follow();
  const Source source = shared_.follower != nullptr && dice(2) == 0 ? Source::follower : Source::store;
  if (dice(20) == 0) return ask(source);
  dice(2) == 0 ? find(source) : read(source);
}

}   // namespace usertags::torture
