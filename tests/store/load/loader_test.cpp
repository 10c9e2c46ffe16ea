// Files of more rows than are judged in one piece: they come in their order, and so does what is wrong with them.
#include "store/load/loader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/failure.hpp"
#include "sqlite/transaction.hpp"
#include "store/file/reading.hpp"
#include "support/answers.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

constexpr std::uint32_t kUsers = 20'000;

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    auto store = must(UserTagStore::open(path_));
    std::vector<Write> writes;
    for (std::uint32_t user = 1; user <= kUsers; ++user)
      writes.push_back(CreateUser{"user " + std::to_string(user), {{"n", std::to_string(user)}}, {}});
    for (const auto& answer : store.apply_each(writes)) must(answer);
    must(store.apply("user 17000", TagBatch().set("n", "patched")));
    must(store.delete_user("user 9000"));
    must(store.close());
  }

  store::Loaded load(const store::OnProblem& on_problem) {
    store::Reading reading = store::open_for_reading(path_, std::chrono::milliseconds(0));
    const sqlite::ReadTransaction moment(reading.connection);
    return store::load(reading.connection, store::LogExtent::whole, on_problem);
  }
  void edit(const std::string& sql) { StockSqlite(path_).run(sql); }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = std::filesystem::canonical(folder_.path()) / "users.db";
};

TEST_F(LoaderTest, ReadsAllUsersInTheirOrder) {
  const store::Loaded loaded = load(store::refuse_problem);
  ASSERT_EQ(loaded.records.size(), kUsers - 1);
  std::uint32_t ordinal = 0;
  for (const model::RecordPtr& record : loaded.records) {
    if (++ordinal == 9'000) ++ordinal;
    ASSERT_EQ(record->ordinal(), ordinal);
    ASSERT_EQ(record->find("n"), ordinal == 17'000 ? "patched" : std::to_string(ordinal));
  }
}

TEST_F(LoaderTest, TellsWhatIsWrongInTheOrderOfTheRows) {
  edit("UPDATE user SET checksum = checksum + 1 WHERE ordinal IN (5, 8192, 8193, 12000, 19999)");
  std::vector<std::string> users;
  load([&](const store::FileProblem& problem) {
    if (problem.kind == VerifyReport::Kind::user_row && problem.what.starts_with("the row of user "))
      users.push_back(problem.what.substr(16, problem.what.find(' ', 16) - 16));
  });
  users.resize(5);   // behind them the log tells of rows that are not there
  EXPECT_EQ(users, (std::vector<std::string>{"5", "8192", "8193", "12000", "19999"}));
}

TEST_F(LoaderTest, WhatCannotBeReadIsToldBehindTheRowsBeforeIt) {
  edit("UPDATE user SET revision = 0 WHERE ordinal = 19000");   // what no store writes
  const auto code_of_loading = [this] {
    try {
      load(store::refuse_problem);
    } catch (const model::Failure& failure) {
      return failure.error.code();
    }
    return ErrorCode::invalid_argument;
  };
  EXPECT_EQ(code_of_loading(), ErrorCode::corrupt_store);
  edit("UPDATE user SET checksum = checksum + 1 WHERE ordinal = 18000");
  EXPECT_EQ(code_of_loading(), ErrorCode::foreign_write);
  edit("UPDATE user SET checksum = checksum + 1 WHERE ordinal = 100");
  EXPECT_EQ(code_of_loading(), ErrorCode::foreign_write);
}

}   // namespace
}   // namespace usertags::test
