// The writes of a Caller, and what it notes of their answers.
#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "support/answers.hpp"
#include "torture/caller.hpp"
#include "torture/observed.hpp"

namespace usertags::torture {
namespace {

using test::must;
using test::told;
using View = Question::View;
using Kind = Observation::Kind;

constexpr std::uint32_t kTokenValues = 1U << 30;   // above all values that come without a token

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

}   // namespace usertags::torture
