#include "support/expect_equal.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "support/describe.hpp"
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
  PageRequest request{.limit = limit, .after = {}};
  std::optional<std::size_t> after;
  do {
    const auto page = store.list(request);
    after = expect_page(page, limit, after, reference);
    request.after = page->next;
  } while (request.after);
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
                                       std::optional<std::size_t> after, const ReferenceStore& reference) {
  if (limit < 1 || limit > kMaxPage) {
    expect(!page && page.error() == ErrorCode::invalid_argument, "list", "invalid_argument",
           page ? "a page" : page.error().message());
    return after;
  }
  expect(page.has_value(), "list", "a page", page ? "" : page.error().message());
  expect_number("revision of a page", reference.revision(), page->revision);
  auto meant = after ? reference.users().upper_bound(*after) : reference.users().begin();
  for (const User& user : page->users) {
    expect(meant != reference.users().end(), "list", "the end", describe(user));
    expect_shows("list", user, meant->second, reference.id(meant->first));
    after = meant->first;
    ++meant;
  }
  const bool more = meant != reference.users().end();
  expect(page->users.size() == limit || (page->users.size() < limit && !more), "users on a page",
         std::to_string(limit), std::to_string(page->users.size()));
  expect(page->next.has_value() == more, "next of a page", more ? "a cursor" : "none", more ? "none" : "one");
  return after;
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
  expect(!stats.failed, "stats().failed", "false", "true");
  expect(stats.backlog_users <= stats.users, "stats().backlog_users", "at most the users",
         std::to_string(stats.backlog_users));
}

void expect_log_figures(const Stats& stats, const History& history, std::uint64_t floor_at_open) {
  const std::uint64_t oldest_to_keep =
      stats.revision + 1 - std::min<std::uint64_t>(stats.revision, history.min_changes);
  const std::uint64_t highest_floor = std::max(oldest_to_keep, floor_at_open);
  expect(stats.log_floor >= floor_at_open && stats.log_floor <= highest_floor, "stats().log_floor",
         std::to_string(floor_at_open) + " to " + std::to_string(highest_floor),
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
