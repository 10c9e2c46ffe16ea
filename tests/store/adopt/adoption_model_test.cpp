// Adoption against the reference: random edits of rows, over a store with any past and a backlog, are
// adopted, and the store is the reference with those edits.
#include <rapidcheck.h>

#include <map>
#include <string>
#include <vector>

#include "store/adopt/adoption_fixture.hpp"
#include "support/expect_equal.hpp"
#include "support/generators.hpp"
#include "support/property.hpp"
#include "support/settings.hpp"

namespace usertags::test {
namespace {

using Tags = std::map<std::string, std::string>;

struct RowEdit {
  enum class Kind : std::uint8_t { tags, bury, remove, insert } kind{};
  std::size_t victim = 0;   // of the rows there are, modulo their number
  Tags tags;
  bool spaced = false;
};

void showValue(const RowEdit& edit, std::ostream& out) {
  constexpr const char* kNames[] = {"tags", "bury", "remove", "insert"};
  out << "\n  " << kNames[static_cast<int>(edit.kind)] << ' ' << edit.victim;
  for (const auto& [key, value] : edit.tags) out << ' ' << key << '=' << value;
}

rc::Gen<RowEdit> any_edit() {
  const auto tags =
      rc::gen::container<Tags>(rc::gen::element<std::string>("tier", "team", "seats", "\"q\"", "n\xC3\xA9"),
                               rc::gen::element<std::string>("gold", "", "\\", "x\ny"));
  const auto kind = rc::gen::weightedElement<RowEdit::Kind>({{6, RowEdit::Kind::tags},
                                                             {1, RowEdit::Kind::bury},
                                                             {1, RowEdit::Kind::remove},
                                                             {2, RowEdit::Kind::insert}});
  return rc::gen::map(
      rc::gen::tuple(kind, rc::gen::inRange<std::size_t>(0, 50), tags, rc::gen::arbitrary<bool>()),
      [](auto parts) {
        auto& [edit, victim, of_row, spaced] = parts;
        return RowEdit{edit, victim, std::move(of_row), spaced};
      });
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// As SQLite writes an object, which is not as the store does.
std::string json_sql(const RowEdit& edit) {
  std::string sql = "json_object(";
  for (const auto& [key, value] : edit.tags)
    sql += (sql.ends_with('(') ? "" : ",") + quoted(key) + ',' + quoted(value);
  return edit.spaced ? "' ' || " + sql + ") || ' '" : sql + ')';
}

void apply(const RowEdit& edit, int number, const std::filesystem::path& path) {
  StockSqlite stock(path);
  if (edit.kind == RowEdit::Kind::insert) {
    stock.run("INSERT INTO user SELECT last_ordinal + " + std::to_string(number + 1) +
              ", 'user_01h455vb4pex5vsknk084sn02q', 'new " + std::to_string(number) + "', 1, 0, " +
              json_sql(edit) + " FROM state");
    return;
  }
  const auto rows =
      stock.query("SELECT ordinal FROM user, state WHERE tags IS NOT NULL AND ordinal <= last_ordinal");
  if (rows.empty()) return;
  const std::string where = " WHERE ordinal = " + rows[edit.victim % rows.size()][0];
  switch (edit.kind) {
    case RowEdit::Kind::tags: return stock.run("UPDATE user SET tags = " + json_sql(edit) + where);
    case RowEdit::Kind::bury: return stock.run("UPDATE user SET tags = NULL" + where);
    case RowEdit::Kind::remove: return stock.run("DELETE FROM user" + where);
    case RowEdit::Kind::insert: break;
  }
}

// A past of writes, of which the newest are in the log only.
void write_past(CheckedStore& store, const Options& options) {
  for (const WriteIntent& intent : *up_to(25, any_write())) store.write(resolve(intent, store.reference()));
  if (*rc::gen::arbitrary<bool>()) store.reopen(Ending::closed, options);
  for (const WriteIntent& intent : *up_to(8, any_write())) store.write(resolve(intent, store.reference()));
}

TEST(AdoptionModel, RandomEditsAreAdoptedAndNothingElseChanges) {
  const TempDir folder(memory_folder());
  int number = 0;
  check_property(150, [&] {
    const auto path = folder / std::to_string(number++);
    ReferenceStore reference;
    {
      CheckedStore store(path, relaxed());
      write_past(store, relaxed());
      reference = store.reference();
      if (*rc::gen::arbitrary<bool>()) store.reopen(Ending::dropped, relaxed());
    }
    const auto edits = *up_to(6, any_edit());
    for (std::size_t i = 0; i < edits.size(); ++i) apply(edits[i], static_cast<int>(i), path);
    const Shown shown = shown_by_views(path);
    const Adoption adoption = must(UserTagStore::adopt(path, {.note = "edited"}));
    RC_ASSERT(adoption.adopted);
    RC_ASSERT(adoption.proved);
    take_in(reference, adoption, "edited");
    RC_ASSERT(shown_by_views(path) == shown);
    expect_adopted(path, reference);
  });
}

// Where the log forgets: users are still as the rows say, for whoever opens the store and for who followed
// it.
TEST(AdoptionModel, WhatTheLogHasForgottenIsAdoptedAsItStands) {
  const TempDir folder(memory_folder());
  Options options = relaxed();
  settings_of(options).history.min_changes = 3;
  options.housekeeping.backlog_users = 1;
  int number = 0;
  check_property(150, [&] {
    const auto path = folder / std::to_string(number++);
    {
      CheckedStore store(path, options);
      write_past(store, options);
    }
    Options looking;
    looking.access = Access::read_only;
    auto follower = must(UserTagStore::open(path, looking));
    const auto edits = *up_to(6, any_edit());
    for (std::size_t i = 0; i < edits.size(); ++i) apply(edits[i], static_cast<int>(i), path);
    const Shown shown = shown_by_views(path);
    const Adoption adoption = must(UserTagStore::adopt(path));
    RC_CLASSIFY(adoption.adopted);
    if (!adoption.adopted) return;   // nobody can tell which tags somebody had who has none now
    auto store = must(UserTagStore::open(path, options));
    RC_ASSERT(shown_by(store) == shown);
    RC_ASSERT(must(store.verify()).ok());
    const auto refreshed = follower.refresh();
    if (!refreshed) {   // users are gone, and no revision tells when
      RC_ASSERT(code_of(refreshed) == ErrorCode::store_failed && follower.revision() == store.revision());
      return;
    }
    RC_ASSERT(shown_by(follower) == shown);
    RC_ASSERT(must(follower.verify()).ok());
  });
}

}   // namespace
}   // namespace usertags::test
