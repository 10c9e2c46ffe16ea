// Foreign hands: a stock SQLite connection writes where only the store may, while it is open and while it is
// closed. It is noticed, and never silently believed.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iomanip>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/inspector.hpp>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/record.hpp"
#include "model/typeid.hpp"
#include "store/file/reading.hpp"
#include "store/load/verifier.hpp"
#include "support/answers.hpp"
#include "support/rewrite.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

constexpr const char* kForgeTags = R"(UPDATE user SET tags = '{"tier":"forged"}' WHERE external_id = 'ann')";

class Foreign : public testing::Test {
 protected:
  Foreign() {
    auto store = open();
    must(store.create_user("ann", {{"tier", "gold"}}));
    must(store.create_user("bob", {{"tier", "trial"}}));
    must(store.apply("ann", TagBatch().set("team", "red"), {.note = "by hand"}));
    must(store.close());
  }

  UserTagStore open() const { return must(UserTagStore::open(path_)); }
  void run(const char* sql) const { StockSqlite(path_).run(sql); }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_F(Foreign, AWriteBehindAnOpenStoreIsFoundAtTheNextCommit) {
  auto store = open();
  must(store.apply("bob", TagBatch().set("seats", "1")));
  run(kForgeTags);
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(code_of(store.apply("bob", TagBatch().set("seats", "2"))), ErrorCode::foreign_write);
    EXPECT_EQ(code_of(store.create_user("cid")), ErrorCode::foreign_write);
    EXPECT_EQ(code_of(store.delete_user("bob")), ErrorCode::foreign_write);
  }
  EXPECT_EQ(value_of(store, "bob", "seats"), "1");
  EXPECT_EQ(value_of(store, "ann", "tier"), "gold");
  EXPECT_EQ(store.revision(), 4U);
  EXPECT_FALSE(must(store.verify()).ok());
  std::ignore = store.close();
  EXPECT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::foreign_write);
}

TEST_F(Foreign, EvenAWriteThatHarmsNothingIsFound) {
  auto store = open();
  run("ANALYZE");
  EXPECT_EQ(code_of(store.apply("bob", TagBatch().set("seats", "2"))), ErrorCode::foreign_write);
  std::ignore = store.close();
  auto again = open();
  EXPECT_TRUE(again.apply("bob", TagBatch().set("seats", "2")));
}

TEST_F(Foreign, ReadingIsNoWrite) {
  auto store = open();
  StockSqlite reader(path_);
  EXPECT_EQ(reader.query("SELECT count(*) FROM user_tag"), (std::vector<StockSqlite::Row>{{"3"}}));
  EXPECT_TRUE(store.apply("bob", TagBatch().set("seats", "2")));
  EXPECT_EQ(reader.query("SELECT count(*) FROM user_tag"), (std::vector<StockSqlite::Row>{{"4"}}));
}

TEST_F(Foreign, AWriteLockHeldElsewhereIsBusyAndNothingIsApplied) {
  Options options;
  options.busy_timeout = std::chrono::milliseconds(0);
  auto store = must(UserTagStore::open(path_, options));
  StockSqlite other(path_);
  other.run("BEGIN IMMEDIATE");
  EXPECT_EQ(code_of(store.apply("ann", TagBatch().set("tier", "silver"))), ErrorCode::busy);
  EXPECT_EQ(value_of(store, "ann", "tier"), "gold");
  other.run("ROLLBACK");
  EXPECT_TRUE(store.apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(Foreign, AFileRemovedUnderTheStoreTakesNoMoreWrites) {
  auto store = open();
  std::filesystem::remove(path_);
  EXPECT_FALSE(store.apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_EQ(value_of(store, "ann", "tier"), "gold");
}

// --- While the store is closed. ---

struct Forgery {
  const char* name;
  const char* sql;
  ErrorCode answer;
};

const Forgery kForgeries[] = {
    {"TagsOfARow", kForgeTags, ErrorCode::foreign_write},
    {"TagsInAnotherSpelling", R"(UPDATE user SET tags = ' { "tier" : "gold" } ' WHERE external_id = 'bob')",
     ErrorCode::foreign_write},
    {"AnExternalId", "UPDATE user SET external_id = 'eve' WHERE external_id = 'ann'",
     ErrorCode::foreign_write},
    {"ARevision", "UPDATE user SET revision = revision + 1", ErrorCode::foreign_write},
    {"ARowLess", "DELETE FROM user WHERE external_id = 'ann'", ErrorCode::foreign_write},
    {"ARowMore", "INSERT INTO user SELECT ordinal + 5, id, 'eve', revision, checksum, tags FROM user LIMIT 1",
     ErrorCode::foreign_write},
    {"ADeletion", "UPDATE user SET tags = NULL WHERE external_id = 'ann'", ErrorCode::foreign_write},
    {"BrokenJson", R"(UPDATE user SET tags = '{"tier":' WHERE external_id = 'ann')",
     ErrorCode::corrupt_store},
    {"JsonThatIsNoTags", "UPDATE user SET tags = '[1]' WHERE external_id = 'ann'", ErrorCode::corrupt_store},
    {"AnId", "UPDATE user SET id = replace(id, 'user_', 'user-') WHERE external_id = 'ann'",
     ErrorCode::corrupt_store},
    {"TheDigest", "UPDATE state SET digest = zeroblob(16)", ErrorCode::corrupt_store},
    {"TheRevision", "UPDATE state SET revision = revision + 1", ErrorCode::corrupt_store},
    {"TheEpoch", "UPDATE state SET epoch = epoch + 1", ErrorCode::corrupt_store},
    {"TheMarkClean", "UPDATE state SET clean = 0", ErrorCode::corrupt_store},
    {"TheNewestId", "UPDATE state SET last_id = zeroblob(16)", ErrorCode::corrupt_store},
    {"ACommitRecordThatContradictsItself", "UPDATE state SET folded_revision = revision + 1",
     ErrorCode::corrupt_store},
};

class ForeignWhileClosed : public Foreign, public testing::WithParamInterface<Forgery> {};

TEST_P(ForeignWhileClosed, IsFoundAtTheNextOpen) {
  run(GetParam().sql);
  for (const Access access : {Access::read_write, Access::read_only}) {
    Options options;
    options.access = access;
    const auto store = UserTagStore::open(path_, options);
    EXPECT_EQ(code_of(store), GetParam().answer) << told(store);
  }
}

// But for tokens, which nobody looks at who looks at users.
TEST_P(ForeignWhileClosed, IsFoundByWhoeverLooksAtAllUsers) {
  if (std::string_view(GetParam().sql).contains("token")) return;
  run(GetParam().sql);
  const auto inspector = Inspector::open(path_);
  const auto all = inspector ? inspector->for_each([](const User&) {}) : std::unexpected(inspector.error());
  EXPECT_EQ(code_of(all), GetParam().answer) << told(all);
}

INSTANTIATE_TEST_SUITE_P(Forged, ForeignWhileClosed, testing::ValuesIn(kForgeries),
                         [](const auto& forgery) { return forgery.param.name; });

// Where adopt helps, the error says so.
TEST_F(Foreign, TheErrorSaysWhatToDo) {
  run("UPDATE state SET epoch = epoch + 1");
  EXPECT_TRUE(told(UserTagStore::open(path_)).ends_with(", then restore a backup"))
      << told(UserTagStore::open(path_));
  run("UPDATE state SET epoch = epoch - 1");
  auto store = open();
  run(kForgeTags);
  EXPECT_TRUE(told(store.create_user("cid")).contains("; close the store, then adopt what was written"));
  std::ignore = store.close();
  EXPECT_TRUE(told(UserTagStore::open(path_)).contains("; see with adopt what it did, then adopt it"))
      << told(UserTagStore::open(path_));
}

// A commit record that bears its checksum is held against rows and log all the same.
TEST_F(Foreign, ADigestOfOtherUsersIsFound) {
  rewrite_state(path_, [](sqlite::State& state) { state.digest.low += 1; });
  EXPECT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::foreign_write);
}

TEST_F(Foreign, ALogThatEndsElsewhereIsFound) {
  rewrite_state(path_, [](sqlite::State& state) { state.revision += 1; });
  EXPECT_TRUE(
      told(UserTagStore::open(path_)).starts_with("corrupt_store: the log ends at change 3, not at 4"));
}

TEST_F(Foreign, ANewestChangeOfAnotherChecksumIsFound) {
  rewrite_state(path_, [](sqlite::State& state) { state.log_checksum += 1; });
  EXPECT_TRUE(told(UserTagStore::open(path_))
                  .starts_with("corrupt_store: change 3, the newest, is not the one that the commit record "
                               "names"));
}

TEST_F(Foreign, VerifyTellsOfAForgedCommitRecord) {
  auto store = open();
  run("UPDATE state SET epoch = epoch + 1");
  const VerifyReport report = must(store.verify());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].kind, VerifyReport::Kind::state);
}

// Rows and changes that bear their checksums, with texts that no store takes.
class Hostile : public Foreign, public testing::WithParamInterface<Tag> {
 protected:
  // The row of "ann", with this one tag and this external id.
  void forge_row(std::string_view external_id, const Tag& tag) const {
    const StockSqlite::Row row =
        StockSqlite(path_).query("SELECT ordinal, id, revision FROM user WHERE external_id = 'ann'").at(0);
    const auto record =
        model::Record::make(static_cast<std::uint32_t>(std::stoul(row[0])), std::stoull(row[2]),
                            *model::parse_user_id(row[1]), external_id, std::span(&tag, 1));
    std::string tags;
    model::append_tags(std::span(&tag, 1), tags);
    run(("UPDATE user SET external_id = " + as_text(external_id) + ", tags = " + as_text(tags) +
         ", checksum = " + std::to_string(model::row_checksum(*record)) + " WHERE ordinal = " + row[0])
            .c_str());
  }

 private:
  static std::string as_text(std::string_view bytes) {
    std::ostringstream hex;
    for (const char byte : bytes) {
      hex << std::hex << std::setw(2) << std::setfill('0') << int{static_cast<unsigned char>(byte)};
    }
    return "CAST(x'" + hex.str() + "' AS TEXT)";
  }
};

TEST_F(Hostile, ARowThatIsForgedWellIsFoundByTheDigest) {
  forge_row("ann", {"tier", "forged"});
  EXPECT_TRUE(told(UserTagStore::open(path_)).starts_with("foreign_write: the users are not those of the"));
}

TEST_P(Hostile, TagsInARowAreRefused) {
  forge_row("ann", GetParam());
  EXPECT_TRUE(told(UserTagStore::open(path_)).contains(": the row of user 1 has tags that"))
      << told(UserTagStore::open(path_));
}

TEST_P(Hostile, TagsInTheLogAreRefused) {
  rewrite_log(path_, [](std::vector<OwnedChange>& changes) {
    const model::TagDelta delta{GetParam().key, GetParam().value};
    changes.back().patch.clear();
    model::append_patch(std::span(&delta, 1), changes.back().patch);
    changes.back().before.clear();
  });
  rewrite_state(path_, [](sqlite::State& state) { state.folded_revision = 2; });
  run("UPDATE user SET revision = 1 WHERE external_id = 'ann'");
  forge_row("ann", {"tier", "gold"});
  EXPECT_TRUE(told(UserTagStore::open(path_)).starts_with("corrupt_store: change 3 cannot be read"))
      << told(UserTagStore::open(path_));
}

// Memory would hold a version that no moment shows.
TEST_F(Hostile, ARowOfARevisionToComeIsRefused) {
  run("UPDATE user SET revision = 4294967295 WHERE external_id = 'ann'");
  forge_row("ann", {"tier", "gold"});
  EXPECT_TRUE(
      told(UserTagStore::open(path_)).contains(": the row of user 1 is of a revision that the store has"))
      << told(UserTagStore::open(path_));
}

TEST_F(Foreign, VerifyTellsOfAFoldedChangeThatCannotBeRead) {
  for (const char* const patch : {R"({"id":1})", R"({"tags":{"k":1}})", "\"\xFF\""}) {
    rewrite_log(path_, [&](std::vector<OwnedChange>& changes) { changes.at(0).patch = patch; });
    const VerifyReport report = must(open().verify());
    ASSERT_EQ(report.problems.size(), 1U) << patch;
    EXPECT_EQ(report.problems[0].what, "change 1 cannot be read");
  }
}

// Who reads the feed, verifies or adopts sees the same.
TEST_F(Foreign, WhatWasBeforeOtherKeysIsNoChange) {
  for (const char* const before :
       {R"({"team":null,"tier":"gold"})", R"({"tier":"gold"})", R"({})", "{\"team\":\"\xFF\"}"}) {
    rewrite_log(path_, [&](std::vector<OwnedChange>& changes) { changes.at(2).before = before; });
    const auto store = open();
    EXPECT_EQ(code_of(store.changes(store.position().at(2), 1)), ErrorCode::corrupt_store) << before;
    const VerifyReport report = must(store.verify());
    ASSERT_EQ(report.problems.size(), 1U) << before;
    EXPECT_EQ(report.problems[0].what, "change 3 cannot be read");
    EXPECT_TRUE(told(UserTagStore::adopt(path_, {.dry_run = true})).contains("change 3 cannot be read"))
        << before;
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, Hostile,
                         testing::Values(Tag{"k", "\xFF"}, Tag{"k", "\xED\xA0\x80"}, Tag{"\xC0\xAF", "v"},
                                         Tag{"k", "\xE2\x82"}, Tag{"", "v"}));

TEST_F(Hostile, ExternalIdsAreRefused) {
  for (const std::string_view external_id : {std::string_view("\xFF"), std::string_view("a\0b", 3)}) {
    forge_row(external_id, {"tier", "gold"});
    EXPECT_TRUE(told(UserTagStore::open(path_))
                    .starts_with("corrupt_store: the row of user 1 has no valid id or external id"))
        << told(UserTagStore::open(path_));
    run("UPDATE user SET external_id = 'ann' WHERE ordinal = 1");
  }
}

// A log that is folded is not read at open; verify reads all of it.
TEST_F(Foreign, AForgedNoteBreaksTheChainOfTheLog) {
  run("UPDATE segment SET entries = replace(entries, '\"note\":\"', '\"note\":\"forged ')");
  const auto store = open();
  const VerifyReport report = must(store.verify());
  EXPECT_TRUE(std::ranges::any_of(
      report.problems, [](const auto& problem) { return problem.kind == VerifyReport::Kind::log; }));
}

TEST_F(Foreign, VerifyNamesTheUserThatWasForged) {
  auto store = open();
  const std::string id(store.find("ann")->id());
  run(kForgeTags);
  const VerifyReport report = must(store.verify());
  EXPECT_TRUE(
      std::ranges::any_of(report.problems, [&](const auto& problem) { return problem.user_id == id; }));
}

// --- Ids grow with ordinals, whoever lives, and none is newer than the newest that was given. ---

class ForgedIds : public Foreign {
 protected:
  // Gives ids to users of these names; everything bears its checksum but the digest.
  void forge(std::string_view external_id, const model::Uuid& id) const {
    const StockSqlite::Row row =
        StockSqlite(path_)
            .query("SELECT ordinal, revision, tags IS NULL FROM user WHERE external_id = '" +
                   std::string(external_id) + '\'')
            .at(0);
    auto user = model::Record::make(static_cast<std::uint32_t>(std::stoul(row[0])), std::stoull(row[1]), id,
                                    external_id, {});
    if (row[2] == "1") user = model::Record::make_tombstone(*user, user->revision());
    rewrite(path_, [&](sqlite::Connection& connection) { sqlite::UserTable(connection).put(*user); });
  }
  model::Uuid id_of(std::string_view external_id) const {
    return *model::parse_user_id(
        StockSqlite(path_)
            .query("SELECT id FROM user WHERE external_id = '" + std::string(external_id) + '\'')
            .at(0)
            .at(0));
  }
  // The file is refused, and whoever verifies it is told the same first; a digest that differs comes behind.
  void expect_problem(std::string_view what) const {
    EXPECT_TRUE(told(UserTagStore::open(path_)).contains(what)) << told(UserTagStore::open(path_));
    store::Reading reading = store::open_for_reading(path_, std::chrono::milliseconds(0));
    const sqlite::ReadTransaction moment(reading.connection);
    EXPECT_EQ(store::verify_file(reading.connection).problems.at(0).what, what);
  }
};

TEST_F(ForgedIds, OutOfOrderAreRefused) {
  forge("bob", id_of("ann"));
  expect_problem("the row of user 2 has an id that is out of order");
}

TEST_F(ForgedIds, WhoeverLooksAtAllUsersSeesThatTheyAreOutOfOrder) {
  forge("bob", id_of("ann"));
  const auto inspector = must(Inspector::open(path_));
  EXPECT_TRUE(told(inspector.for_each([](const User&) {})).contains("has an id that is out of order"));
}

TEST_F(ForgedIds, OutOfOrderAreRefusedAlsoOfTheDeleted) {
  {
    auto store = open();
    must(store.delete_user("bob"));
    must(store.close());
  }
  forge("bob", id_of("ann"));
  expect_problem("the row of user 2 has an id that is out of order");
}

// The next id given would stand before it, and the store would not open again.
TEST_F(ForgedIds, NewerThanTheNewestAreRefused) {
  model::Uuid id = id_of("bob");
  {
    auto store = open();
    must(store.create_user("cid"));
    must(store.delete_user("cid"));
    must(store.close());
  }
  id[0] = 0x7F;
  forge("bob", id);
  expect_problem("the row of user 2 has an id that the store has not given");
}

}   // namespace
}   // namespace usertags::test
