// The views user_now and user_tag, as the stock sqlite3 shell shows them, are right at any time: with a
// backlog in the log, after close, and after a kill.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/child.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

// Creations, patches of every kind in awkward characters, deletions, and a name that is used again.
void live(CheckedStore& store) {
  const std::string awkward[] = {"a\"b",     "back\\slash",      "tab\t", "\x01", "\x7F",
                                 "\xC3\xA9", "\xF0\x9D\x84\x9E", "'"};
  for (const char* name : {"ann", "bob", "cid", "d\"'\\"}) {
    must(store.create_user(name, {{"tier", "gold"}, {"gone", "soon"}}));
  }
  for (const std::string& text : awkward) must(store.apply("ann", TagBatch().set(text, text)));
  must(store.apply("bob", TagBatch().erase("tier").erase("gone")));
  must(store.apply("bob", TagBatch().set("tier", "")));
  must(store.apply("d\"'\\", TagBatch().erase("gone").update("tier", "null")));
  must(store.delete_user("cid"));
  must(store.create_user("cid", {{"second", "life"}}));
  for (const std::string& text : awkward)
    must(store.apply("ann", TagBatch().update(text, "changed").erase("gone")));
  must(store.apply("ann", TagBatch().erase("a\"b").erase("\x01")));
}

TEST(Views, EqualTheUsersThroughTheLifeOfAStore) {
  const TempDir folder;
  CheckedStore store(folder / "users.db", {});
  store.check_views();
  live(store);
  EXPECT_GT(store.store().stats().backlog_users, 0U);
  store.check_views();
  store.reopen(Ending::dropped, {});
  store.check_views();
  must(store.apply("ann", TagBatch().set("more", "x")));
  store.maintain();
  store.check_views();
  must(store.apply("ann", TagBatch().set("more", "y")));
  store.reopen(Ending::killed, {});
  store.check_views();
  must(store.store().close());
  store.check_views();
}

TEST(Views, AreRightAfterTheWriterWasKilled) {
  const TempDir folder;
  const auto path = folder / "users.db";
  Child child([&](const Reporter& parent) {
    CheckedStore store(path, {});
    live(store);
    parent.tell("done");
    pause();
  });
  ASSERT_EQ(child.read_line(), "done");
  child.kill();
  const auto rows = [&] {
    return StockSqlite(path, SQLITE_OPEN_READONLY)
        .query("SELECT external_id, key, value FROM user_tag ORDER BY external_id, key");
  };
  const auto after_the_kill = rows();
  must(must(UserTagStore::open(path)).close());
  EXPECT_EQ(rows(), after_the_kill);
  // The reference of this process lives the same life in another file.
  CheckedStore twin(folder / "twin.db", {});
  live(twin);
  EXPECT_EQ(StockSqlite(folder / "twin.db", SQLITE_OPEN_READONLY)
                .query("SELECT external_id, key, value FROM user_tag ORDER BY external_id, key"),
            after_the_kill);
  twin.check_views();
}

}   // namespace
}   // namespace usertags::test
