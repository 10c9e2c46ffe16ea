// Adoption: what a stock SQLite connection did to a closed store is shown, checked, and taken into the log.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "store/adopt/adoption_fixture.hpp"

namespace usertags::test {
namespace {

// --- Where the log has every user from its creation on: changes are known exactly. ---

struct Edit {
  const char* name;
  const char* sql;
  Words changes;
};

void PrintTo(const Edit& edit, std::ostream* out) {
  *out << edit.name;
}

const Edit kEdits[] = {
    {"ATagChanged",
     R"(UPDATE user SET tags = '{"team":"blue","tier":"none"}' WHERE external_id = 'ann')",
     {"patched ann tier=none"}},
    {"ATagAdded",
     R"(UPDATE user SET tags = '{"a":"","team":"blue","tier":"gold","z":"1"}' WHERE ordinal = 1)",
     {"patched ann a= z=1"}},
    {"ATagRemoved", R"(UPDATE user SET tags = '{"tier":"gold"}' WHERE ordinal = 1)", {"patched ann !team"}},
    {"AllTagsRemoved", "UPDATE user SET tags = '{}' WHERE ordinal = 1", {"patched ann !team !tier"}},
    {"TagsOfEverybody",
     R"(UPDATE user SET tags = json_set(tags, '$.vip', '1') WHERE tags IS NOT NULL)",
     {"patched ann vip=1", "patched bob vip=1", "patched cid vip=1"}},
    {"EscapesOrderAndWhiteSpace",
     R"(UPDATE user SET tags = ' { "tier" : "\u0067old" , "\u006e\u00e9" : "\"x\ud834\udd1e" } ' WHERE ordinal = 1)",
     {"patched ann n\xC3\xA9=\"x\xF0\x9D\x84\x9E !team"}},
    {"AnotherSpelling",
     R"(UPDATE user SET tags = '{"tier":"\u0067old", "team":"blue"}' WHERE ordinal = 1)",
     {"patched ann (row)"}},
    {"ARevisionSetBack", "UPDATE user SET revision = 1 WHERE ordinal = 1", {"patched ann (row)"}},
    {"AChecksum",
     "UPDATE user SET checksum = 0",
     {"deleted dan (row)", "patched ann (row)", "patched bob (row)", "patched cid (row)"}},
    {"ADeletion", "UPDATE user SET tags = NULL WHERE ordinal = 1", {"deleted ann"}},
    {"ARowLess", "DELETE FROM user WHERE ordinal = 1", {"deleted ann"}},
    {"AllRowsLess", "DELETE FROM user", {"deleted ann", "deleted bob", "deleted cid", "deleted dan (row)"}},
    {"ATombstoneOfAnotherName",
     "UPDATE user SET external_id = 'eve' WHERE external_id = 'dan'",
     {"deleted dan (row)"}},
    {"ARowMore",
     R"(INSERT INTO user VALUES (5, 'user_01h455vb4pex5vsknk084sn02q', 'eve', 1, 0, '{"tier":"new"}'))",
     {"created eve tier=new"}},
    {"ARowMoreFarOff",
     R"(INSERT INTO user VALUES (4294967295, 'an id of 31 characters, or none', 'eve', 9, 0, '{}'))",
     {"created eve"}},
    {"RowsMore",
     R"(INSERT INTO user SELECT ordinal + 7, id, 'new ' || external_id, revision, checksum, tags FROM user
        WHERE tags IS NOT NULL)",
     {"created new ann team=blue tier=gold", "created new bob tier=trial", "created new cid"}},
    {"AFreedNameTakenAgain",
     R"(UPDATE user SET tags = NULL WHERE external_id = 'ann';
        INSERT INTO user SELECT 5, id, 'ann', 1, 0, '{"tier":"new"}' FROM user WHERE ordinal = 1)",
     {"deleted ann", "created ann tier=new"}},
    {"TheNameOfADeletedUser",
     "INSERT INTO user SELECT 9, id, external_id, 1, 0, '{}' FROM user WHERE ordinal = 4",
     {"created dan"}},
    {"OfEachKind",
     R"(DELETE FROM user WHERE ordinal IN (2, 4);
        UPDATE user SET tags = '{"tier":"none"}' WHERE ordinal = 1;
        UPDATE user SET tags = '{ }' WHERE ordinal = 3;
        INSERT INTO user SELECT 5, id, 'eve', 1, 0, '{"tier":"new"}' FROM user WHERE ordinal = 1;
        INSERT INTO user SELECT 6, id, 'fay', 1, 0, '{}' FROM user WHERE ordinal = 1)",
     {"deleted bob", "deleted dan (row)", "patched ann !team tier=none", "patched cid (row)",
      "created eve tier=new", "created fay"}},
};

class Folded : public AdoptionTest, public testing::WithParamInterface<Edit> {};

TEST_P(Folded, IsAdopted) {
  make_store(Ending::closed);
  run(GetParam().sql);
  ASSERT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::foreign_write);
  const Adoption seen = must(adopt({.dry_run = true}));
  EXPECT_EQ(describe(seen.changes), GetParam().changes);
  EXPECT_FALSE(seen.adopted);
  EXPECT_TRUE(seen.proved);
  EXPECT_EQ(seen.revision, 7U);
  EXPECT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::foreign_write) << "a dry run changes nothing";
  const Adoption adoption = must_adopt();
  EXPECT_TRUE(adoption.proved);
  EXPECT_EQ(adoption.entries_forgotten + adoption.tokens_forgotten, 0U);
}

INSTANTIATE_TEST_SUITE_P(Edits, Folded, testing::ValuesIn(kEdits),
                         [](const auto& edit) { return edit.param.name; });

// Patches that are in the log only are applied over what the row says, as at open.
const Edit kEditsOverABacklog[] = {
    {"ATagThatIsNotPatched",
     R"(UPDATE user SET tags = '{"a":"1","tier":"trial"}' WHERE ordinal = 1)",
     {"patched ann a=1"}},
    {"ATagThatIsPatched",
     R"(UPDATE user SET tags = '{"tier":"none"}' WHERE ordinal = 1)",
     {"patched ann (row)"}},
    {"ATagThatIsRemoved",
     R"(UPDATE user SET tags = '{"team":"green","tier":"none"}' WHERE ordinal = 2)",
     {"patched bob tier=none"}},
    {"ARevisionSetForward",
     "UPDATE user SET revision = 7 WHERE ordinal = 1",
     {"patched ann !team tier=trial"}},
    {"AnotherSpelling",
     R"(UPDATE user SET tags = '{ "tier":"trial" }' WHERE ordinal = 1)",
     {"patched ann (row)"}},
    {"ADeletion", "UPDATE user SET tags = NULL WHERE ordinal = 1", {"deleted ann"}},
    {"ARowLess", "DELETE FROM user WHERE ordinal = 1", {"deleted ann"}},
    {"ARowMore",
     R"(INSERT INTO user SELECT 5, id, 'eve', 1, 0, '{"tier":"new"}' FROM user WHERE ordinal = 1)",
     {"created eve tier=new"}},
};

class WithABacklog : public AdoptionTest, public testing::WithParamInterface<Edit> {};

TEST_P(WithABacklog, IsAdopted) {
  make_store(Ending::dropped);
  ASSERT_EQ(query("SELECT folded_revision FROM state"), "4");
  run(GetParam().sql);
  const Adoption adoption = must_adopt();
  EXPECT_EQ(describe(adoption.changes), GetParam().changes);
  EXPECT_TRUE(adoption.proved);
}

INSTANTIATE_TEST_SUITE_P(Edits, WithABacklog, testing::ValuesIn(kEditsOverABacklog),
                         [](const auto& edit) { return edit.param.name; });

// Opening does not miss it: only the feed would.
TEST_F(AdoptionTest, ATombstoneThatWasTakenAwayIsPutBack) {
  make_store(Ending::closed);
  run("DELETE FROM user WHERE external_id = 'dan'");
  EXPECT_EQ(describe(must_adopt().changes), Words{"deleted dan (row)"});
}

// Not closed, and left with its WAL: the adoption brings both into order.
TEST_F(AdoptionTest, AfterACrashTheRestOfTheLogIsTakenAlong) {
  make_store(Ending::closed);
  auto store = must(UserTagStore::open(path_, relaxed()));
  must(store.apply("cid", TagBatch().set("n", "1")));
  reference_->apply("cid", TagBatch().set("n", "1"), {});
  run(R"(UPDATE user SET tags = '{"tier":"none"}' WHERE ordinal = 2)");
  const auto image = file_bytes(path_);
  ASSERT_FALSE(image.second.empty());
  std::ignore = store.close();
  put_back(image);
  EXPECT_EQ(must(adopt({.dry_run = true})).changes.size(), 1U);
  EXPECT_TRUE(file_bytes(path_) == image);
  EXPECT_EQ(describe(must_adopt().changes), Words{"patched bob tier=none"});
}

// --- Nothing to adopt. ---

TEST_F(AdoptionTest, ASoundFileIsLeftAsItIs) {
  for (const Ending ending : {Ending::closed, Ending::dropped}) {
    make_store(ending);
    const auto before = file_bytes(path_);
    for (const bool dry_run : {true, false}) {
      const Adoption adoption = must(adopt({.dry_run = dry_run}));
      EXPECT_TRUE(adoption.adopted);
      EXPECT_TRUE(adoption.proved);
      EXPECT_EQ(adoption.changes.size(), 0U);
      EXPECT_EQ(adoption.revision, 7U);
    }
    EXPECT_TRUE(file_bytes(path_) == before);
    std::filesystem::remove(path_);
  }
}

TEST_F(AdoptionTest, ACommitWithoutAChangeIsNoDifference) {
  make_store(Ending::dropped);
  for (const char* sql : {"ANALYZE", "VACUUM", "REINDEX", "PRAGMA journal_mode = DELETE"}) {
    run(sql);
    const auto before = file_bytes(path_);
    const Adoption adoption = must(adopt());
    EXPECT_TRUE(adoption.adopted) << sql;
    EXPECT_EQ(adoption.changes.size(), 0U) << sql;
    EXPECT_TRUE(file_bytes(path_) == before) << sql;
  }
  expect_adopted(path_, *reference_);
}

TEST_F(AdoptionTest, OnceIsEnough) {
  make_store(Ending::closed);
  run("DELETE FROM user WHERE ordinal = 1");
  must_adopt();
  const auto before = file_bytes(path_);
  EXPECT_EQ(must(adopt()).changes.size(), 0U);
  EXPECT_TRUE(file_bytes(path_) == before);
}

TEST_F(AdoptionTest, ANewStoreTakesUsersIn) {
  must(must(UserTagStore::open(path_)).close());
  reference_.emplace();
  run(R"(INSERT INTO user VALUES (1, 'user_01h455vb4pex5vsknk084sn02q', 'eve', 1, 0, '{"tier":"new"}'))");
  EXPECT_EQ(describe(must_adopt().changes), Words{"created eve tier=new"});
}

// --- What an adoption leaves. ---

TEST_F(AdoptionTest, TheFileIsAsAfterAnOrderlyClose) {
  make_store(Ending::dropped);
  const std::string epoch = query("SELECT epoch FROM state");
  run("DELETE FROM user WHERE ordinal = 1");
  must(adopt());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(path_.string() + "-wal"));
  EXPECT_EQ(
      StockSqlite(path_).query("SELECT clean, folded_revision, revision, epoch > " + epoch + " FROM state"),
      (std::vector<StockSqlite::Row>{{"1", "8", "8", "1"}}));
}

TEST_F(AdoptionTest, ItsChangesBearTheNoteAndATimeThatDoesNotRunBackwards) {
  make_store(Ending::closed);
  run("UPDATE user SET tags = NULL WHERE ordinal = 1");
  must(adopt({.note = "case 4711"}));
  run("UPDATE user SET tags = NULL WHERE ordinal = 2");
  must(adopt({}));
  run("UPDATE user SET tags = NULL WHERE ordinal = 3");
  must(adopt({.note = ""}));
  const auto store = must(UserTagStore::open(path_));
  const auto changes = must(store.changes(Position().at(6))).changes;
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[1].note, "case 4711");
  EXPECT_EQ(changes[2].note, "adopted");
  EXPECT_EQ(changes[3].note, "");
  EXPECT_GE(changes[1].at, changes[0].at);
}

TEST_F(AdoptionTest, WhoReadsTheFeedSeesAnotherEpochAndEveryChange) {
  make_store(Ending::closed);
  const Position before = must(UserTagStore::open(path_)).position();
  run(R"(UPDATE user SET tags = '{"tier":"none"}' WHERE ordinal = 1)");
  must(adopt());
  const auto page = must(must(UserTagStore::open(path_)).changes(before));
  EXPECT_TRUE(page.epoch_changed);
  ASSERT_EQ(page.changes.size(), 1U);
  EXPECT_EQ(page.changes[0].kind, ChangeKind::patched);
  EXPECT_EQ(page.changes[0].tags, (std::vector<TagChange>{{"team", {}, "blue"}, {"tier", "none", "gold"}}));
}

TEST_F(AdoptionTest, AnIdThatWasMadeByHandIsNotKept) {
  make_store(Ending::closed);
  run(R"(INSERT INTO user VALUES (5, 'user_01h455vb4pex5vsknk084sn02q', 'eve', 1, 0, '{}'))");
  EXPECT_EQ(must(adopt({.dry_run = true})).changes[0].user_id, "");
  const Adoption adoption = must_adopt();
  EXPECT_NE(adoption.changes[0].user_id, "user_01h455vb4pex5vsknk084sn02q");
  EXPECT_EQ(must(must(UserTagStore::open(path_)).find("eve")).id(), adoption.changes[0].user_id);
}

// --- Beside others. ---

TEST_F(AdoptionTest, AStoreThatIsOpenIsLookedAtOnly) {
  make_store(Ending::closed);
  auto store = must(UserTagStore::open(path_));
  must(store.apply("bob", TagBatch().set("seats", "1")));
  EXPECT_TRUE(must(adopt({.dry_run = true})).adopted);
  run("UPDATE user SET tags = '{}' WHERE ordinal = 1");
  EXPECT_EQ(describe(must(adopt({.dry_run = true})).changes), Words{"patched ann !team !tier"});
  EXPECT_EQ(code_of(adopt()), ErrorCode::store_locked);
}

TEST_F(AdoptionTest, ALockHeldElsewhereIsBusy) {
  make_store(Ending::closed);
  run("UPDATE user SET tags = '{}' WHERE ordinal = 1");
  StockSqlite other(path_);
  other.run("BEGIN IMMEDIATE");
  EXPECT_EQ(code_of(adopt({.busy_timeout = std::chrono::milliseconds(0)})), ErrorCode::busy);
  other.run("ROLLBACK");
  EXPECT_TRUE(must(adopt()).adopted);
}

TEST_F(AdoptionTest, OfTwoAtOnceOneAdopts) {
  make_store(Ending::closed);
  run("UPDATE user SET tags = '{}' WHERE ordinal = 1");
  std::vector<Result<Adoption>> answers(4, std::unexpected(ErrorCode::timeout));
  std::vector<std::thread> threads;
  for (auto& answer : answers) threads.emplace_back([&] { answer = adopt(); });
  for (std::thread& thread : threads) thread.join();
  std::size_t changes = 0;
  for (const auto& answer : answers) {
    changes += answer ? answer->changes.size() : 0;
    EXPECT_TRUE(answer || answer.error() == ErrorCode::store_locked) << told(answer);
  }
  EXPECT_EQ(changes, 1U);
}

}   // namespace
}   // namespace usertags::test
