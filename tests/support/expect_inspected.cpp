#include "support/expect_inspected.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/describe.hpp"
#include "support/expect_equal.hpp"

namespace usertags::test {
namespace {

template <class T>
void expect_same_error(const std::string& what, const Result<T>& ours, const Result<T>& theirs) {
  expect(told(ours) == told(theirs), what, told(theirs), told(ours));
}

void expect_same(const std::string& what, const Result<User>& ours, const Result<User>& theirs) {
  expect_same_error(what, ours, theirs);
  if (theirs) expect(*ours == *theirs, what, describe(*theirs), describe(*ours));
}

void expect_same(const std::string& what, const std::vector<User>& ours, const std::vector<User>& theirs) {
  expect_number(what, theirs.size(), ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i)
    expect(ours[i] == theirs[i], what, describe(theirs[i]), describe(ours[i]));
}

// Every name that there is, was, or never was.
std::vector<std::string> names_of(const UserTagStore& store, const ReferenceStore& reference) {
  std::vector<std::string> names = {"", "nobody", "user_01m8h1befae8g81r5xm9jktsb2", "bad\xFF"};
  names.insert(names.end(), reference.ids().begin(), reference.ids().end());
  must(store.for_each(Selector(), [&](const User& user) { names.emplace_back(user.external_id()); }));
  return names;
}

void expect_users(const Inspector& inspector, const UserTagStore& store, const ReferenceStore& reference) {
  const std::vector<std::string> names = names_of(store, reference);
  std::vector<UserRef> refs;
  for (const std::string& name : names) {
    refs.insert(refs.end(), {UserRef(name), UserRef::id(name), UserRef::external_id(name)});
  }
  refs.insert(refs.end(), names.begin(), names.end());   // each a second time
  const auto ours = inspector.find_each(refs);
  expect_number("users of find_each", refs.size(), ours.size());
  for (std::size_t i = 0; i < refs.size(); ++i)
    expect_same("find_each " + in_quotes(refs[i].text()), ours[i], store.find(refs[i]));
  for (const std::string& name : names)
    expect_same("find " + in_quotes(name), inspector.find(name), store.find(name));
}

void expect_lists(const Inspector& inspector, const UserTagStore& store) {
  std::vector<User> ours;
  const Visited visited =
      must(inspector.for_each([&](const User& user) { ours.push_back(user); }), "for_each");
  std::vector<User> theirs;
  must(store.for_each(Selector(), [&](const User& user) { theirs.push_back(user); }));
  expect_same("for_each", ours, theirs);
  expect_number("users of for_each", theirs.size(), visited.users);
  expect_number("revision of for_each", store.revision(), visited.revision);
  for (const std::size_t limit : {1UL, 3UL, 10'000UL}) {
    PageRequest request{.limit = limit};
    do {
      const UserPage our_page = must(inspector.list(request), "list");
      const UserPage their_page = must(store.list(request), "list");
      expect_same("list", our_page.users, their_page.users);
      expect(our_page.next == their_page.next, "the cursor of list", "the same", "another");
      expect_number("revision of list", their_page.revision, our_page.revision);
      request.after = their_page.next;
    } while (request.after);
  }
  for (const PageRequest& wrong : {PageRequest{.limit = 0}, PageRequest{.after = Cursor("x")}})
    expect_same_error("list", inspector.list(wrong), store.list(wrong));
}

void expect_histories(const Inspector& inspector, const UserTagStore& store,
                      const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    PageRequest request{.limit = 2};
    do {
      const auto ours = inspector.history(name, request);
      const auto theirs = store.history(name, request);
      expect_same_error("history " + in_quotes(name), ours, theirs);
      if (!theirs) break;
      expect(ours->changes == theirs->changes && ours->next == theirs->next && ours->floor == theirs->floor,
             "history " + in_quotes(name), "as in the store", "another");
      request.after = theirs->next;
    } while (request.after);
  }
}

void expect_changes(const Inspector& inspector, const UserTagStore& store) {
  Position position = store.position().at(store.stats().log_floor - 1);
  for (bool goes_on = true; goes_on;) {
    const ChangePage ours = must(inspector.changes(position, 3), "changes");
    const ChangePage theirs = must(store.changes(position, 3), "changes");
    expect(ours.changes == theirs.changes && ours.next == theirs.next &&
               ours.epoch_changed == theirs.epoch_changed,
           "changes", "as in the store", "others");
    goes_on = !theirs.changes.empty();
    position = theirs.next;
  }
  const Position future = position.at(position.revision() + 1);
  const Position begin;
  for (const Position& wrong : {future, begin})
    expect_same_error("changes", inspector.changes(wrong), store.changes(wrong));
  expect_same_error("wait_for_changes", inspector.wait_for_changes(future, std::chrono::milliseconds(0)),
                    store.wait_for_changes(future, std::chrono::milliseconds(0)));
  expect_same_error("wait_for_changes", inspector.wait_for_changes(position, std::chrono::milliseconds(0)),
                    store.wait_for_changes(position, std::chrono::milliseconds(0)));
}

void expect_info(const Inspector& inspector, const UserTagStore& store) {
  const StoreInfo info = must(inspector.info(Inspector::Figures::of_users), "info");
  const Stats stats = store.stats();
  expect_number("info().revision", stats.revision, info.revision);
  expect(info.position == store.position(), "info().position", "that of the store", "another");
  expect_number("info().tokens", stats.tokens, info.tokens);
  expect_number("info().log_floor", stats.log_floor, info.log_floor);
  expect_number("info().folded_revision", stats.folded_revision, info.folded_revision);
  expect_number("info().database_bytes", stats.database_bytes, info.database_bytes);
  expect(info.settings == must(store.settings()), "info().settings", "those of the store", "others");
  expect_number("info().users", stats.users, info.users->users);
  expect_number("info().tags", stats.tags, info.users->tags);
  expect_number("info().tag_keys", stats.tag_keys, info.users->tag_keys);
  expect_number("info().tag_values", stats.tag_values, info.users->tag_values);
  expect_number("info().backlog_users", stats.backlog_users, info.users->backlog_users);
  expect(!must(inspector.info()).users, "info() without figures", "no figures", "figures");
}

}   // namespace

void expect_inspected(const Inspector& inspector, const UserTagStore& store,
                      const ReferenceStore& reference) {
  expect_users(inspector, store, reference);
  expect_lists(inspector, store);
  expect_histories(inspector, store, names_of(store, reference));
  expect_changes(inspector, store);
  expect_info(inspector, store);
}

}   // namespace usertags::test
