// Damage: a file that was cut anywhere, or of which a part is broken, is told for what it is; and who has the
// store open gets a report, whatever happened to the file. Every byte that may be flipped:
// tests/torture/rot.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Options with(Access access) {
  Options options;
  options.access = access;
  options.durability = Durability::relaxed;
  return options;
}

using Lines = std::vector<std::string>;

Lines users_of(const UserTagStore& store) {
  Lines users;
  std::ignore = store.for_each(Selector(), [&](const User& user) {
    std::string line = std::string(user.id()) + ' ' + std::string(user.external_id());
    for (const auto [key, value] : user.tags()) line += " " + std::string(key) + "=" + std::string(value);
    users.push_back(std::move(line));
  });
  return users;
}

class Damage : public testing::Test {
 protected:
  Damage() {
    auto store = must(UserTagStore::open(path_, with(Access::read_write)));
    for (int n = 0; n < 40; ++n) {
      const std::string name = std::to_string(n);
      must(store.create_user(name, {{"tier", "gold"}, {"n", name}}, {.token = "t" + name}));
      must(store.apply(name, TagBatch().set("tier", "silver"), {.note = "why"}));
    }
    users_ = users_of(store);
    must(store.close());
    bytes_ = bytes_of(path_);
  }

  void write(const std::string& bytes) const {
    for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path_.string() + suffix);
    std::ofstream(path_, std::ios::binary) << bytes;
  }

  TempDir folder_{memory_folder()};
  fs::path path_ = folder_ / "users.db";
  std::string bytes_;
  Lines users_;
};

TEST_F(Damage, AFileThatWasCutIsRefusedWhateverItsLength) {
  for (std::size_t length = 1; length < bytes_.size(); length += length < 1'000 ? 37 : 509) {
    write(bytes_.substr(0, length));
    for (const Access access : {Access::read_only, Access::read_write}) {
      const auto store = UserTagStore::open(path_, with(access));
      EXPECT_TRUE(code_of(store) == ErrorCode::corrupt_store || code_of(store) == ErrorCode::not_a_store)
          << length << ": " << told(store);
    }
  }
  for (const std::size_t length : {bytes_.size() - 1, bytes_.size() - 4'096, bytes_.size() - 8'192}) {
    write(bytes_.substr(0, length));
    EXPECT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::corrupt_store) << length;
    EXPECT_EQ(code_of(UserTagStore::adopt(path_)), ErrorCode::corrupt_store) << length;
  }
}

TEST_F(Damage, ALogThatLostItsBeginningIsRefused) {
  StockSqlite(path_).run("DELETE FROM segment WHERE first < 10");
  EXPECT_TRUE(told(UserTagStore::open(path_)).starts_with("corrupt_store: the log is broken at change 1"))
      << told(UserTagStore::open(path_));
}

TEST_F(Damage, ACommitRecordWithoutItsChecksumIsNotForAdopting) {
  StockSqlite(path_).run("UPDATE state SET epoch = epoch + 1");
  for (const auto& told_by : {told(UserTagStore::open(path_)), told(UserTagStore::adopt(path_))}) {
    EXPECT_TRUE(told_by.starts_with("corrupt_store: the commit record")) << told_by;
  }
}

// A row that is foreign, in a file of which the rest is broken: adopting would be refused.
TEST_F(Damage, WhatAdoptingWouldRefuseIsNotCalledForeign) {
  StockSqlite(path_).run(
      "UPDATE user SET tags = '{}' WHERE ordinal = 3; UPDATE segment SET at_ms = at_ms + 1 WHERE first = 9");
  EXPECT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::corrupt_store);
  EXPECT_EQ(code_of(UserTagStore::adopt(path_)), ErrorCode::corrupt_store);
}

// --- While the store is open. ---

TEST_F(Damage, VerifyReportsWhateverBecameOfTheFile) {
  const std::pair<const char*, std::string> kEnds[] = {
      {"cut", bytes_.substr(0, bytes_.size() - 4'096)},
      {"cut short", bytes_.substr(0, 9'000)},
      {"cut within the header", bytes_.substr(0, 50)},
      {"no database", std::string(bytes_.size(), 'x')},
      {"a garbage page", std::string(bytes_).replace(8'192, 8'192, std::string(8'192, '\xA5'))}};
  for (const auto& [name, bytes] : kEnds) {
    write(bytes_);
    const auto reader = must(UserTagStore::open(path_, with(Access::read_only)));
    write(bytes);
    const auto report = reader.verify();
    ASSERT_TRUE(report) << name << ": " << told(report);
    EXPECT_FALSE(report->ok()) << name;
    EXPECT_EQ(users_of(reader), users_) << "reads go on";
  }
}

}   // namespace
}   // namespace usertags::test
