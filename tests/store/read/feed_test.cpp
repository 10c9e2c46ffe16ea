// The change feed: what it shows, where it starts, and where it cannot.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <usertags/change.hpp>

#include "support/answers.hpp"
#include "support/rewrite.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

// A time that stands still.
constexpr std::chrono::sys_time<std::chrono::milliseconds> kNow{1'700'000'000'123ms};

Options options_with(Access access = Access::read_write) {
  Options options;
  options.access = access;
  options.clock = [] { return std::chrono::system_clock::time_point(kNow); };
  return options;
}

std::vector<std::uint64_t> revisions_of(const std::vector<Change>& changes) {
  std::vector<std::uint64_t> revisions;
  for (const Change& change : changes) revisions.push_back(change.revision);
  return revisions;
}

using Revisions = std::vector<std::uint64_t>;

class Feed : public testing::Test {
 protected:
  UserTagStore open(Access access = Access::read_write) const {
    return must(UserTagStore::open(path_, options_with(access)));
  }

  // So many changes of one user.
  static void make_changes(UserTagStore& store, int count) {
    must(store.create_user("ann"));
    for (int n = 1; n < count; ++n) must(store.apply("ann", TagBatch().set("n", std::to_string(n))));
  }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "users.db";
};

// --- In every kind of store. ---

enum class Kind { in_a_file, exclusive, in_memory };

class FeedOfEach : public Feed, public testing::WithParamInterface<Kind> {
 protected:
  FeedOfEach() : store_(open_it()) {}

  UserTagStore open_it() const {
    switch (GetParam()) {
      case Kind::in_a_file: return open();
      case Kind::exclusive: return open(Access::exclusive);
      case Kind::in_memory: break;
    }
    return must(UserTagStore::open_in_memory(options_with()));
  }

  UserTagStore store_;
};

TEST_P(FeedOfEach, ShowsEachChangeWithAllThatItWas) {
  const auto ann =
      must(store_.create_user("ann", {{"tier", "trial"}, {"größe", "\"x\"\n"}}, {.note = "new"}));
  const std::string id(ann.user->id());
  must(store_.apply("ann", TagBatch().set("tier", "gold").set("seats", "2").erase("größe").erase("none")));
  must(store_.apply("ann", TagBatch().set("tier", "gold")));   // changes nothing, and is no change
  must(store_.delete_user("ann", {.note = "asked to"}));
  const auto again = must(store_.create_user("ann"));

  const ChangePage page = must(store_.changes({}));
  ASSERT_EQ(page.changes.size(), 4U);
  EXPECT_EQ(page.changes[0], (Change{.revision = 1,
                                     .transaction = 1,
                                     .at = kNow,
                                     .kind = ChangeKind::created,
                                     .user_id = id,
                                     .external_id = "ann",
                                     .tags = {{"größe", "\"x\"\n"}, {"tier", "trial"}},
                                     .note = "new"}));
  EXPECT_EQ(page.changes[1],
            (Change{.revision = 2,
                    .transaction = 2,
                    .at = kNow,
                    .kind = ChangeKind::patched,
                    .user_id = id,
                    .external_id = "ann",
                    .tags = {{"größe", {}, "\"x\"\n"}, {"seats", "2", {}}, {"tier", "gold", "trial"}}}));
  EXPECT_EQ(page.changes[2], (Change{.revision = 3,
                                     .transaction = 3,
                                     .at = kNow,
                                     .kind = ChangeKind::deleted,
                                     .user_id = id,
                                     .external_id = "ann",
                                     .tags = {{"seats", {}, "2"}, {"tier", {}, "gold"}},
                                     .note = "asked to"}));
  EXPECT_EQ(page.changes[3].user_id, again.user->id());
  EXPECT_EQ(page.next, store_.position());
  EXPECT_FALSE(page.epoch_changed);
}

TEST_P(FeedOfEach, GoesOnWhereAPageEnded) {
  make_changes(store_, 10);
  for (const std::size_t limit : {1U, 3U, 10U, 10'000U}) {
    Position position;
    Revisions seen;
    while (true) {
      const ChangePage page = must(store_.changes(position, limit));
      EXPECT_LE(page.changes.size(), limit);
      if (page.changes.empty()) break;
      std::ranges::copy(revisions_of(page.changes), std::back_inserter(seen));
      position = must(Position::parse(page.next.text()));
      EXPECT_EQ(position.revision(), seen.back());
    }
    EXPECT_EQ(seen, (Revisions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})) << limit;
    EXPECT_EQ(position, store_.position());
  }
}

TEST_P(FeedOfEach, AnEmptyStoreHasNothingToShow) {
  EXPECT_EQ(store_.position().revision(), 0U);
  for (const Position& position : {Position(), store_.position()}) {
    const ChangePage page = must(store_.changes(position));
    EXPECT_TRUE(page.changes.empty());
    EXPECT_EQ(page.next, store_.position());
  }
}

TEST_P(FeedOfEach, RefusesWhatItCannotAnswer) {
  make_changes(store_, 3);
  const auto future = store_.changes(store_.position().at(4));
  ASSERT_EQ(code_of(future), ErrorCode::future_revision);
  EXPECT_EQ(future.error().current_revision(), 3U);
  EXPECT_EQ(code_of(store_.wait_for_changes(store_.position().at(4), 1min)), ErrorCode::future_revision);

  const Position elsewhere = must(UserTagStore::open_in_memory()).position();
  EXPECT_EQ(code_of(store_.changes(elsewhere)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store_.wait_for_changes(elsewhere, 1min)), ErrorCode::invalid_argument);

  for (const std::size_t limit : {0U, 10'001U}) {
    EXPECT_EQ(code_of(store_.changes({}, limit)), ErrorCode::invalid_argument);
  }
}

TEST_P(FeedOfEach, WaitsNoLongerThanItHasTo) {
  make_changes(store_, 2);
  EXPECT_EQ(must(store_.wait_for_changes({}, 1min)), 2U);
  EXPECT_EQ(must(store_.wait_for_changes(store_.position().at(1), std::chrono::milliseconds::max())), 2U);
  for (const auto timeout : {std::chrono::milliseconds::min(), -1ms, 0ms, 1ms}) {
    EXPECT_EQ(code_of(store_.wait_for_changes(store_.position(), timeout)), ErrorCode::timeout);
  }
}

TEST_P(FeedOfEach, AClosedStoreShowsNothing) {
  make_changes(store_, 2);
  const Position position = store_.position();
  must(store_.changes({}));
  must(store_.close());
  EXPECT_EQ(store_.position(), Position());
  EXPECT_EQ(code_of(store_.changes({})), ErrorCode::store_closed);
  EXPECT_EQ(code_of(store_.history("ann")), ErrorCode::store_closed);
  EXPECT_EQ(code_of(store_.wait_for_changes(position, 1min)), ErrorCode::store_closed);
}

INSTANTIATE_TEST_SUITE_P(Stores, FeedOfEach,
                         testing::Values(Kind::in_a_file, Kind::exclusive, Kind::in_memory));

// --- Positions and the life of a store. ---

TEST_F(Feed, PositionsStayGoodOverReopening) {
  Position position;
  {
    auto store = open();
    make_changes(store, 5);
    position = store.position().at(3);
    must(store.close());
  }
  const ChangePage page = must(open().changes(position));
  EXPECT_EQ(revisions_of(page.changes), (Revisions{4, 5}));
  EXPECT_FALSE(page.epoch_changed);
}

TEST_F(Feed, TellsOfAnotherEpochOnce) {
  auto store = open();
  make_changes(store, 3);
  const Position position = store.position().at(2);
  const std::filesystem::path copy = folder_ / "copy.db";   // as a crash leaves it
  std::filesystem::copy_file(path_, copy);
  std::filesystem::copy_file(path_.string() + "-wal", copy.string() + "-wal");
  auto recovered = must(UserTagStore::open(copy));
  const ChangePage page = must(recovered.changes(position));
  EXPECT_EQ(revisions_of(page.changes), (Revisions{3}));
  EXPECT_TRUE(page.epoch_changed);
  EXPECT_EQ(page.next, recovered.position());
  EXPECT_GT(page.next.epoch(), position.epoch());
  EXPECT_FALSE(must(recovered.changes(page.next)).epoch_changed);
  EXPECT_FALSE(must(recovered.changes({})).epoch_changed) << "a position of no store has none";
}

TEST_F(Feed, SaysWhereTheLogBeginsWhenMoreIsAskedFor) {
  Options options = options_with();
  settings_of(options).history.min_changes = 10;
  auto store = must(UserTagStore::open(path_, options));
  make_changes(store, 100);
  must(store.maintain(1min));
  const auto pruned = store.changes(store.position().at(5));
  ASSERT_EQ(code_of(pruned), ErrorCode::history_pruned);
  EXPECT_EQ(code_of(store.changes({})), ErrorCode::history_pruned);
  const std::uint64_t floor = pruned.error().floor().value();
  EXPECT_EQ(floor, store.stats().log_floor);
  const ChangePage page = must(store.changes(store.position().at(floor - 1)));
  EXPECT_EQ(page.changes.front().revision, floor);
  EXPECT_EQ(page.changes.back().revision, 100U);
  EXPECT_EQ(code_of(store.changes(store.position().at(floor - 2))), ErrorCode::history_pruned);
}

TEST_F(Feed, APageEndsWithATransaction) {
  {
    auto store = open();
    make_changes(store, 10);
    must(store.close());
  }
  rewrite_log(path_, [](std::vector<OwnedChange>& changes) {
    make_transaction(changes, 2, 5);
    make_transaction(changes, 7, 8);
  });
  const auto store = open();
  const auto page_of = [&](std::uint64_t after, std::size_t limit) {
    return revisions_of(must(store.changes(Position().at(after), limit)).changes);
  };
  EXPECT_EQ(page_of(0, 1), (Revisions{1}));
  EXPECT_EQ(page_of(1, 1), (Revisions{2, 3, 4, 5}));
  EXPECT_EQ(page_of(0, 3), (Revisions{1, 2, 3, 4, 5}));
  EXPECT_EQ(page_of(3, 1), (Revisions{4, 5})) << "from within one, its rest";
  EXPECT_EQ(page_of(5, 2), (Revisions{6, 7, 8}));
  const auto changes = must(store.changes({})).changes;
  EXPECT_EQ(changes[0].transaction, 1U);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(changes[i].transaction, 5U);
  EXPECT_EQ(changes[6].transaction, 8U);
}

// --- The deleted. ---

TEST_F(Feed, NamesTheDeletedAsLongAsTheyAreTold) {
  auto store = open();
  const std::string ann(must(store.create_user("ann", {{"a", "1"}})).user->id());
  must(store.apply("ann", TagBatch().set("a", "2")));
  must(store.delete_user("ann"));
  for (int reopened = 0; reopened < 2; ++reopened) {
    for (const Change& change : must(store.changes({})).changes) {
      EXPECT_EQ(change.user_id, ann);
      EXPECT_EQ(change.external_id, "ann");
    }
    must(store.close());
    store = open();
  }
}

// --- Read-only stores. ---

TEST_F(Feed, AReadOnlyStoreShowsAsMuchAsTheFileHas) {
  auto store = open();
  make_changes(store, 2);
  const auto reader = open(Access::read_only);
  EXPECT_EQ(reader.position(), store.position());
  must(store.apply("ann", TagBatch().set("n", "x")));
  const std::string bob(must(store.create_user("bob")).user->id());
  must(store.apply("bob", TagBatch().set("n", "1")));
  EXPECT_EQ(must(reader.wait_for_changes(reader.position(), 1min)), 5U);
  const ChangePage page = must(reader.changes(reader.position()));
  EXPECT_EQ(revisions_of(page.changes), (Revisions{3, 4, 5}));
  EXPECT_EQ(page.changes[2].user_id, bob);
  EXPECT_EQ(revisions_of(must(reader.history("ann")).changes), (Revisions{3, 2, 1}));
  EXPECT_EQ(reader.revision(), 2U);
  EXPECT_EQ(code_of(reader.wait_for_changes(page.next, 1ms)), ErrorCode::timeout);
}

TEST_F(Feed, AReadOnlyStoreWithoutAWriterKeepsNobodyOut) {
  {
    auto store = open();
    make_changes(store, 2);
    must(store.close());
  }
  const auto reader = open(Access::read_only);
  EXPECT_EQ(must(reader.changes({})).changes.size(), 2U);
  auto store = open();
  must(store.apply("ann", TagBatch().set("n", "x")));
  EXPECT_EQ(revisions_of(must(reader.changes(reader.position())).changes), (Revisions{3}));
}

// A row that stood would keep the snapshot for ever.
TEST_F(Feed, LookingPinsNoWal) {
  auto store = open();
  const std::string ann(must(store.create_user("ann")).user->id());
  must(store.delete_user("ann"));
  must(store.changes({}));
  must(store.history(ann));
  must(store.create_user("bob"));
  must(store.checkpoint());
  EXPECT_FALSE(store.stats().wal_pinned);
  EXPECT_EQ(revisions_of(must(store.changes({})).changes), (Revisions{1, 2, 3}));
}

TEST_F(Feed, LookingLeavesOneFileAfterTheClose) {
  auto store = open();
  make_changes(store, 2);
  must(store.changes({}));
  must(store.close());
  EXPECT_FALSE(std::filesystem::exists(path_.string() + "-wal"));
}

// --- View change, for the stock shell. ---

TEST_F(Feed, TheViewOfTheFileShowsTheSame) {
  auto store = open();
  must(store.create_user("ann", {{"tier", "trial"}, {"q", "\"\\\n"}}, {.note = "new \"one\""}));
  std::vector<Write> writes{CreateUser{"bob", {{"a", "1"}}, {}},
                            PatchUser{"ann", TagBatch().set("tier", "gold").erase("q").set("n", "1"), {}},
                            CreateUser{"cid", {}, {}}};
  must(store.apply_all(writes));
  must(store.delete_user("bob", {.note = "bye"}));
  writes = {PatchUser{"ann", TagBatch().set("n", "2"), {}}, PatchUser{"cid", TagBatch().set("n", "3"), {}}};
  std::ignore = store.apply_each(writes);
  const auto changes = must(store.changes({})).changes;
  ASSERT_EQ(changes.size(), 7U);
  const auto rows = StockSqlite(path_).query(
      "SELECT seq, id, kind, transaction_seq, at_ms, note, coalesce((SELECT group_concat(key || '=' || "
      "ifnull(value, '')) FROM json_each(before)), '(none)') FROM change JOIN user USING (ordinal) ORDER BY seq");
  ASSERT_EQ(rows.size(), changes.size());
  const std::uint64_t firsts[] = {1, 2, 2, 2, 5, 6, 7};
  const char* const befores[] = {"(none)", "(none)", "n=,q=\"\\\n,tier=trial", "(none)", "a=1", "n=1", "n="};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const StockSqlite::Row meant{std::to_string(changes[i].revision),
                                 changes[i].user_id,
                                 std::to_string(static_cast<int>(changes[i].kind)),
                                 std::to_string(firsts[i]),
                                 std::to_string(changes[i].at.time_since_epoch().count()),
                                 changes[i].note,
                                 befores[i]};
    EXPECT_EQ(rows[i], meant);
  }
  EXPECT_EQ(StockSqlite(path_).query("SELECT count(*), max(segment) FROM change WHERE segment > 1"),
            (std::vector<StockSqlite::Row>{{"6", "6"}}));
}

// --- A log that is not as it was written. ---

TEST_F(Feed, AForgedChangeIsNotShown) {
  auto store = open();
  make_changes(store, 5);
  const std::string id(store.find("ann")->id());
  StockSqlite(path_).run("UPDATE segment SET lived_ms = lived_ms + 1 WHERE first = 3");
  EXPECT_EQ(code_of(store.changes({})), ErrorCode::corrupt_store);
  EXPECT_EQ(code_of(store.history("ann")), ErrorCode::corrupt_store);
  EXPECT_EQ(revisions_of(must(store.changes(Position().at(3))).changes), (Revisions{4, 5}));
}

TEST_F(Feed, AMissingChangeIsNotSkipped) {
  auto store = open();
  make_changes(store, 5);
  for (const char* seq : {"5", "3"}) {
    StockSqlite(path_).run(std::string("DELETE FROM segment WHERE first = ") + seq);
    EXPECT_EQ(code_of(store.changes({})), ErrorCode::corrupt_store);
  }
}

TEST_F(Feed, AFileThatTookThePlaceOfTheStoreIsNotBelieved) {
  auto store = open();
  make_changes(store, 5);
  const std::filesystem::path other = folder_ / "other.db";
  {
    auto another = must(UserTagStore::open(other));
    make_changes(another, 9);
    must(another.close());
  }
  std::filesystem::rename(other, path_);
  std::filesystem::remove(path_.string() + "-wal");
  EXPECT_EQ(code_of(store.changes({})), ErrorCode::io_error);
  EXPECT_EQ(code_of(store.history("ann")), ErrorCode::io_error);
}

}   // namespace
}   // namespace usertags::test
