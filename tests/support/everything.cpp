#include "support/everything.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/answers.hpp"
#include "support/describe.hpp"

namespace usertags::test {
namespace {

void append_users(const UserTagStore& store, std::vector<std::string>& lines) {
  must(store.for_each(Selector(), [&](const User& user) { lines.push_back(describe(user)); }));
}

void append_facets(const UserTagStore& store, std::vector<std::string>& lines) {
  for (const auto& key : must(store.tag_keys({.limit = 10'000})).keys) {
    lines.push_back(key.key + ": " + std::to_string(key.users));
  }
}

std::string line_of(const Change& change) {
  std::string line = std::to_string(change.revision) + ' ' + std::to_string(change.transaction) + ' ' +
                     std::to_string(change.at.time_since_epoch().count()) + ' ' + change.user_id + ' ' +
                     change.external_id + ' ' + std::string(to_string(change.kind)) + ' ' + change.note;
  for (const TagChange& tag : change.tags) {
    line += ' ' + tag.key + '=' + tag.value.value_or("(removed)") + " was " + tag.before.value_or("(absent)");
  }
  return line;
}

void append_changes(const UserTagStore& store, std::vector<std::string>& lines) {
  Position position = store.position().at(store.stats().log_floor - 1);
  while (true) {
    const ChangePage page = must(store.changes(position, 10'000));
    if (page.changes.empty()) return;
    for (const Change& change : page.changes) lines.push_back(line_of(change));
    position = page.next;
  }
}

}   // namespace

std::vector<std::string> everything(const UserTagStore& store) {
  const VerifyReport report = must(store.verify());
  if (!report.ok()) throw std::runtime_error("verify: " + report.problems.front().what);
  std::vector<std::string> lines{report.digest, std::to_string(report.revision),
                                 std::to_string(report.tokens)};
  append_users(store, lines);
  append_facets(store, lines);
  append_changes(store, lines);
  return lines;
}

Users users_of(const UserTagStore& store) {
  Users users;
  PageRequest request;
  request.limit = 10'000;
  for (const User& user : must(store.list(request)).users) {
    std::string tags;
    for (const Tag tag : user.tags()) tags.append(tag.key).append("=").append(tag.value).append(" ");
    users[std::string(user.external_id())] = {user.revision(), tags};
  }
  return users;
}

void create_big_users(UserTagStore& store, int first, int last) {
  const std::string value(200, 'v');
  std::vector<Write> writes;
  for (int n = first; n <= last; ++n) {
    writes.push_back(
        CreateUser{std::to_string(n), {{"a", value}, {"b", value}, {"n", std::to_string(n)}}, {}});
  }
  for (const auto& created : store.apply_each(writes)) must(created);
}

}   // namespace usertags::test
