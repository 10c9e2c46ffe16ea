// Damage: a file that was cut anywhere, or of which a part is broken, is told for what it is; and who has the
// store open gets a report, whatever happened to the file. Here a bit of each row's number is flipped; those of every
// byte: tests/torture/rot.cpp.
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

std::size_t big_endian16(const std::string& bytes, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

// Behind a varint: its last byte is the first without the high bit.
std::size_t end_of_varint(const std::string& bytes, std::size_t at) {
  while ((static_cast<unsigned char>(bytes[at]) & 0x80) != 0) ++at;
  return at + 1;
}

// Where the leaves of tables (https://sqlite.org/fileformat2.html, "B-tree Pages") have the last bytes of
// their rows' numbers.
std::vector<std::size_t> row_numbers_in(const std::string& bytes) {
  constexpr std::size_t kPage = 8'192;
  constexpr std::size_t kFileHeader = 100;
  constexpr char kTableLeaf = 0x0D;
  std::vector<std::size_t> places;
  for (std::size_t page = 0; page < bytes.size(); page += kPage) {
    const std::size_t header = page == 0 ? kFileHeader : page;
    if (bytes[header] != kTableLeaf) continue;
    for (std::size_t cell = 0; cell < big_endian16(bytes, header + 3); ++cell) {
      const std::size_t start = page + big_endian16(bytes, header + 8 + 2 * cell);
      places.push_back(end_of_varint(bytes, end_of_varint(bytes, start)) - 1);
    }
  }
  return places;
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

  // What an opening of the file comes to; empty: as it should.
  std::string wrong_about(const std::string& bytes, Access access) const {
    write(bytes);
    const auto store = UserTagStore::open(path_, with(access));
    if (store) {
      if (users_of(*store) != users_) return "other users";
      const auto report = store->verify();
      return report ? "" : "verify: " + told(report);
    }
    switch (store.error().code()) {
      case ErrorCode::corrupt_store:
      case ErrorCode::not_a_store:
      case ErrorCode::unsupported_format: return "";
      case ErrorCode::foreign_write: break;
      default: return told(store);
    }
    const auto adoption = UserTagStore::adopt(path_, {.dry_run = true});
    return adoption ? "" : told(store) + ", and adopt: " + told(adoption);
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

// The number of a row in a table's tree, of every kind of row: users, changes, tokens, the commit record.
TEST_F(Damage, ARowNumberThatWasFlippedIsFound) {
  std::size_t found = 0;
  for (const std::size_t at : row_numbers_in(bytes_)) {
    std::string flipped = bytes_;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    for (const Access access : {Access::read_only, Access::read_write}) {
      EXPECT_EQ(wrong_about(flipped, access), "") << "byte " << at;
    }
    ++found;
  }
  EXPECT_GT(found, 40U + 40U) << "users, tokens";
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
  EXPECT_EQ(code_of(UserTagStore::open(path_, with(Access::read_only))), ErrorCode::corrupt_store);
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
