#include "support/expect_log.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/describe.hpp"
#include "support/expect_equal.hpp"

namespace usertags::test {
namespace {

using Tags = std::map<std::string, std::string>;

std::string words(const Change& change) {
  std::string text = std::to_string(change.revision) + " of " + std::to_string(change.transaction) + ": " +
                     std::string(to_string(change.kind)) + ' ' + change.user_id + ' ' +
                     in_quotes(change.external_id);
  for (const TagChange& tag : change.tags) {
    text += ' ' + in_quotes(tag.key) + (tag.value ? '=' + in_quotes(*tag.value) : std::string(" removed"));
    if (tag.before) text += " was " + in_quotes(*tag.before);
  }
  if (!change.before_known) text += " (before: not known)";
  return text + " note " + in_quotes(change.note);
}

// What the reference was told, without the time, which is the engine's.
Change to_change(const ReferenceChange& given, const ReferenceStore& reference) {
  Change change{.revision = given.revision,
                .transaction = given.transaction,
                .kind = given.kind,
                .user_id = reference.id(given.ordinal),
                .external_id = given.external_id,
                .note = given.note};
  for (const auto& [key, value] : given.tags) {
    const auto had = given.before.find(key);
    change.tags.push_back(
        {key, value, had == given.before.end() ? std::nullopt : std::optional(had->second)});
  }
  return change;
}

// Whoever adopts a deletion by hand has only the log to tell what the user had, from the creation on.
bool may_lack_before(const ReferenceChange& given, const ReferenceStore& reference, std::uint64_t floor) {
  return given.kind == ChangeKind::deleted &&
         std::ranges::any_of(reference.changes(), [&](const ReferenceChange& change) {
           return change.kind == ChangeKind::created && change.ordinal == given.ordinal &&
                  change.revision < floor;
         });
}

void expect_change(const std::string& what, Change shown, const ReferenceChange& given,
                   const ReferenceStore& reference, std::uint64_t floor) {
  Change meant = to_change(given, reference);
  if (!shown.before_known && may_lack_before(given, reference, floor)) {
    meant.before_known = false;
    meant.tags.clear();
  }
  shown.at = {};
  expect(shown == meant, what, words(meant), words(shown));
}

// All that is kept, by pages of `limit`.
std::vector<Change> read_feed(const UserTagStore& store, std::size_t limit) {
  std::vector<Change> changes;
  Position position = store.position().at(store.stats().log_floor - 1);
  while (true) {
    ChangePage page = must(store.changes(position, limit), "changes");
    if (page.changes.empty()) return changes;
    std::ranges::move(page.changes, std::back_inserter(changes));
    position = page.next;
  }
}

void expect_feed(const UserTagStore& store, const std::vector<Change>& changes,
                 const ReferenceStore& reference) {
  const std::uint64_t floor = store.stats().log_floor;
  expect_number("changes in the feed", reference.revision() + 1 - floor, changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    expect_change("the feed", changes[i], reference.changes().at(floor - 1 + i), reference, floor);
    expect(i == 0 || changes[i - 1].at <= changes[i].at, "times in the feed", "none before the one before",
           words(changes[i]));
  }
}

// A host that has nothing but the feed comes to the same users.
void expect_replay(const std::vector<Change>& changes, const ReferenceStore& reference) {
  std::map<std::string, Tags> users;
  for (const Change& change : changes) {
    if (change.kind == ChangeKind::deleted) {
      users.erase(change.user_id);
      continue;
    }
    Tags& tags = users[change.user_id];
    for (const TagChange& tag : change.tags) {
      if (tag.value) {
        tags[tag.key] = *tag.value;
      } else {
        tags.erase(tag.key);
      }
    }
  }
  std::map<std::string, Tags> meant;
  for (const auto& [ordinal, user] : reference.users()) meant[reference.id(ordinal)] = user.tags;
  expect(users == meant, "the feed replayed onto nothing",
         std::to_string(meant.size()) + " users, as they are",
         std::to_string(users.size()) + " users, or others");
}

void expect_history(const UserTagStore& store, std::size_t ordinal, std::size_t limit,
                    const ReferenceStore& reference) {
  const std::string& id = reference.id(ordinal);
  const std::uint64_t floor = store.stats().log_floor;
  std::vector<ReferenceChange> meant;
  for (const ReferenceChange& given : reference.changes()) {
    if (given.ordinal == ordinal && given.revision >= floor) meant.insert(meant.begin(), given);
  }
  const bool is_known = reference.users().contains(ordinal) || !meant.empty();
  PageRequest request{.limit = limit};
  std::size_t shown = 0;
  do {
    const auto page = store.history(id, request);
    if (!is_known) {
      return expect(code_of(page) == ErrorCode::user_not_found, "history of " + id, "user_not_found",
                    told(page));
    }
    must(page, "history");
    expect_number("floor of a history", floor, page->floor);
    for (const Change& change : page->changes) {
      expect(shown < meant.size(), "history of " + id, "no more", words(change));
      expect_change("history of " + id, change, meant[shown++], reference, floor);
    }
    request.after = page->next;
  } while (request.after);
  expect_number("changes in the history of " + id, meant.size(), shown);
}

}   // namespace

void expect_log(const UserTagStore& store, const ReferenceStore& reference) {
  const std::vector<Change> changes = read_feed(store, 10'000);
  expect_feed(store, changes, reference);
  expect(read_feed(store, 3) == changes, "the feed by pages of 3", "the same changes", "others");
  if (store.stats().log_floor == 1) expect_replay(changes, reference);
  for (std::size_t ordinal = 0; ordinal < reference.ids().size(); ++ordinal) {
    expect_history(store, ordinal, ordinal % 3 + 1, reference);
  }
}

}   // namespace usertags::test
