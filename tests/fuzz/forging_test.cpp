#include "fuzz/forging.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

#include <usertags/user_tag_store.hpp>

#include "fuzz/wal_frames.hpp"
#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::fuzz {
namespace {

using test::must;
using test::StockSqlite;

class Forging : public testing::Test {
 protected:
  // A store with every kind of change, two tokens, folded in part, and its files as a killed process leaves
  // them.
  Forging() {
    {
      auto store = must(UserTagStore::open(path_));
      must(store.create_user("ann", {{"tier", "gold"}}, {.token = "one"}));
      must(store.create_user("bob"));
      must(store.create_user("gone"));
      must(store.delete_user("gone"));
      must(store.close());
    }
    auto store = must(UserTagStore::open(path_));
    must(store.apply("ann", TagBatch().set("n", "1").erase("tier"), {.token = "two", .note = "by hand"}));
    must(store.apply("bob", TagBatch().set("k", "v")));
    files_ = files_at(path_);
  }

  UserTagStore open(const StoreFiles& files) const {
    put_files(copy_, files);
    return must(UserTagStore::open(copy_, {.access = Access::read_only}));
  }
  std::vector<std::string> checksums() {
    std::vector<std::string> checksums;
    StockSqlite stock(copy_);
    for (const char* const sql :
         {"SELECT checksum FROM user", "SELECT checksum FROM segment", "SELECT checksum FROM token",
          "SELECT hex(digest) || log_checksum || checksum FROM state"}) {
      for (const auto& row : stock.query(sql)) checksums.push_back(row[0]);
    }
    return checksums;
  }

  const test::TempDir folder_{test::memory_folder()};
  const std::filesystem::path path_ = folder_ / "users.db";
  const std::filesystem::path copy_ = folder_ / "copy.db";
  StoreFiles files_;
};

TEST_F(Forging, LeavesASoundStoreAsItIs) {
  put_files(copy_, files_);
  const auto before = checksums();
  ASSERT_EQ(before.size(), 3U + 6U + 2U + 1U);
  for (const Fit fit : {Fit::state, Fit::log, Fit::rows, Fit::digest, Fit::bounds}) {
    StockSqlite stock(copy_);
    make_fit(stock, fit);
    EXPECT_EQ(checksums(), before);
  }
}

TEST_F(Forging, MakesWhatWasChangedPassForTrue) {
  put_files(copy_, files_);
  {
    StockSqlite stock(copy_);
    stock.run(
        "UPDATE user SET external_id = 'eve' WHERE ordinal = 2;"
        "UPDATE segment SET entries = replace(entries, 'by hand', 'forged') WHERE first = 5;"
        "UPDATE token SET lived_ms = lived_ms + 1 WHERE seq = 2;"
        "UPDATE state SET lived_ms = lived_ms + 10");
    make_fit(stock, Fit::digest);
  }
  const auto store = must(UserTagStore::open(copy_, {.access = Access::read_only}));
  EXPECT_TRUE(store.find("eve"));
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(Forging, FitsAsMuchAsItIsTold) {
  const char* const forgery = "UPDATE user SET external_id = 'eve' WHERE ordinal = 2";
  const auto answer_to = [&](Fit fit) {
    put_files(copy_, files_);
    {
      StockSqlite stock(copy_);
      stock.run(forgery);
      make_fit(stock, fit);
    }
    return test::code_of(UserTagStore::open(copy_, {.access = Access::read_only}));
  };
  EXPECT_EQ(answer_to(Fit::state), ErrorCode::foreign_write);
  EXPECT_EQ(answer_to(Fit::rows), ErrorCode::foreign_write);   // the digest differs
  EXPECT_EQ(answer_to(Fit::digest), std::nullopt);
}

// --- What fuzzing has found, as statements: bytes do not outlive the format. ---

struct Forgery {
  const char* name;
  const char* sql;
  const char* verdict;   // how that of an open begins, or of verify behind it
  Fit fit = Fit::digest;
};

void PrintTo(const Forgery& forgery, std::ostream* out) {
  *out << forgery.name;
}

const Forgery kForgeries[] = {
    {"ARevisionToCome", "UPDATE user SET revision = 1000000 WHERE ordinal = 2",
     "foreign_write: the row of user 2 is of a revision that the store has not come to"},
    {"AnIdThatWasNeverGiven", "UPDATE user SET id = replace(id, 'user_01', 'user_02') WHERE ordinal = 2",
     "foreign_write: the row of user 2 has an id that the store has not given"},
    {"ANewestIdThatWasLowered", "UPDATE state SET last_id = zeroblob(16)", "corrupt_store: user_"},
    {"IdsOutOfOrder", "UPDATE user SET id = (SELECT id FROM user WHERE ordinal = 1) WHERE ordinal = 3",
     "foreign_write: the row of user 3 has an id that is out of order"},
    {"TwoUsersOfOneName", "UPDATE user SET external_id = 'ann' WHERE ordinal = 2",
     "corrupt_store: two users have the external id"},
    {"ARowThatWasMoved", "UPDATE user SET ordinal = 4 WHERE ordinal = 2; UPDATE state SET last_ordinal = 4",
     "corrupt_store: user_"},
    {"ARowAheadOfTheFoldThatLacksAChange", "UPDATE user SET revision = 5 WHERE ordinal = 1",
     "found by verify"},
    {"ADeletedUserWhoLives", "UPDATE user SET tags = '{}' WHERE ordinal = 3", "found by verify"},
    {"ADeletedUserWhoLivesAmidTheReplay",
     "UPDATE user SET tags = '{}' WHERE ordinal = 3; UPDATE state SET folded_revision = 0",
     "foreign_write: the row of user 3 does not fit change 4"},
    {"ATombstoneThatIsGone", "DELETE FROM user WHERE ordinal = 3", "found by verify"},
    {"WhatWasBeforeOtherKeys",
     R"(UPDATE segment SET entries = replace(entries, '"before":{"n":', '"before":{"m":') WHERE first = 5)",
     "found by verify"},
    {"AFoldAmidASegment",
     "UPDATE state SET folded_revision = 5;"
     "UPDATE segment SET last = 6, entries = (SELECT '[' || group_concat(substr(entries, 2, "
     "length(entries) - 2)) || ']' FROM segment WHERE first >= 5) WHERE first = 5;"
     "DELETE FROM segment WHERE first = 6",
     "corrupt_store: the log"},
    {"ATokenNumberAtTheEnd", "DELETE FROM token WHERE seq = 1; UPDATE token SET seq = 9223372036854775806",
     "sound", Fit::bounds},
    {"ABindingToACluster", "UPDATE state SET binding = CAST(zeroblob(47) || x'01' AS BLOB)", "sound"},
    {"ASecondCommitRecord",
     "CREATE TEMP TABLE second AS SELECT * FROM state; UPDATE second SET id = 2;"
     "INSERT INTO state SELECT * FROM second",
     "corrupt_store"},
};

class Forged : public Forging, public testing::WithParamInterface<Forgery> {
 protected:
  // In the WAL, or in the database.
  StoreFiles forge(bool keep_wal) const {
    put_files(copy_, files_);
    StockSqlite stock(copy_);
    stock.run("PRAGMA ignore_check_constraints = ON; PRAGMA wal_autocheckpoint = 0");
    stock.run(GetParam().sql);
    make_fit(stock, GetParam().fit);
    if (keep_wal) return files_at(copy_);
    stock.run("PRAGMA wal_checkpoint(TRUNCATE)");
    return {files_at(copy_).database, {}};
  }
};

TEST_P(Forged, IsSeenAlikeHoweverItIsOpened) {
  for (const bool keep_wal : {true, false}) {
    const StoreFiles files = forge(keep_wal);
    EXPECT_EQ(files.wal.empty(), !keep_wal);
    EXPECT_NO_THROW(examine_files(files));
  }
}

TEST_P(Forged, IsFound) {
  put_files(copy_, forge(false));
  const auto store = UserTagStore::open(copy_, {.access = Access::read_only});
  const std::string verdict = !store                       ? test::told(store)
                              : must(store->verify()).ok() ? "sound"
                                                           : "found by verify";
  EXPECT_TRUE(verdict.starts_with(GetParam().verdict)) << verdict;
}

INSTANTIATE_TEST_SUITE_P(Statements, Forged, testing::ValuesIn(kForgeries),
                         [](const auto& tested) { return std::string(tested.param.name); });

// Half the bytes, or some more of them.
std::size_t mutate_simply(std::uint8_t* bytes, std::size_t size, std::size_t max_size) {
  if (size != 0) bytes[size / 2] ^= 1;
  return size % 2 == 0 ? size : std::min(size + 1, max_size);
}

TEST_F(Forging, ChangesRowsWhereSqliteLetsIt) {
  std::size_t opened = 0;
  std::size_t changed = 0;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const StoreFiles mutated = with_rows_changed(files_, seed % 2 == 0, random, mutate_simply);
    changed += mutated == files_ ? 0U : 1U;
    put_files(copy_, mutated);
    opened += UserTagStore::open(copy_, {.access = Access::read_only}) ? 1U : 0U;
    EXPECT_EQ(mutated.wal.empty(), seed % 2 != 0 && !(mutated == files_)) << seed;
  }
  EXPECT_GT(changed, 150U);
  EXPECT_GT(opened, 10U);
  EXPECT_LT(opened, 150U);
}

TEST_F(Forging, AWalIsPutTogetherAsSqliteDoes) {
  const WalFrames wal = WalFrames::parse(files_.wal);
  EXPECT_EQ(wal.page_bytes, 8192U);
  EXPECT_GE(wal.frames.size(), 2U);
  EXPECT_EQ(wal.bytes(), files_.wal);
}

TEST_F(Forging, AWalWithoutItsLastTransactionIsAnEarlierStore) {
  WalFrames wal = WalFrames::parse(files_.wal);
  while (wal.frames.back().pages_after_commit != 0 ||
         wal.frames[wal.frames.size() - 2].pages_after_commit == 0)
    wal.frames.pop_back();
  wal.frames.pop_back();
  wal.salts[0] += 7;   // any will do
  EXPECT_EQ(open(files_).revision(), 6U);
  const auto earlier = open({files_.database, wal.bytes()});
  EXPECT_EQ(earlier.revision(), 5U);
  EXPECT_TRUE(must(earlier.verify()).ok());
}

TEST_F(Forging, AWalThatTellsOfPagesThatNobodyHasIsRefused) {
  WalFrames wal = WalFrames::parse(files_.wal);
  wal.frames.back().pages_after_commit += 1000;
  const StoreFiles files{files_.database, wal.bytes()};
  put_files(copy_, files);
  EXPECT_EQ(test::code_of(UserTagStore::open(copy_)), ErrorCode::corrupt_store);
  EXPECT_NO_THROW(examine_files(files));
}

}   // namespace
}   // namespace usertags::fuzz
