// The views user_now and user_tag against a naive computation, on random logs: creations, patches, deletions,
// names that are used again, and any share of it folded.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "model/change.hpp"
#include "samples.hpp"
#include "support/property.hpp"

namespace usertags::sqlite {
namespace {

using Tags = std::map<std::string, std::string>;

struct ModelUser {
  std::string external_id;
  std::uint64_t revision = 0;
  Tags tags;
  std::uint64_t first_pending = 0;   // the oldest patch that its row lacks; 0: none
};

// A store's file, and beside it what its users are.
class Log {
 public:
  // As the stock shell has it: views are on, and trusted with JSON functions.
  Log() {
    for (const int option : {SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
      sqlite3_db_config(connection().handle(), option, 1, nullptr);
    }
  }

  void create(const std::string& external_id, const Tags& tags) {
    const std::uint32_t ordinal = ++last_ordinal_;
    users_[ordinal] = {external_id, ++revision_, tags};
    std::string json;
    model::append_creation(test::id_of(ordinal), external_id, views_of(tags), json);
    append(ordinal, model::ChangeKind::created, json);
    database_.users().insert(*record_of(ordinal));
  }

  void patch(std::uint32_t ordinal, const std::map<std::string, std::optional<std::string>>& deltas) {
    ModelUser& user = users_.at(ordinal);
    user.revision = ++revision_;
    if (user.first_pending == 0) user.first_pending = revision_;
    std::vector<model::TagDelta> views;
    for (const auto& [key, value] : deltas) {
      if (value)
        user.tags[key] = *value;
      else
        user.tags.erase(key);
      views.push_back({key, value});
    }
    std::string json;
    model::append_patch(views, json);
    append(ordinal, model::ChangeKind::patched, json);
  }

  void remove(std::uint32_t ordinal) {
    const model::RecordPtr last = record_of(ordinal);
    users_.erase(ordinal);
    ++revision_;
    append(ordinal, model::ChangeKind::deleted, model::kDeletionPatch);
    database_.users().bury(*model::Record::make_tombstone(*last, revision_));
  }

  void fold(std::uint32_t ordinal) {
    std::string text;
    database_.users().fold(std::array{UserTable::folded(*record_of(ordinal), text)});
    users_.at(ordinal).first_pending = 0;
  }

  // Writes the state; folded_revision may stay behind by `lag`.
  void settle(std::uint64_t lag) {
    std::uint64_t folded = revision_;
    for (const auto& [ordinal, user] : users_) {
      if (user.first_pending != 0) folded = std::min(folded, user.first_pending - 1);
    }
    State state = test::first_state();
    state.revision = revision_;
    state.last_ordinal = last_ordinal_;
    state.folded_revision = folded - std::min(folded, lag);
    database_.state().write(state);
  }

  const std::map<std::uint32_t, ModelUser>& users() const { return users_; }
  Connection& connection() { return database_.connection(); }

 private:
  static std::vector<Tag> views_of(const Tags& tags) {
    std::vector<Tag> views;
    for (const auto& [key, value] : tags) views.push_back({key, value});
    return views;
  }
  model::RecordPtr record_of(std::uint32_t ordinal) {
    const ModelUser& user = users_.at(ordinal);
    return test::make_record(ordinal, user.revision, views_of(user.tags), user.external_id);
  }
  void append(std::uint32_t ordinal, model::ChangeKind kind, std::string_view json) {
    model::Change change = test::make_patch(revision_, ordinal, json);
    change.kind = kind;
    test::append(database_, change, 0);
  }

  Database database_{test::in_memory(), test::first_state()};
  std::map<std::uint32_t, ModelUser> users_;
  std::uint32_t last_ordinal_ = 0;
  std::uint64_t revision_ = 0;
};

// --- Keys and values that JSON, SQL or JSON paths could trip over. ---

std::string awkward_text(bool may_be_empty) {
  static const std::vector<std::string> kParts = {
      "a",    "b",   "\"",      "\\",           "'",        "\x01",
      "\x1F", "\n",  "\t",      "\x7F",         "\xC3\xA9", "\xF0\x9D\x84\x9E",
      ".",    "$",   "[0]",     "$x",           "a.b",      "*",
      " ",    "%",   "&",       "null",         "{",        "}",
      "true", "\"a", "\\u0041", "\xE2\x80\xA8", "tags"};
  const int parts = *rc::gen::inRange(may_be_empty ? 0 : 1, 4);
  std::string text;
  for (int i = 0; i < parts; ++i) text += *rc::gen::elementOf(kParts);
  return text;
}

// Few keys, so that patches meet.
std::vector<std::string> some_keys() {
  std::vector<std::string> keys;
  for (int i = 0; i < 6; ++i) keys.push_back(awkward_text(false));
  return keys;
}

Tags some_tags(const std::vector<std::string>& keys) {
  Tags tags;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) tags[*rc::gen::elementOf(keys)] = awkward_text(true);
  return tags;
}

std::map<std::string, std::optional<std::string>> some_deltas(const std::vector<std::string>& keys) {
  std::map<std::string, std::optional<std::string>> deltas;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    auto& delta = deltas[*rc::gen::elementOf(keys)];
    if (*rc::gen::inRange(0, 3) != 0) delta = awkward_text(true);
  }
  return deltas;
}

void live(Log& log) {
  const std::vector<std::string> keys = some_keys();
  const int steps = *rc::gen::inRange(0, 60);
  for (int i = 0; i < steps; ++i) {
    const int kind = log.users().empty() ? 0 : *rc::gen::inRange(0, 12);
    const std::string name = "user \"" + std::to_string(*rc::gen::inRange(0, 4));
    const auto holds_name = [&](const auto& entry) { return entry.second.external_id == name; };
    if (kind < 2) {
      if (std::ranges::none_of(log.users(), holds_name)) log.create(name, some_tags(keys));
      continue;
    }
    const auto index = *rc::gen::inRange<std::size_t>(0, log.users().size());
    const std::uint32_t ordinal = std::next(log.users().begin(), static_cast<std::ptrdiff_t>(index))->first;
    if (kind < 9)
      log.patch(ordinal, some_deltas(keys));
    else if (kind < 11)
      log.fold(ordinal);
    else
      log.remove(ordinal);
  }
  log.settle(*rc::gen::inRange<std::uint64_t>(0, 5));
}

// --- Both sides as rows. ---

using UserRow = std::tuple<std::string, std::string, std::uint64_t>;
using TagRow = std::tuple<std::string, std::string, std::string, std::string>;

std::vector<UserRow> users_of_model(const Log& log) {
  std::vector<UserRow> rows;
  for (const auto& [ordinal, user] : log.users()) {
    rows.emplace_back(test::id_of(ordinal), user.external_id, user.revision);
  }
  return rows;
}

std::vector<TagRow> tags_of_model(const Log& log) {
  std::vector<TagRow> rows;
  for (const auto& [ordinal, user] : log.users()) {
    for (const auto& [key, value] : user.tags)
      rows.emplace_back(test::id_of(ordinal), user.external_id, key, value);
  }
  return rows;
}

std::vector<UserRow> users_of_view(Log& log) {
  std::vector<UserRow> rows;
  Statement select(log.connection(), "SELECT id, external_id, revision FROM user_now ORDER BY id");
  while (select.step()) {
    rows.emplace_back(select.text(0), select.text(1), static_cast<std::uint64_t>(select.integer(2)));
  }
  return rows;
}

std::vector<TagRow> tags_of(Log& log, std::string_view sql) {
  std::vector<TagRow> rows;
  Statement select(log.connection(), sql);
  while (select.step()) rows.emplace_back(select.text(0), select.text(1), select.text(2), select.text(3));
  return rows;
}

TEST(Views, EqualTheNaiveComputationOnRandomLogs) {
  test::check_property(400, [] {
    Log log;
    live(log);
    RC_ASSERT(users_of_view(log) == users_of_model(log));
    RC_ASSERT(tags_of(log, "SELECT user_id, external_id, key, value FROM user_tag ORDER BY user_id, key") ==
              tags_of_model(log));
    RC_ASSERT(tags_of(log,
                      "SELECT user_now.id, external_id, tag.key, tag.value "
                      "FROM user_now, json_each(user_now.tags) AS tag ORDER BY user_now.id, tag.key") ==
              tags_of_model(log));
  });
}

// A change that a row has already is applied again, where folded_revision lags behind: without harm.
TEST(Views, DoNotGoBackBehindAFoldedRow) {
  Log log;
  log.create("ann", {{"tier", "1"}});
  log.patch(1, {{"tier", "2"}});
  log.patch(1, {{"tier", "3"}, {"more", "x"}});
  log.patch(1, {{"more", std::nullopt}});
  log.fold(1);
  log.settle(100);
  EXPECT_EQ(tags_of(log, "SELECT user_id, external_id, key, value FROM user_tag"), tags_of_model(log));
  EXPECT_EQ(users_of_view(log), users_of_model(log));
}

std::string plan_of(Log& log, const std::string& sql) {
  std::string plan;
  Statement explain(log.connection(), "EXPLAIN QUERY PLAN " + sql);
  while (explain.step()) plan += std::string(explain.text(3)) + '\n';
  return plan;
}

TEST(Views, LookForPendingPatchesInTheUnfoldedPartOfTheLogOnly) {
  Log log;
  const std::string plan = plan_of(log, "SELECT * FROM user_tag");
  EXPECT_NE(plan.find("SEARCH segment USING INTEGER PRIMARY KEY (rowid>?)"), std::string::npos) << plan;
}

// An ordinal out of JSON has to be an integer to SQLite: else it walks all users for each change.
TEST(Views, FindTheUserOfAChangeByKey) {
  Log log;
  const std::string now = plan_of(log, "SELECT * FROM user_now");
  EXPECT_NE(now.find("SEARCH pending USING AUTOMATIC COVERING INDEX (ordinal=?)"), std::string::npos) << now;
  const std::string deleted = plan_of(log, "SELECT * FROM change JOIN user USING (ordinal) WHERE kind = 3");
  EXPECT_NE(deleted.find("SEARCH user USING INTEGER PRIMARY KEY (rowid=?)"), std::string::npos) << deleted;
}

}   // namespace
}   // namespace usertags::sqlite
