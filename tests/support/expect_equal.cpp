#include "support/expect_equal.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "support/describe.hpp"
#include "support/selector_oracle.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::test {
namespace {

constexpr std::size_t kMaxPage = 10'000;
constexpr std::string_view kAbsentKey = "no such key";

using Tags = std::map<std::string, std::string>;

// A User or a UserView.
template <class Shown>
bool shows(const Shown& user, const ReferenceUser& meant, const std::string& id) {
  Tags::const_iterator tag = meant.tags.begin();
  for (const auto [key, value] : user.tags()) {
    if (tag == meant.tags.end() || key != tag->first || value != tag->second) return false;
    if (user.tag(key) != std::optional(value)) return false;
    ++tag;
  }
  return tag == meant.tags.end() && !user.tag(kAbsentKey) && user.id() == id &&
         user.external_id() == meant.external_id && user.revision() == meant.revision;
}

void expect_not_found(const UserTagStore& store, const UserRef& ref) {
  const auto found = store.find(ref);
  expect(!found && found.error() == ErrorCode::user_not_found, "find " + in_quotes(ref.text()),
         "user_not_found", found ? describe(*found) : found.error().message());
}

void expect_read(const UserTagStore& store, const UserRef& ref, const ReferenceUser& meant,
                 const std::string& id) {
  std::size_t calls = 0;
  bool equal = false;
  const auto read = store.read(ref, [&](const UserView& view) {
    ++calls;
    equal = shows(view, meant, id);
  });
  expect(read && calls == 1 && equal, "read " + in_quotes(ref.text()), describe(meant),
         !read ? read.error().message() : std::to_string(calls) + " calls, of another user");
}

void expect_each(const UserTagStore& store, const ReferenceStore& reference) {
  const std::vector<UserRef> refs(reference.ids().begin(), reference.ids().end());
  const auto found = store.find_each(refs);
  expect_number("answers of find_each", refs.size(), found.size());
  for (std::size_t index = 0; index < refs.size(); ++index) {
    expect_found("find_each, " + reference.id(index), found[index], reference.find(refs[index]), reference);
  }
}

void expect_pages(const UserTagStore& store, std::size_t limit, const ReferenceStore& reference) {
  PageRequest request{.limit = limit};
  std::optional<std::size_t> after;
  do {
    const auto page = store.list(request);
    after = expect_page(page, limit, after, reference);
    request.after = page->next;
  } while (request.after);
}

std::vector<const ReferenceUser*> users_after(std::optional<std::size_t> after, const Selector& selector,
                                              const ReferenceStore& reference) {
  std::vector<const ReferenceUser*> meant;
  for (const auto& [ordinal, user] : reference.users()) {
    if ((!after || ordinal > *after) && selects(selector, user.tags)) meant.push_back(&user);
  }
  return meant;
}

using Counts = std::map<std::string, std::size_t>;   // users by key, or by value

std::string text_of(const Counts& counts) {
  std::string text;
  for (const auto& [name, users] : counts) text += in_quotes(name) + "=" + std::to_string(users) + " ";
  return text;
}

// The pages together have to be in order, each as full as it can be, and all of one revision.
template <class Page, class Ask, class Add>
void expect_facet_pages(const std::string& what, std::size_t limit, const Counts& expected,
                        const ReferenceStore& reference, Ask&& ask, Add&& add) {
  Counts found;
  std::optional<Cursor> after;
  do {
    const Result<Page> page = ask(after);
    expect(page.has_value(), what, "a page", page ? "" : page.error().message());
    expect_number("revision of " + what, reference.revision(), page->revision);
    const std::size_t before = found.size();
    add(*page, found);
    expect_number("entries on a page of " + what, std::min(limit, expected.size() - before),
                  found.size() - before);
    after = page->next;
  } while (after);
  expect(found == expected, what, text_of(expected), text_of(found));
}

Counts beginning_with(const std::string& prefix, Counts counts) {
  std::erase_if(counts, [&](const auto& one) { return !one.first.starts_with(prefix); });
  return counts;
}

void expect_key_pages(const UserTagStore& store, const std::string& prefix, std::size_t limit,
                      const Counts& expected, const ReferenceStore& reference) {
  expect_facet_pages<KeyPage>(
      "tag_keys", limit, beginning_with(prefix, expected), reference,
      [&](const std::optional<Cursor>& after) { return store.tag_keys({prefix, limit, after}); },
      [](const KeyPage& page, Counts& found) {
        for (const auto& [key, users] : page.keys) found.emplace_hint(found.end(), key, users);
      });
}

void expect_value_pages(const UserTagStore& store, const std::string& key, const std::string& prefix,
                        std::size_t limit, const Counts& expected, const ReferenceStore& reference) {
  expect_facet_pages<ValuePage>(
      "tag_values of " + in_quotes(key), limit, beginning_with(prefix, expected), reference,
      [&](const std::optional<Cursor>& after) { return store.tag_values(key, {prefix, limit, after}); },
      [](const ValuePage& page, Counts& found) {
        for (const auto& [value, users] : page.values) found.emplace_hint(found.end(), value, users);
      });
}

void expect_top_values(const UserTagStore& store, const std::string& key, const std::string& prefix,
                       std::size_t limit, const Counts& all) {
  const Counts counts = beginning_with(prefix, all);
  std::vector<std::pair<std::string, std::size_t>> expected(counts.begin(), counts.end());
  std::ranges::stable_sort(expected, std::ranges::greater(), [](const auto& one) { return one.second; });
  expected.resize(std::min(limit, expected.size()));
  const auto page = store.tag_values(key, {prefix, limit, {}, ValueOrder::by_users});
  const auto same = [](const ValueCount& found, const auto& meant) {
    return found.value == meant.first && found.users == meant.second;
  };
  expect(page && std::ranges::equal(page->values, expected, same),
         "the values of " + in_quotes(key) + " with the most users", text_of(counts),
         page ? "others" : page.error().message());
}

Counts keys_of(const ReferenceStore& reference) {
  Counts keys;
  for (const auto& [ordinal, user] : reference.users()) {
    for (const auto& [key, value] : user.tags) ++keys[key];
  }
  return keys;
}

std::map<std::string, Counts> values_of(const ReferenceStore& reference) {
  std::map<std::string, Counts> values;
  for (const auto& [ordinal, user] : reference.users()) {
    for (const auto& [key, value] : user.tags) ++values[key][value];
  }
  return values;
}

std::vector<StockSqlite::Row> rows_now(const ReferenceStore& reference) {
  std::vector<StockSqlite::Row> rows;
  for (const auto& [ordinal, user] : reference.users()) {
    rows.push_back({reference.id(ordinal), user.external_id, std::to_string(user.revision)});
  }
  return rows;
}

std::vector<StockSqlite::Row> rows_of_tags(const ReferenceStore& reference) {
  std::vector<StockSqlite::Row> rows;
  for (const auto& [ordinal, user] : reference.users()) {
    for (const auto& [key, value] : user.tags) {
      rows.push_back({reference.id(ordinal), user.external_id, key, value});
    }
  }
  return rows;
}

std::string text_of(const StockSqlite::Row& row) {
  std::string text;
  for (const std::string& column : row) text += in_quotes(column) + " ";
  return text;
}

void expect_rows(const std::string& what, const std::vector<StockSqlite::Row>& expected,
                 const std::vector<StockSqlite::Row>& found) {
  const auto [left, right] = std::ranges::mismatch(expected, found);
  const std::string end = "no more rows";
  if (left == expected.end() && right == found.end()) return;
  disagree(what, left == expected.end() ? end : text_of(*left), right == found.end() ? end : text_of(*right));
}

}   // namespace

void disagree(const std::string& what, const std::string& expected, const std::string& found) {
  throw Disagreement(what + "\n  expected: " + expected + "\n  found:    " + found);
}

void expect_shows(const std::string& what, const User& user, const ReferenceUser& meant,
                  const std::string& id) {
  const bool same = shows(user, meant, id) && user.tags().size() == meant.tags.size() && user == user;
  expect(same, what, id + " " + describe(meant), describe(user));
}

void expect_found(const std::string& what, const Result<User>& found, const ReferenceUser* meant,
                  const ReferenceStore& reference) {
  if (found && meant != nullptr) return expect_shows(what, *found, *meant, reference.id(meant->ordinal));
  const bool both_none = !found && found.error() == ErrorCode::user_not_found && meant == nullptr;
  expect(both_none, what, meant == nullptr ? "user_not_found" : describe(*meant),
         found ? describe(*found) : found.error().message());
}

std::optional<std::size_t> expect_page(const Result<UserPage>& page, std::size_t limit,
                                       std::optional<std::size_t> after, const ReferenceStore& reference,
                                       const Selector& selector) {
  const std::string what = selector == Selector() ? "list" : "select '" + selector.text() + "'";
  if (limit < 1 || limit > kMaxPage) {
    expect(!page && page.error() == ErrorCode::invalid_argument, what, "invalid_argument",
           page ? "a page" : page.error().message());
    return after;
  }
  expect(page.has_value(), what, "a page", page ? "" : page.error().message());
  expect_number("revision of a page", reference.revision(), page->revision);
  const std::vector<const ReferenceUser*> meant = users_after(after, selector, reference);
  for (std::size_t i = 0; i < page->users.size(); ++i) {
    expect(i < meant.size(), what, "the end", describe(page->users[i]));
    expect_shows(what, page->users[i], *meant[i], reference.id(meant[i]->ordinal));
    after = meant[i]->ordinal;
  }
  expect_number("users on a page of " + what, std::min(limit, meant.size()), page->users.size());
  const bool more = meant.size() > limit;
  expect(page->next.has_value() == more, "next of a page", more ? "a cursor" : "none", more ? "none" : "one");
  return after;
}

void expect_counted(const UserTagStore& store, const Selector& selector, const ReferenceStore& reference) {
  const std::string what = "'" + selector.text() + "'";
  const std::vector<const ReferenceUser*> meant = users_after({}, selector, reference);
  const auto count = store.count(selector);
  expect(count.has_value(), "count " + what, "a number", count ? "" : count.error().message());
  expect_number("count " + what, meant.size(), count->count);
  expect_number("revision of count", reference.revision(), count->revision);
  std::size_t next = 0;
  const auto visited = store.for_each(selector, [&](const User& user) {
    expect(next < meant.size(), "for_each " + what, "the end", describe(user));
    const ReferenceUser& one = *meant[next++];
    expect_shows("for_each " + what, user, one, reference.id(one.ordinal));
  });
  expect(visited && visited->users == meant.size() && next == meant.size(), "users of for_each " + what,
         std::to_string(meant.size()), std::to_string(next));
  expect_number("revision of for_each", reference.revision(), visited->revision);
}

void expect_keys(const UserTagStore& store, const std::string& prefix, std::size_t limit,
                 const ReferenceStore& reference) {
  expect_key_pages(store, prefix, limit, keys_of(reference), reference);
}

void expect_values(const UserTagStore& store, const std::string& key, const std::string& prefix,
                   std::size_t limit, const ReferenceStore& reference) {
  const Counts values = values_of(reference)[key];
  expect_value_pages(store, key, prefix, limit, values, reference);
  expect_top_values(store, key, prefix, limit, values);
}

void expect_facets(const UserTagStore& store, std::size_t limit, const ReferenceStore& reference) {
  expect_keys(store, "", limit, reference);
  for (const auto& [key, counts] : values_of(reference)) {
    expect_value_pages(store, key, "", limit, counts, reference);
    expect_top_values(store, key, "", limit, counts);
  }
}

void expect_equal(const UserTagStore& store, const ReferenceStore& reference) {
  expect_number("revision", reference.revision(), store.revision());
  for (const auto& [ordinal, user] : reference.users()) {
    const std::string& id = reference.id(ordinal);
    const UserRef names[] = {id, user.external_id, UserRef::id(id), UserRef::external_id(user.external_id)};
    for (const UserRef& name : names) {
      expect_found("find " + in_quotes(name.text()), store.find(name), &user, reference);
      expect_read(store, name, user, id);
    }
    expect_not_found(store, UserRef::external_id(id));
    expect_not_found(store, UserRef::id(user.external_id));
  }
  expect_each(store, reference);
  expect_pages(store, kMaxPage, reference);
  if (!reference.users().empty()) expect_pages(store, (reference.users().size() + 1) / 2, reference);
  expect_counted(store, Selector(), reference);
  expect_facets(store, 2, reference);
  expect_facets(store, kMaxPage, reference);
}

void expect_figures(const Stats& stats, const ReferenceStore& reference) {
  std::size_t tags = 0;
  std::set<std::string> keys;
  std::set<std::pair<std::string, std::string>> values;
  for (const auto& [ordinal, user] : reference.users()) {
    tags += user.tags.size();
    values.insert(user.tags.begin(), user.tags.end());
    for (const auto& [key, value] : user.tags) keys.insert(key);
  }
  expect_number("stats().revision", reference.revision(), stats.revision);
  expect_number("stats().users", reference.users().size(), stats.users);
  expect_number("stats().tags", tags, stats.tags);
  expect_number("stats().tag_keys", keys.size(), stats.tag_keys);
  expect_number("stats().tag_values", values.size(), stats.tag_values);
  expect_number("stats().tokens", reference.tokens(), stats.tokens);
  expect(!stats.failed, "stats().failed", "false", "true");
  expect(stats.backlog_users <= stats.users, "stats().backlog_users", "at most the users",
         std::to_string(stats.backlog_users));
}

void expect_log_figures(const Stats& stats, const History& history, std::uint64_t known_floor) {
  const std::uint64_t oldest_to_keep =
      stats.revision + 1 - std::min<std::uint64_t>(stats.revision, history.min_changes);
  const std::uint64_t highest_floor = std::max(oldest_to_keep, known_floor);
  expect(stats.log_floor >= known_floor && stats.log_floor <= highest_floor, "stats().log_floor",
         std::to_string(known_floor) + " to " + std::to_string(highest_floor),
         std::to_string(stats.log_floor));
  expect(stats.log_floor <= stats.folded_revision + 1, "stats().log_floor",
         "no change pruned beyond the fold at " + std::to_string(stats.folded_revision),
         std::to_string(stats.log_floor));
}

void expect_views_equal(const std::filesystem::path& path, const ReferenceStore& reference) {
  StockSqlite stock(path, SQLITE_OPEN_READONLY);
  expect_rows("user_now", rows_now(reference),
              stock.query("SELECT id, external_id, revision FROM user_now ORDER BY id"));
  expect_rows(
      "tags of user_now", rows_of_tags(reference),
      stock.query("SELECT user_now.id, external_id, key, value FROM user_now, json_each(user_now.tags) "
                  "ORDER BY user_now.id, CAST(key AS BLOB)"));
  expect_rows("user_tag", rows_of_tags(reference),
              stock.query("SELECT user_id, external_id, key, value FROM user_tag "
                          "ORDER BY user_id, CAST(key AS BLOB)"));
}

}   // namespace usertags::test
