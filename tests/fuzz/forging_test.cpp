#include "fuzz/forging.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
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

// No reader would come to see it.
TEST_F(Forging, ARowOfARevisionToComeIsRefusedEvenIfAllFits) {
  put_files(copy_, files_);
  {
    StockSqlite stock(copy_);
    stock.run("UPDATE user SET revision = 1000000 WHERE ordinal = 2");
    make_fit(stock, Fit::digest);
  }
  const auto store = UserTagStore::open(copy_, {.access = Access::read_only});
  EXPECT_TRUE(test::told(store).contains("is of a revision that the store has not come to"))
      << test::told(store);
}

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

}   // namespace
}   // namespace usertags::fuzz
