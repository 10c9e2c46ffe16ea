// The reads of a Caller: of the store, of its follower, and of the log.
#include <algorithm>
#include <chrono>
#include <iterator>
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

}   // namespace

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

}   // namespace usertags::torture
