// Inspector finds users by external id with the help of table `external_id_hash`: it is there however a store came
// about, and what is wrong with it is told by verify, and costs time. tests/sqlite/external_id_hashes_test.cpp looks
// at the table by itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <usertags/inspector.hpp>
#include <usertags/restorer.hpp>
#include <usertags/user_tag_store.hpp>

#include "sqlite/external_id_hashes.hpp"
#include "support/answers.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

constexpr int kRow = sqlite::ExternalIdHashes::kUsers;

std::string name_of(int n) {
  return "user " + std::to_string(n);
}

class ExternalIds : public testing::Test {
 protected:
  // Users 1 to 2 * kRow + 3 in order, of whom some are deleted, and one is there again, behind the rows.
  ExternalIds() {
    auto store = open();
    for (int first = 1; first <= 2 * kRow; first += kRow / 4) create(store, first, first + kRow / 4);
    for (const int n : kDeleted) must(store.delete_user(name_of(n)));
    must(store.create_user(name_of(kDeleted[0])));
    create(store, 2 * kRow + 1, kLast + 1);
    must(store.close());
  }

  UserTagStore open(fs::path path = {}) const {
    Options options;
    options.durability = Durability::relaxed;
    return must(UserTagStore::open(path.empty() ? path_ : path, options));
  }
  static void create(UserTagStore& store, int first, int end) {
    std::vector<Write> writes;
    for (int n = first; n < end; ++n)
      writes.push_back(CreateUser{name_of(n), {{"n", std::to_string(n)}}, {}});
    must(store.apply_all(writes));
  }
  static std::string rows_in(const fs::path& path) {
    return StockSqlite(path, SQLITE_OPEN_READONLY)
        .query("SELECT group_concat(first) FROM external_id_hash")[0][0];
  }
  static VerifyReport verified(const fs::path& path) {
    return must(must(UserTagStore::open(path, {.access = Access::read_only})).verify());
  }
  static void expect_all_are_found(const fs::path& path) {
    const Inspector inspector = must(Inspector::open(path));
    for (const int n : {1, 2, kRow - 1, kRow, kRow + 1, 2 * kRow, 2 * kRow + 1, kLast, kDeleted[0]})
      EXPECT_EQ(must(inspector.find(name_of(n))).external_id(), name_of(n));
    for (const std::string& name : {name_of(kDeleted[1]), name_of(kDeleted[2]), std::string("nobody")})
      EXPECT_EQ(code_of(inspector.find(name)), ErrorCode::user_not_found) << name;
  }
  static void expect_whole(const fs::path& path) {
    EXPECT_EQ(rows_in(path), "1,2001");
    const VerifyReport report = verified(path);
    EXPECT_TRUE(report.ok()) << report.problems.front().what;
    expect_all_are_found(path);
  }

  static constexpr int kLast = 2 * kRow + 3;
  static constexpr int kDeleted[] = {7, 8, kRow + 9};

  TempDir folder_{memory_folder()};
  const fs::path path_ = folder_ / "users.db";
  const fs::path copy_ = folder_ / "copy.db";
};

TEST_F(ExternalIds, AreFoundBesideAWriterAndBehindIt) {
  expect_whole(path_);
  auto store = open();
  must(store.delete_user(name_of(5)));
  create(store, kLast + 1, 3 * kRow + 1);   // the row behind is full
  EXPECT_EQ(rows_in(path_), "1,2001,4001");
  expect_all_are_found(path_);
  EXPECT_EQ(must(must(Inspector::open(path_)).find(name_of(kLast + 5))).external_id(), name_of(kLast + 5));
  EXPECT_EQ(code_of(must(Inspector::open(path_)).find(name_of(5))), ErrorCode::user_not_found);
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(ExternalIds, AreFoundInCopiesAndWhereDeletedRowsArePruned) {
  auto store = open();
  must(store.change_settings({.history = History{.min_changes = 0}}));
  must(store.compact());
  must(store.backup(copy_));
  must(store.close());
  expect_whole(copy_);
  expect_whole(path_);
}

TEST_F(ExternalIds, AreFoundInAStoreThatWentThroughText) {
  const Inspector from = must(Inspector::open(path_));
  const StoreInfo info = must(from.info());
  auto to = must(Restorer::begin(
      copy_, {.revision = info.revision, .last_id = info.last_id, .settings = info.settings}));
  must(from.for_each([&](const User& user) {
    must(to.add({.id = user.id(),
                 .external_id = std::string(user.external_id()),
                 .revision = user.revision(),
                 .tags = {{"n", std::string(user.tags().begin()->value)}}}));
  }));
  must(to.finish());
  EXPECT_EQ(rows_in(copy_), "1,2001");
  EXPECT_TRUE(verified(copy_).ok());
  expect_all_are_found(copy_);
}

// What adopts writes the table anew, whatever was done to it.
TEST_F(ExternalIds, AreFoundInAStoreThatWasAdopted) {
  StockSqlite(path_).run(
      "UPDATE user SET tags = '{}' WHERE ordinal = 3; DELETE FROM external_id_hash WHERE first = 1;"
      "INSERT INTO user SELECT 5999, id, 'by hand', 1, 1, '{}' FROM user WHERE ordinal = 1");
  must(UserTagStore::adopt(path_));
  expect_whole(path_);
  EXPECT_EQ(must(must(Inspector::open(path_)).find("by hand")).external_id(), "by hand");
}

TEST_F(ExternalIds, AreFoundWithoutTheTable) {
  StockSqlite(path_).run("DELETE FROM external_id_hash");
  expect_all_are_found(path_);
  EXPECT_TRUE(verified(path_).ok());
  auto store = open();
  create(store, kLast + 1, 3 * kRow + 1);
  must(store.close());
  EXPECT_EQ(rows_in(path_), "4001");
  expect_all_are_found(path_);
}

TEST_F(ExternalIds, AreFoundThoughARowIsDamagedAndVerifyTells) {
  StockSqlite(path_).run("UPDATE external_id_hash SET hashes = zeroblob(4000) WHERE first = 2001");
  expect_all_are_found(path_);
  EXPECT_TRUE(open().find(name_of(1)));
  const VerifyReport report = verified(path_);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].kind, VerifyReport::Kind::external_id_hash);
  EXPECT_EQ(report.problems[0].what,
            "row 2001 of table 'external_id_hash' is not one that the store has written: it may be deleted");
}

}   // namespace
}   // namespace usertags::test
