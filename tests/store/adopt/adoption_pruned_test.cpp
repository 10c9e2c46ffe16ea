// Adoption where the log was pruned: nobody can say what was removed, beyond what it mentions.
#include <cstdint>
#include <span>
#include <string>

#include "model/digest.hpp"
#include "model/record.hpp"
#include "store/adopt/adoption_fixture.hpp"

namespace usertags::test {
namespace {

struct PrunedEdit {
  const char* name;
  const char* sql;
  Words changes;
  bool proved = true;
  std::uint64_t entries_forgotten = 0;
};

void PrintTo(const PrunedEdit& edit, std::ostream* out) {
  *out << edit.name;
}

const PrunedEdit kPrunedEdits[] = {
    {"ATagChanged",
     R"(UPDATE user SET tags = '{"tier":"none"}' WHERE external_id = 'ann')",
     {"patched ann !n tier=none (in part)"}},
    {"AllTagsOfWhomTheLogMentions",
     "UPDATE user SET tags = '{}' WHERE external_id = 'bob'",
     {"patched bob !seats (in part)"}},
    {"ATagOfWhomTheLogDoesNotMention",
     R"(UPDATE user SET tags = '{"n":"1","x":"2"}' WHERE external_id = 'eve')",
     {"patched eve n=1 x=2 (in part)"}},
    {"AnotherSpelling",
     R"(UPDATE user SET tags = ' ' || tags || ' ' WHERE tags IS NOT NULL)",
     {"patched ann (row)", "patched bob (row)", "patched cid (row)", "patched eve (row)",
      "patched fay (row)"}},
    {"WhatIsKnownAndWhatIsNot",
     R"(UPDATE user SET tags = '{"y":"1"}' WHERE external_id IN ('cid', 'fay'))",
     {"patched cid y=1 (in part)", "patched fay !x y=1"}},
    {"ADeletion", "UPDATE user SET tags = NULL WHERE external_id = 'eve'", {"deleted eve"}},
    {"ADeletionOfWhomTheLogMentions",
     "UPDATE user SET tags = NULL WHERE external_id = 'ann'",
     {"deleted ann"}},
    {"ARowLessThatNothingNames", "DELETE FROM user WHERE external_id = 'eve'", {}, false},
    {"ARowLessThatTheLogMentions", "DELETE FROM user WHERE external_id = 'ann'", {}, false, 2},
    {"RowsLess", "DELETE FROM user WHERE external_id IN ('bob', 'eve')", {}, false, 4},
    {"AllRowsLess", "DELETE FROM user", {"deleted fay"}, false, 4},
    {"AnExternalId",
     "UPDATE user SET external_id = 'eva' WHERE external_id = 'eve'",
     {"patched eva n=1 (in part)"}},
    {"NamesExchanged",
     "UPDATE user SET external_id = iif(external_id = 'ann', 'eve', 'ann') WHERE external_id IN ('ann', "
     "'eve')",
     {"patched eve n=2 tier=trial (in part)", "patched ann n=1 (in part)"}},
    {"AnId",
     "UPDATE user SET id = substr(id, 1, 30) || iif(id LIKE '%0', '1', '0') WHERE external_id = 'eve'",
     {"patched eve n=1 (in part)"}},
    {"AChecksumThatNobodyKnows",
     "UPDATE user SET checksum = 0 WHERE external_id = 'eve'",
     {"patched eve n=1 (in part)"},
     false},
};

class Pruned : public PrunedStore, public testing::WithParamInterface<PrunedEdit> {};

TEST_P(Pruned, IsAdoptedAsFarAsItIsKnown) {
  run(GetParam().sql);
  const Adoption adoption = must_adopt();
  EXPECT_EQ(describe(adoption.changes), GetParam().changes);
  EXPECT_EQ(adoption.proved, GetParam().proved);
  EXPECT_EQ(adoption.entries_forgotten, GetParam().entries_forgotten);
}

INSTANTIATE_TEST_SUITE_P(Edits, Pruned, testing::ValuesIn(kPrunedEdits),
                         [](const auto& edit) { return edit.param.name; });

TEST_F(PrunedStore, TheFeedSaysWhereNothingToldWhatWasBefore) {
  const std::uint64_t revision = std::stoull(StockSqlite(path_).query("SELECT revision FROM state")[0][0]);
  run(R"(UPDATE user SET tags = '{"y":"1"}' WHERE external_id IN ('cid', 'fay'))");
  run("UPDATE user SET tags = NULL WHERE external_id = 'eve'");
  must_adopt();
  const auto store = must(UserTagStore::open(path_));
  const auto changes = must(store.changes(Position().at(revision))).changes;
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].kind, ChangeKind::deleted);
  EXPECT_FALSE(changes[0].before_known);
  EXPECT_TRUE(changes[0].tags.empty());
  EXPECT_EQ(changes[1].external_id, "cid");
  EXPECT_FALSE(changes[1].before_known);
  EXPECT_EQ(changes[1].tags, (std::vector<TagChange>{{"y", "1", {}}}));
  EXPECT_EQ(changes[2].external_id, "fay");
  EXPECT_TRUE(changes[2].before_known);
  ASSERT_EQ(changes[2].tags.size(), 2U);
  EXPECT_EQ(changes[2].tags[0].key, "x");
  EXPECT_TRUE(changes[2].tags[0].before);
  EXPECT_TRUE(must(store.verify()).ok());
}

// A row of another time bears its checksum; the log knows that it is not the newest.
TEST_F(PrunedStore, AnOldRowThatWasPutBackIsFound) {
  const StockSqlite::Row row = StockSqlite(path_).query("SELECT * FROM user WHERE external_id = 'bob'").at(0);
  auto store = must(UserTagStore::open(path_, forgetful()));
  must(store.apply("bob", TagBatch().set("seats", "9").set("tier", "gold")));
  must(store.close());
  run("UPDATE user SET revision = " + row[3] + ", checksum = " + row[4] + ", tags = '" + row[5] +
      "' WHERE external_id = 'bob'");
  const Adoption adoption = must_adopt();
  EXPECT_EQ(describe(adoption.changes), Words{"patched bob !seats team=red tier=trial (in part)"});
  EXPECT_FALSE(adoption.proved);
}

TEST_F(PrunedStore, ARowThatIsForgedWellIsNotShownButTold) {
  const StockSqlite::Row row = StockSqlite(path_).query("SELECT * FROM user WHERE external_id = 'eve'").at(0);
  const Tag tag{"n", "forged"};
  const auto record = model::Record::make(static_cast<std::uint32_t>(std::stoul(row[0])), std::stoull(row[3]),
                                          *model::parse_user_id(row[1]), row[2], std::span(&tag, 1));
  run("UPDATE user SET checksum = " + std::to_string(model::row_checksum(*record)) +
      R"(, tags = '{"n":"forged"}' WHERE external_id = 'eve')");
  const Adoption adoption = must_adopt();
  EXPECT_EQ(adoption.changes, std::vector<ForeignChange>());
  EXPECT_FALSE(adoption.proved);
}

}   // namespace
}   // namespace usertags::test
