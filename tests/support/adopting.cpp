#include "support/adopting.hpp"

#include <fstream>
#include <iterator>

#include "support/answers.hpp"
#include "support/expect_equal.hpp"
#include "support/expect_log.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::test {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TagBatch batch_of(const std::vector<TagChange>& tags) {
  TagBatch batch;
  for (const auto& [key, value, before] : tags) value ? batch.set(key, *value) : batch.erase(key);
  return batch;
}

TagList list_of(const std::vector<TagChange>& tags) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& [key, value, before] : tags) list.emplace_back(key, value.value());
  return TagList(list);
}

Verdict write(ReferenceStore& reference, const ForeignChange& change, const ApplyOptions& options) {
  switch (change.kind) {
    case ChangeKind::created: return reference.create_user(change.external_id, list_of(change.tags), options);
    case ChangeKind::patched:
      return reference.apply(UserRef::id(change.user_id), batch_of(change.tags), options);
    case ChangeKind::deleted: return reference.delete_user(UserRef::id(change.user_id), options);
  }
  return {};
}

void expect_shown(UserTagStore& store, const ReferenceStore& reference, LogOf log) {
  expect_equal(store, reference);
  if (log == LogOf::whole_past) expect_log(store, reference);
  const VerifyReport report = must(store.verify());
  expect(report.ok(), "verify", "no problem", report.ok() ? "" : report.problems.front().what);
}

}   // namespace

std::string describe(const ForeignChange& change) {
  std::string text = std::string(to_string(change.kind)) + ' ' + change.external_id;
  for (const auto& [key, value, before] : change.tags) text += value ? ' ' + key + '=' + *value : " !" + key;
  if (!change.complete) text += " (in part)";
  if (!change.logged) text += " (row)";
  if (!change.problem.empty()) text += " PROBLEM";
  return text;
}

std::vector<std::string> describe(const std::vector<ForeignChange>& changes) {
  std::vector<std::string> texts;
  for (const ForeignChange& change : changes) texts.push_back(describe(change));
  return texts;
}

void take_in(ReferenceStore& reference, const Adoption& adoption, const std::string& note) {
  for (const ForeignChange& change : adoption.changes) {
    if (!change.logged) continue;
    const Verdict verdict = write(reference, change, {.note = note});
    expect(!verdict.error && verdict.changed, "adopting " + describe(change), "a change",
           verdict.error ? std::string(to_string(*verdict.error)) : "none");
    if (change.kind == ChangeKind::created) reference.learn_id(change.user_id);
  }
  expect_number("Adoption::revision", reference.revision(), adoption.revision);
}

void expect_adopted(const std::filesystem::path& path, ReferenceStore& reference, LogOf log) {
  expect_views_equal(path, reference);
  Options options;
  options.access = Access::read_only;
  {
    auto reader = must(UserTagStore::open(path, options));
    expect_shown(reader, reference, log);
  }
  options.access = Access::read_write;
  options.durability = Durability::relaxed;
  for (int time = 0; time < 2; ++time) {
    auto store = must(UserTagStore::open(path, options));
    expect_shown(store, reference, log);
    const std::string name = "after " + std::to_string(reference.revision());
    const Applied created = must(store.create_user(name, {{"n", "1"}}));
    reference.create_user(name, {{"n", "1"}}, {});
    reference.learn_id(created.user->id());
    expect_shown(store, reference, log);
    must(store.close());
  }
}

Shown shown_by_views(const std::filesystem::path& path) {
  StockSqlite stock(path, SQLITE_OPEN_READONLY);
  Shown shown;
  for (const auto& row : stock.query("SELECT external_id FROM user_now")) shown[row[0]];
  for (const auto& row : stock.query("SELECT external_id, key, value FROM user_tag"))
    shown[row[0]][row[1]] = row[2];
  return shown;
}

Shown shown_by(const UserTagStore& store) {
  Shown shown;
  must(store.for_each(Selector(), [&](const User& user) {
    auto& tags = shown[std::string(user.external_id())];
    for (const auto& [key, value] : user.tags()) tags[std::string(key)] = value;
  }));
  return shown;
}

std::pair<std::string, std::string> file_bytes(const std::filesystem::path& path) {
  return {bytes_of(path), bytes_of(path.string() + "-wal")};
}

}   // namespace usertags::test
