#include "sqlite/external_id_hashes.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "samples.hpp"
#include "sqlite/columns.hpp"

namespace usertags::sqlite {
namespace {

using test::make_record;

constexpr std::uint32_t kUsers = ExternalIdHashes::kUsers;
constexpr std::uint32_t kNobody = ExternalIdFinder::kNobody;

std::string name_of(std::uint32_t ordinal) {
  return "user " + std::to_string(ordinal);
}

class ExternalIdHashesTest : public testing::Test {
 protected:
  void insert(std::uint32_t first, std::uint32_t last) {
    for (std::uint64_t ordinal = first; ordinal <= last; ++ordinal)
      database_.users().insert(*make_record(static_cast<std::uint32_t>(ordinal), ordinal, {},
                                            name_of(static_cast<std::uint32_t>(ordinal))));
  }
  // Two rows, and some users behind them.
  void fill() {
    insert(1, kLast);
    database_.hashes().complete(0, kLast);
  }
  void run(const std::string& sql) { database_.connection().execute(sql.c_str()); }
  std::int64_t rows() {
    return database_.connection().query_integer("SELECT count(*) FROM external_id_hash");
  }
  std::uint32_t find(const std::string& name) {
    ExternalIdFinder::Ordinals sought{{name, kNobody}};
    ExternalIdFinder(database_.connection()).find(sought);
    return sought.at(name);
  }
  void expect_all_are_found() {
    for (const std::uint32_t ordinal : {1U, 2U, kUsers, kUsers + 1, 2 * kUsers, 2 * kUsers + 1, kLast})
      EXPECT_EQ(find(name_of(ordinal)), ordinal);
    EXPECT_EQ(find("nobody"), kNobody);
  }
  std::vector<std::string> wrong(std::uint32_t last_ordinal = kLast) {
    std::vector<std::string> wrong;
    check_external_id_hashes(database_.connection(), last_ordinal,
                             [&](std::int64_t first, std::string_view what) {
                               wrong.push_back(std::to_string(first) + ' ' + std::string(what));
                             });
    return wrong;
  }
  // Bears its checksum, and says nothing of those who are there.
  void forge_first_row() {
    Database other(test::in_memory(), test::first_state());
    other.users().insert(*make_record(1, 1, {}, "somebody"));
    other.hashes().complete(0, kUsers);
    Statement made(other.connection(), select_from(kExternalIdHash));
    ASSERT_TRUE(made.step());
    Statement forge(database_.connection(),
                    "UPDATE external_id_hash SET checksum = ?1, hashes = ?2 WHERE first = 1");
    forge.bind(1, made.integer(ExternalIdHashColumn::checksum))
        .bind_blob(2, made.blob(ExternalIdHashColumn::hashes));
    forge.run();
  }

  static constexpr std::uint32_t kLast = 2 * kUsers + 7;
  Database database_{test::in_memory(), test::first_state()};
};

TEST_F(ExternalIdHashesTest, ARowIsWrittenWhenAllOfItsOrdinalsAreGiven) {
  insert(1, kUsers);
  database_.hashes().complete(0, kUsers - 1);
  EXPECT_EQ(rows(), 0);
  database_.hashes().complete(kUsers - 1, kUsers);
  EXPECT_EQ(rows(), 1);
  insert(kUsers + 1, 3 * kUsers + 1);
  database_.hashes().complete(kUsers, 2 * kUsers - 1);
  EXPECT_EQ(rows(), 1);
  database_.hashes().complete(2 * kUsers - 1, 3 * kUsers + 1);
  EXPECT_EQ(rows(), 3);
  EXPECT_EQ(wrong(3 * kUsers + 1), std::vector<std::string>());
  EXPECT_EQ(find(name_of(3 * kUsers)), 3 * kUsers);
}

TEST_F(ExternalIdHashesTest, NoRowIsWrittenWhereNobodyLives) {
  constexpr std::uint32_t kMost = 4'294'967'295;
  for (const std::uint32_t ordinal : {3 * kUsers, kMost - 5'000, kMost}) insert(ordinal, ordinal);
  database_.hashes().complete(0, kMost);
  EXPECT_EQ(rows(), 2);   // the last ordinals fill none
  for (const std::uint32_t ordinal : {3 * kUsers, kMost - 5'000, kMost})
    EXPECT_EQ(find(name_of(ordinal)), ordinal);
  EXPECT_EQ(wrong(kMost), std::vector<std::string>());
}

// As a writer does: rows are of what was told, or read, and are the same.
TEST_F(ExternalIdHashesTest, WhatWasToldIsWrittenAsWhatIsRead) {
  const auto create = [this](std::uint32_t first, std::uint32_t last) {
    insert(first, last);
    for (std::uint32_t ordinal = first; ordinal <= last; ++ordinal)
      database_.hashes().add(ordinal, name_of(ordinal));
    database_.hashes().complete(first - 1, last);
  };
  create(1, 5);
  create(6, kUsers + 1);   // one row is whole, the next one is begun
  EXPECT_EQ(rows(), 1);
  create(kUsers + 2, 3 * kUsers);
  EXPECT_EQ(rows(), 3);
  EXPECT_EQ(wrong(3 * kUsers), std::vector<std::string>());
  for (const std::uint32_t ordinal : {1U, kUsers, kUsers + 1, 3 * kUsers})
    EXPECT_EQ(find(name_of(ordinal)), ordinal);
}

TEST_F(ExternalIdHashesTest, ARowThatWasNotToldOfFromItsBeginningIsRead) {
  insert(1, 10);
  for (std::uint32_t ordinal = 11; ordinal <= kUsers + 1; ++ordinal) {
    insert(ordinal, ordinal);
    database_.hashes().add(ordinal, name_of(ordinal));
  }
  database_.hashes().complete(10, kUsers + 1);
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(wrong(kUsers + 1), std::vector<std::string>());
}

TEST_F(ExternalIdHashesTest, OrdinalsThatAreGivenAnewAreOthers) {
  for (std::uint32_t ordinal = 1; ordinal <= kUsers + 3; ++ordinal)
    database_.hashes().add(ordinal, "taken back " + std::to_string(ordinal));   // with their transaction
  insert(1, kUsers);
  for (std::uint32_t ordinal = 1; ordinal <= kUsers; ++ordinal)
    database_.hashes().add(ordinal, name_of(ordinal));
  database_.hashes().complete(0, kUsers);
  EXPECT_EQ(wrong(kUsers), std::vector<std::string>());
  insert(kUsers + 1,
         2 * kUsers);   // these were not told of: a row that was begun before them is none of theirs
  database_.hashes().complete(kUsers, 2 * kUsers);
  EXPECT_EQ(rows(), 2);
  EXPECT_EQ(wrong(2 * kUsers), std::vector<std::string>());
}

// The format, to the byte.
TEST_F(ExternalIdHashesTest, ARowIsAsItsDocumentSays) {
  fill();
  run("DELETE FROM user WHERE ordinal = 2003");
  database_.hashes().complete(kUsers, kLast);
  Statement row(
      database_.connection(),
      "SELECT length(hashes), hex(substr(hashes, 1, 6)), checksum FROM external_id_hash ORDER BY first");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 4000);
  EXPECT_EQ(row.text(1), "C821539C726F");
  EXPECT_EQ(row.integer(2), 4182553460097069840);
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.text(1), "A3977B590000");
  EXPECT_EQ(row.integer(2), 3802869504683975355);
  EXPECT_FALSE(row.step());
}

TEST_F(ExternalIdHashesTest, FindsUsersInRowsAndBehindThem) {
  fill();
  expect_all_are_found();
}

TEST_F(ExternalIdHashesTest, FindsTheLivingAlone) {
  insert(1, kUsers);
  database_.users().bury(*model::Record::make_tombstone(*make_record(7, 7, {}, name_of(7)), kUsers + 1));
  database_.hashes().complete(0, kUsers);
  EXPECT_EQ(find(name_of(7)), kNobody);
  database_.users().bury(*model::Record::make_tombstone(*make_record(8, 8, {}, name_of(8)), kUsers + 2));
  EXPECT_EQ(find(name_of(8)), kNobody);
  database_.users().forget_deleted(8);
  EXPECT_EQ(find(name_of(8)), kNobody);
  database_.users().insert(*make_record(kUsers + 1, kUsers + 3, {}, name_of(8)));
  EXPECT_EQ(find(name_of(8)), kUsers + 1);
  EXPECT_EQ(wrong(kUsers + 1), std::vector<std::string>());
}

// More of a row's users than are looked at one by one, and some of others.
TEST_F(ExternalIdHashesTest, FindsManyAtOnce) {
  fill();
  std::vector<std::string> names;
  for (std::uint32_t ordinal = 1; ordinal <= kUsers / 2; ++ordinal) names.push_back(name_of(ordinal));
  for (const std::uint32_t ordinal : {kUsers + 5, 2 * kUsers, kLast, kLast + 1})
    names.push_back(name_of(ordinal));
  ExternalIdFinder::Ordinals sought;
  for (const std::string& name : names) sought.emplace(name, kNobody);
  ExternalIdFinder(database_.connection()).find(sought);
  for (const auto& [name, ordinal] : sought)
    EXPECT_EQ(ordinal, name == name_of(kLast + 1)
                           ? kNobody
                           : static_cast<std::uint32_t>(std::stoul(std::string(name.substr(5)))));
}

TEST_F(ExternalIdHashesTest, AFinderFindsAgain) {
  fill();
  ExternalIdFinder finder(database_.connection());
  for (int round = 0; round < 2; ++round) {
    ExternalIdFinder::Ordinals sought{{"user 5", kNobody}, {"user 2500", kNobody}};
    finder.find(sought);
    EXPECT_EQ(sought.at("user 5"), 5U);
    EXPECT_EQ(sought.at("user 2500"), 2500U);
  }
}

TEST_F(ExternalIdHashesTest, LooksInTheTableWhereARowIsMissing) {
  for (const std::string_view first : {"1", "2001"}) {
    run("DELETE FROM user; DELETE FROM external_id_hash");
    fill();
    run("DELETE FROM external_id_hash WHERE first = " + std::string(first));
    expect_all_are_found();
    EXPECT_EQ(wrong(), std::vector<std::string>());
  }
}

// So that it is the hashes that say where to look.
TEST_F(ExternalIdHashesTest, LooksWhereTheHashesSay) {
  fill();
  forge_first_row();
  EXPECT_EQ(find(name_of(3)), kNobody);
  EXPECT_EQ(find(name_of(kUsers + 3)), kUsers + 3);
  const auto wrong = this->wrong();
  ASSERT_EQ(wrong.size(), kUsers);
  EXPECT_EQ(wrong[2], "1 has another hash than the external id of user 3");
}

class NoSuchHashes : public ExternalIdHashesTest, public testing::WithParamInterface<const char*> {};

TEST_P(NoSuchHashes, AreNotBelieved) {
  fill();
  forge_first_row();
  run(std::string("PRAGMA ignore_check_constraints = ON; ") + GetParam());
  expect_all_are_found();
  ASSERT_EQ(wrong().size(), 1U);
  EXPECT_TRUE(wrong()[0].ends_with("is not one that the store has written")) << wrong()[0];
}

INSTANTIATE_TEST_SUITE_P(
    All, NoSuchHashes,
    testing::Values(
        "UPDATE external_id_hash SET checksum = checksum + 1 WHERE first = 1",
        "UPDATE external_id_hash SET hashes = CAST(x'01' || substr(hashes, 2) AS BLOB) WHERE first = 1",
        "UPDATE external_id_hash SET hashes = substr(hashes, 1, 3998) WHERE first = 1",
        "UPDATE external_id_hash SET first = 0 WHERE first = 1",
        "UPDATE external_id_hash SET first = -1999 WHERE first = 1",
        "UPDATE external_id_hash SET first = 2 WHERE first = 1",
        "UPDATE external_id_hash SET first = 4001 WHERE first = 1",
        "UPDATE external_id_hash SET first = 4294966001 WHERE first = 1",
        "UPDATE external_id_hash SET first = 4294967297 WHERE first = 1"));

TEST_F(ExternalIdHashesTest, ARowOfOrdinalsThatWereNotGivenIsWrong) {
  fill();
  EXPECT_EQ(wrong(2 * kUsers), std::vector<std::string>());
  EXPECT_EQ(wrong(2 * kUsers - 1), std::vector<std::string>{"2001 is not one that the store has written"});
}

}   // namespace
}   // namespace usertags::sqlite
