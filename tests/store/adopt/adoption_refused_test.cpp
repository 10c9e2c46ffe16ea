// What keeps foreign changes from being adopted: problems that are shown, and damage that is refused as at
// open.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "model/record.hpp"
#include "sqlite/tables.hpp"
#include "store/adopt/adoption_fixture.hpp"
#include "support/rewrite.hpp"

namespace usertags::test {
namespace {

// --- What keeps everything from being adopted. ---

struct Misdeed {
  const char* name;
  std::string sql;
  Words changes;
  const char* problem;   // of the first that has one
  std::vector<Violation::Reason> violations = {};
};

void PrintTo(const Misdeed& misdeed, std::ostream* out) {
  *out << misdeed.name;
}

std::string set_ann(const std::string& tags) {
  return "UPDATE user SET tags = '" + tags + "' WHERE external_id = 'ann'";
}
std::string insert(const std::string& external_id, const std::string& tags) {
  return "INSERT INTO user SELECT 7, id, " + external_id + ", 1, 0, " + tags +
         " FROM user WHERE ordinal = 1;";
}
std::string many_tags(int count) {
  std::string json;
  for (int n = 0; n < count; ++n) json += (n == 0 ? "\"" : ",\"") + std::to_string(n) + "\":\"\"";
  return '{' + json + '}';
}

using Reason = Violation::Reason;
const std::string kLong(300, 'x');

const Misdeed kMisdeeds[] = {
    {"ARevisionThatIsToCome",
     "UPDATE user SET revision = revision + 1 WHERE ordinal = 2",
     {"patched bob tier=trial (in part) PROBLEM"},
     "its row is at revision 8, and the store has only come to 7"},
    {"AnotherId",
     "UPDATE user SET id = substr(id, 1, 30) || iif(id LIKE '%0', '1', '0') WHERE ordinal = 2",
     {"patched bob tier=trial (in part) PROBLEM"},
     "its id was \"user_"},
    {"AnotherName",
     "UPDATE user SET external_id = 'eve' WHERE ordinal = 2",
     {"patched bob tier=trial (in part) PROBLEM"},
     "its external id was \"bob\""},
    {"ADeletedUserBroughtBack",
     "UPDATE user SET tags = '{}' WHERE external_id = 'dan'",
     {"patched dan (in part) PROBLEM"},
     "the user was deleted at revision 6"},
    {"ADeletedUserInsertedAgain",
     "DELETE FROM user WHERE ordinal = 4; INSERT INTO user SELECT 4, id, 'dan', 1, 0, '{}' FROM user WHERE "
     "ordinal = 3",
     {"patched dan (in part) PROBLEM"},
     "the user was deleted at revision 6"},
    {"AKeyTwice",
     set_ann(R"({"a":"1","b":"2","a":"3"})"),
     {"patched ann a=1 a=3 b=2 (in part) PROBLEM"},
     "its tags break the rules",
     {Reason::duplicate_key}},
    {"AnEmptyKey",
     set_ann(R"({"":"1"})"),
     {"patched ann =1 (in part) PROBLEM"},
     "its tags",
     {Reason::empty_key}},
    {"AKeyTooLong",
     set_ann("{\"" + kLong.substr(0, 51) + R"(":"1"})"),
     {"patched ann !team !tier " + kLong.substr(0, 51) + "=1 PROBLEM"},
     "its tags",
     {Reason::key_too_long}},
    {"AKeyThatNoRecordHolds",
     set_ann("{\"" + kLong + R"(":"1"})"),
     {"patched ann " + kLong + "=1 (in part) PROBLEM"},
     "its tags",
     {Reason::key_too_long}},
    {"AValueTooLong",
     set_ann("{\"a\":\"" + kLong.substr(0, 201) + "\"}"),
     {"patched ann a=" + kLong.substr(0, 201) + " !team !tier PROBLEM"},
     "its tags",
     {Reason::value_too_long}},
    {"AValueThatNoRecordHolds",
     set_ann("{\"a\":\"" + std::string(70'000, 'x') + "\"}"),
     {"patched ann a=" + std::string(70'000, 'x') + " (in part) PROBLEM"},
     "its tags",
     {Reason::value_too_long}},
    {"ForbiddenCharacters",
     set_ann(R"({"a\/b":"c:d"})"),
     {"patched ann a/b=c:d !team !tier PROBLEM"},
     "its tags",
     {Reason::forbidden_character, Reason::forbidden_character}},
    {"Nul",
     set_ann(R"({"a":"b\u0000c"})"),
     {"patched ann a=b" + std::string(1, '\0') + "c !team !tier PROBLEM"},
     "its tags",
     {Reason::contains_nul}},
    {"HalfASurrogatePair",
     set_ann(R"({"a":"\ud834"})"),
     {"patched ann a=\xED\xA0\xB4 !team !tier PROBLEM"},
     "its tags",
     {Reason::malformed_utf8}},
    {"ANameThatIsTaken",
     insert("'ann'", "'{}'"),
     {"created ann PROBLEM"},
     "the external id \"ann\" belongs to user_"},
    {"ANameTakenTwice",
     insert("'eve'", "'{}'") + "INSERT INTO user SELECT 8, id, 'eve', 1, 0, '{}' FROM user LIMIT 1",
     {"created eve", "created eve PROBLEM"},
     "belongs to another inserted user"},
    {"ANameOfTheFormOfAnId", insert("id", "'{}'"), {}, "its external id has the form of an id"},
    {"ANameTooLong",
     insert("'" + kLong + "'", "'{}'"),
     {"created " + kLong + " PROBLEM"},
     "its external id has 300 characters"},
    {"AnInsertedTombstone", insert("'eve'", "NULL"), {"created eve PROBLEM"}, "it has no tags"},
    {"InsertedTagsThatAreNone",
     insert("'eve'", "'[1]'"),
     {"created eve PROBLEM"},
     "its tags are no JSON object"},
    {"InsertedTagsThatAreNumbers",
     insert("'eve'", R"('{"a":1}')"),
     {"created eve PROBLEM"},
     "its tags are no JSON"},
    {"InsertedTagsThatBreakARule",
     insert("'eve'", R"('{"a#":"1"}')"),
     {"created eve a#=1 PROBLEM"},
     "its tags break",
     {Reason::forbidden_character}},
    {"OneAmongOthersThatAreFine",
     "DELETE FROM user WHERE ordinal = 2;" + insert("'ann'", "'{}'") +
         insert("'eve'", "'{}'").replace(24, 1, "9"),
     {"deleted bob", "created ann PROBLEM", "created eve"},
     "the external id"},
};

class Misdeeds : public AdoptionTest, public testing::WithParamInterface<Misdeed> {};

TEST_P(Misdeeds, AreShownAndNothingChanges) {
  make_store(Ending::closed);
  run(GetParam().sql);
  const auto before = file_bytes(path_);
  for (const bool dry_run : {true, false}) {
    const Adoption adoption = must(adopt({.dry_run = dry_run}));
    EXPECT_FALSE(adoption.adopted);
    EXPECT_EQ(adoption.revision, 7U);
    if (!GetParam().changes.empty()) {
      EXPECT_EQ(describe(adoption.changes), GetParam().changes);
    }
    const auto wrong =
        std::ranges::find_if(adoption.changes, [](const auto& change) { return !change.problem.empty(); });
    ASSERT_NE(wrong, adoption.changes.end());
    EXPECT_NE(wrong->problem.find(GetParam().problem), std::string::npos) << wrong->problem;
    std::vector<Reason> reasons;
    for (const Violation& violation : wrong->violations) {
      reasons.push_back(violation.reason);
      EXPECT_TRUE(wrong->tags.at(violation.index.value()).key.starts_with(violation.key));
    }
    EXPECT_EQ(reasons, GetParam().violations);
    EXPECT_TRUE(file_bytes(path_) == before);
  }
}

INSTANTIATE_TEST_SUITE_P(Edits, Misdeeds, testing::ValuesIn(kMisdeeds),
                         [](const auto& misdeed) { return misdeed.param.name; });

TEST_F(PrunedStore, WhatNobodyCanTellIsAProblem) {
  const std::pair<const char*, const char*> kCases[] = {
      {"UPDATE user SET tags = '{}' WHERE external_id = 'eve'",
       "it has no tags, and the log no longer tells"},
      {"UPDATE user SET checksum = 0 WHERE external_id = 'cid'",
       "it has no tags, and the log no longer tells"},
      {"UPDATE user SET external_id = 'ann' WHERE external_id = 'eve'",
       "the external id \"ann\" belongs to user_"},
      {"UPDATE user SET external_id = 'fay' WHERE external_id = 'eve'",
       "the external id \"fay\" belongs to user_"},
      {"UPDATE user SET external_id = id WHERE external_id = 'eve'", "its external id has the form of an id"},
      {"UPDATE user SET id = (SELECT id FROM user WHERE external_id = 'ann') WHERE external_id = 'eve'",
       "its id is not between"},
      {"UPDATE user SET id = 'user_7zzzzzzzzzzzzzzzzzzzzzzzzz' WHERE external_id = 'eve'",
       "its id is not between"},
      {"INSERT INTO user SELECT 4, id, 'gap', 1, 0, '{\"a\":\"1\"}' FROM user WHERE external_id = 'ann'",
       "its id is not between"},
  };
  for (const auto& [sql, problem] : kCases) {
    const auto image = file_bytes(path_);
    run(sql);
    const auto before = file_bytes(path_);
    const Adoption adoption = must(adopt());
    EXPECT_FALSE(adoption.adopted);
    ASSERT_EQ(adoption.changes.size(), 1U) << sql;
    EXPECT_TRUE(adoption.changes[0].problem.starts_with(problem))
        << sql << ": " << adoption.changes[0].problem;
    EXPECT_TRUE(file_bytes(path_) == before);
    put_back(image);
  }
}

// The way out that the problem names.
TEST_F(PrunedStore, AUserWithoutTagsIsAdoptedByWayOfOne) {
  run(R"(UPDATE user SET tags = '{"none":""}' WHERE external_id = 'eve')");
  EXPECT_EQ(describe(must_adopt().changes), Words{"patched eve none= (in part)"});
  auto store = must(UserTagStore::open(path_));
  must(store.apply("eve", TagBatch().erase("none")));
  EXPECT_EQ(must(store.find("eve")).tags().size(), 0U);
}

TEST_F(AdoptionTest, TheLimitOfTagsIsTheStores) {
  make_store(Ending::closed);
  set_limits(4, 1);
  run(set_ann(many_tags(5)));
  const Adoption refused = must(adopt());
  ASSERT_EQ(refused.changes.size(), 1U);
  ASSERT_EQ(refused.changes[0].violations.size(), 1U);
  EXPECT_EQ(refused.changes[0].violations[0].reason, Reason::too_many_tags);
}

TEST_F(AdoptionTest, TheLimitOfOperationsIsNone) {
  make_store(Ending::closed);
  set_limits(5, 1);
  run(set_ann(many_tags(5)));
  EXPECT_TRUE(must(adopt()).adopted);
}

TEST_F(AdoptionTest, SettingsThatAreAskedForHaveToBeTheStores) {
  make_store(Ending::closed);
  const auto before = file_bytes(path_);
  const auto refused = adopt({.settings = Settings{.tags_per_user = 4}});
  ASSERT_EQ(code_of(refused), ErrorCode::settings_mismatch);
  EXPECT_NE(refused.error().what().find("tags_per_user is 256, not 4"), std::string::npos);
  EXPECT_TRUE(file_bytes(path_) == before);
  EXPECT_TRUE(must(adopt({.settings = Settings{}})).adopted);
}

// One who is over the limit, because it was higher once, may shrink; and what was there before is not judged.
TEST_F(AdoptionTest, OnlyWhatIsChangedIsJudged) {
  make_store(Ending::closed);
  run(set_ann(many_tags(9)));
  EXPECT_TRUE(must(adopt()).adopted);
  set_limits(4, 1024);
  run(set_ann(many_tags(8)));
  EXPECT_TRUE(must(adopt()).adopted);
}

// --- What is not adopted, but refused as at open. ---

struct Damage {
  const char* name;
  const char* sql;
  ErrorCode answer;
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

const Damage kDamages[] = {
    {"BrokenJson", R"(UPDATE user SET tags = '{"tier":' WHERE ordinal = 1)", ErrorCode::corrupt_store},
    {"JsonThatIsNoTags", "UPDATE user SET tags = '[1]' WHERE ordinal = 1", ErrorCode::corrupt_store},
    {"TagsThatAreNoUtf8", "UPDATE user SET tags = CAST(x'7b2261223a22ff227d' AS TEXT) WHERE ordinal = 1",
     ErrorCode::corrupt_store},
    {"AnIdThatIsNone", "UPDATE user SET id = replace(id, 'user_', 'user-') WHERE ordinal = 1",
     ErrorCode::corrupt_store},
    {"AnOrdinalOutOfRange", "UPDATE user SET ordinal = -1 WHERE ordinal = 1", ErrorCode::corrupt_store},
    {"AColumnOfAnotherRange", "UPDATE token SET lived_ms = -1", ErrorCode::corrupt_store},
    {"TheCommitRecord", "UPDATE state SET epoch = epoch + 1", ErrorCode::corrupt_store},
    {"ACommitRecordThatContradictsItself", "UPDATE state SET folded_revision = revision + 1",
     ErrorCode::corrupt_store},
    {"ATable", "CREATE TABLE more(n)", ErrorCode::corrupt_store},
    {"AnIndex", "CREATE INDEX more ON user(external_id)", ErrorCode::corrupt_store},
    {"ANewerFormat", "PRAGMA user_version = 5", ErrorCode::unsupported_format},
    {"AnotherApplication", "PRAGMA application_id = 1", ErrorCode::not_a_store},
};

class Damaged : public AdoptionTest, public testing::WithParamInterface<Damage> {};

TEST_P(Damaged, IsRefusedAsAtOpen) {
  make_store(Ending::closed);
  {
    auto store = must(UserTagStore::open(path_));
    must(store.apply("ann", TagBatch(), {.token = "t"}));
    must(store.close());
  }
  run(GetParam().sql);
  const auto before = file_bytes(path_);
  EXPECT_EQ(code_of(UserTagStore::open(path_)), GetParam().answer);
  for (const bool dry_run : {true, false}) {
    const auto adopted = adopt({.dry_run = dry_run});
    EXPECT_EQ(code_of(adopted), GetParam().answer) << told(adopted);
  }
  EXPECT_TRUE(file_bytes(path_) == before);
}

INSTANTIATE_TEST_SUITE_P(Edits, Damaged, testing::ValuesIn(kDamages),
                         [](const auto& damage) { return damage.param.name; });

// Opening reads the log from the fold on, and an adoption all that is kept: its entries are what it judges
// by.
TEST_F(AdoptionTest, ALogThatIsBrokenAnywhereIsRefused) {
  for (const char* sql :
       {"UPDATE segment SET at_ms = at_ms + 1 WHERE first = 2", "DELETE FROM segment WHERE first = 3",
        "UPDATE segment SET entries = '[]' WHERE first = 7", "DELETE FROM segment",
        "INSERT INTO segment SELECT 8, 8, at_ms, lived_ms, checksum, entries FROM segment WHERE first = 7"}) {
    std::filesystem::remove(path_);
    make_store(Ending::closed);
    run(sql);
    EXPECT_EQ(code_of(adopt()), ErrorCode::corrupt_store) << sql;
  }
}

// Two rows that have changed places.
TEST_F(AdoptionTest, ADatabaseThatSqliteFindsDamagedIsRefused) {
  make_store(Ending::closed);
  const auto page = std::stol(
      StockSqlite(path_).query("SELECT rootpage FROM sqlite_schema WHERE name = 'user'").at(0).at(0));
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    char places[4] = {};   // of the first two, behind the header of a leaf
    file.seekg((page - 1) * 8'192 + 8);
    file.read(places, sizeof places);
    std::swap_ranges(places, places + 2, places + 2);
    file.seekp((page - 1) * 8'192 + 8);
    file.write(places, sizeof places);
  }
  const auto before = file_bytes(path_);
  for (const bool dry_run : {true, false}) {
    const std::string answer = told(adopt({.dry_run = dry_run}));
    EXPECT_TRUE(answer.starts_with("corrupt_store: SQLite finds")) << answer;
  }
  EXPECT_TRUE(file_bytes(path_) == before);
}

// Forged with care, so that everything bears its checksum.
TEST_F(PrunedStore, UsersWhomNobodySeemsToHaveChangedHaveToFitEachOther) {
  const auto forge = [&](const char* external_id, const std::string& id_of, const std::string& name_of) {
    const StockSqlite::Row row =
        StockSqlite(path_)
            .query(std::string("SELECT ordinal, revision FROM user WHERE external_id = '") + external_id +
                   '\'')
            .at(0);
    const auto user = model::Record::make(
        static_cast<std::uint32_t>(std::stoul(row[0])), std::stoull(row[1]),
        *model::parse_user_id(query("SELECT id FROM user WHERE external_id = '" + id_of + '\'')), name_of,
        {});
    rewrite(path_, [&](sqlite::Connection& connection) { sqlite::UserTable(connection).put(*user); });
  };
  const auto image = file_bytes(path_);
  forge("eve", "eve", "ann");
  EXPECT_TRUE(told(adopt()).starts_with("corrupt_store: two users have the external id \"ann\""))
      << told(adopt());
  put_back(image);
  forge("eve", "ann", "eve");
  EXPECT_TRUE(told(adopt()).contains("is out of order")) << told(adopt());
}

// The user's own place, which the log knows, and the one that was free again would bear the same id.
TEST_F(PrunedStore, ARowThatWasMovedToAFreePlaceIsRefused) {
  auto store = must(UserTagStore::open(path_, forgetful()));
  must(store.create_user("zed"));
  must(store.delete_user("zed"));
  for (const char* const n : {"2", "3"}) must(store.apply("eve", TagBatch().set("n", n)));
  must(store.create_user("gus", {{"x", "1"}}));
  for (const char* const n : {"1", "2"}) must(store.apply("gus", TagBatch().set("n", n)));
  must(store.close());
  ASSERT_EQ(query("SELECT log_floor FROM state"), "16") << "the creation of gus";
  ASSERT_EQ(query("SELECT count(*) FROM change WHERE kind = 1"), "1");
  run("UPDATE user SET ordinal = ordinal - 1 WHERE external_id = 'gus'");
  const auto image = file_bytes(path_);
  EXPECT_TRUE(told(adopt()).contains("is out of order")) << told(adopt());
  EXPECT_TRUE(file_bytes(path_) == image);
}

TEST_F(AdoptionTest, WhatIsNoStoreIsRefused) {
  EXPECT_EQ(code_of(adopt()), ErrorCode::not_a_store);
  std::ofstream(path_, std::ios::binary) << "this is no database, whatever its name may say";
  EXPECT_EQ(code_of(adopt()), ErrorCode::not_a_store);
  std::ofstream(path_, std::ios::binary).flush();
  EXPECT_EQ(code_of(adopt()), ErrorCode::not_a_store);
  EXPECT_TRUE(file_bytes(path_).first.empty());
  EXPECT_EQ(code_of(UserTagStore::adopt("")), ErrorCode::invalid_argument);
}

TEST_F(AdoptionTest, ArgumentsAreJudgedFirst) {
  make_store(Ending::closed);
  EXPECT_EQ(code_of(adopt({.note = std::string(201, 'x')})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(adopt({.note = "\xFF"})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(adopt({.settings = Settings{.tags_per_user = 0}})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(adopt({.busy_timeout = std::chrono::milliseconds(-1)})), ErrorCode::invalid_argument);
}

}   // namespace
}   // namespace usertags::test
