// Reading without SQLite's locks: what was read while somebody wrote is worth nothing, and is read again.
#include "store/file/reading.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "sqlite/state.hpp"
#include "store/file/store_path.hpp"
#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/outcome_of.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::must;

class ReadingTest : public testing::Test {
 protected:
  ReadingTest() {
    auto store = must(UserTagStore::open(path_));
    must(store.create_user("ann", {{"tier", "gold"}}));
    must(store.close());
  }
  // As a copy is, or a file that was moved here.
  void take_sidecar_away() const { fs::remove(path_.string() + ".lock"); }
  void write() const {
    auto store = must(UserTagStore::open(path_));
    must(store.create_user("user " + std::to_string(store.revision())));
    must(store.close());
  }
  std::vector<std::string> names_in_folder() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  static std::uint64_t revision(Reading& reading) {
    return sqlite::StateTable(reading.connection).read().revision;
  }
  static std::string tier(const UserTagStore& store) { return test::value_of(store, "ann", "tier"); }

  const test::TempDir folder_;
  const fs::path path_ = fs::canonical(folder_.path()) / "users.db";
};

TEST_F(ReadingTest, WhereNobodyWritesItLeavesNothingBehindAndIsValid) {
  for (const bool has_sidecar : {true, false}) {
    if (!has_sidecar) take_sidecar_away();
    const auto before = names_in_folder();
    Reading reading = open_for_reading(path_, 0ms);
    EXPECT_TRUE(reading.is_immutable());
    EXPECT_EQ(reading.lock.has_value(), has_sidecar);
    EXPECT_EQ(revision(reading), 1U);
    EXPECT_FALSE(reading.is_void());
    EXPECT_EQ(names_in_folder(), before);
  }
}

TEST_F(ReadingTest, IsVoidOnceAStoreWasOpenedThatItDidNotHoldOff) {
  take_sidecar_away();
  Reading reading = open_for_reading(path_, 0ms);
  write();
  EXPECT_TRUE(reading.is_void());
}

TEST_F(ReadingTest, IsVoidOnceSomethingElseWrote) {
  Reading reading = open_for_reading(path_, 0ms);
  test::StockSqlite(path_).run("ANALYZE");
  EXPECT_TRUE(reading.is_void());
}

TEST_F(ReadingTest, WhatWasVoidIsReadAgain) {
  take_sidecar_away();
  std::vector<std::uint64_t> seen;
  const std::uint64_t answer = read_file(open_for_reading, path_, 0ms, [&](Reading& reading) {
    seen.push_back(revision(reading));
    if (seen.size() == 1) write();
    if (seen.size() == 1) throw std::runtime_error("half old, half new");
    return seen.back();
  });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(answer, 2U);
}

TEST_F(ReadingTest, WhoeverNeverStopsWritingMakesItBusy) {
  const auto read_and_write = [&] {
    read_file(open_for_reading, path_, 0ms, [&](Reading& reading) {
      test::StockSqlite(path_).run("PRAGMA journal_mode=DELETE; ANALYZE; PRAGMA journal_mode=WAL");
      return revision(reading);
    });
  };
  EXPECT_EQ(test::outcome_of(read_and_write), "busy");
}

TEST_F(ReadingTest, AFollowerWithoutASidecarSeesTheWriterThatComes) {
  take_sidecar_away();
  Options options;
  options.access = Access::read_only;
  auto follower = must(UserTagStore::open(path_, options));
  EXPECT_EQ(must(follower.refresh()), 1U);
  EXPECT_EQ(must(follower.changes(Position())).changes.size(), 1U);
  auto writer = must(UserTagStore::open(path_));
  must(writer.apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_EQ(must(follower.refresh()), 2U);
  EXPECT_EQ(must(follower.changes(Position())).changes.size(), 2U);
  EXPECT_EQ(tier(follower), "silver");
}

// --- A rollback journal. ---

// Somebody took the file out of WAL mode, and was killed in the midst of a transaction, or is at work.
class BesideAJournal : public ReadingTest {
 protected:
  void begin_and(bool end) const {
    test::Child child([&](const test::Reporter& parent) {
      test::StockSqlite other(path_);
      other.run("PRAGMA journal_mode=DELETE; PRAGMA cache_size=1; BEGIN");
      other.run(R"(UPDATE user SET tags = '{"tier":"forged"}')");
      other.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 4000)"
          "INSERT INTO token SELECT i,1,1,1,1,1,randomblob(100),randomblob(16) FROM n");
      if (end) other.run("ROLLBACK");
      parent.tell("begun");
      pause();
    });
    ASSERT_EQ(child.read_line(), "begun");
  }

  Options reading_ = [] {
    Options options;
    options.access = Access::read_only;
    return options;
  }();
};

TEST_F(BesideAJournal, WhatNobodyCommittedIsNeitherReadNorOffered) {
  begin_and(false);
  ASSERT_TRUE(has_journal(path_));
  const auto read = UserTagStore::open(path_, reading_);
  ASSERT_EQ(test::code_of(read), ErrorCode::read_only) << test::told(read);
  EXPECT_TRUE(read.error().message().contains("users.db-journal")) << read.error().message();
  const auto dry = UserTagStore::adopt(path_, {.dry_run = true});
  EXPECT_EQ(test::code_of(dry), ErrorCode::read_only) << test::told(dry);
  const Adoption adoption = must(UserTagStore::adopt(path_));
  EXPECT_TRUE(adoption.adopted);
  EXPECT_TRUE(adoption.changes.empty());
  EXPECT_EQ(tier(must(UserTagStore::open(path_, reading_))), "gold");
}

TEST_F(BesideAJournal, AWriterTakesItBack) {
  begin_and(false);
  EXPECT_EQ(tier(must(UserTagStore::open(path_))), "gold");
  EXPECT_FALSE(has_journal(path_));
}

TEST_F(BesideAJournal, OneThatIsWholeIsNoHindrance) {
  begin_and(true);
  EXPECT_EQ(tier(must(UserTagStore::open(path_, reading_))), "gold");
}

}   // namespace
}   // namespace usertags::store
