#include "sqlite/tables.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

using model::Change;
using model::ChangeKind;
using test::make_patch;
using test::outcome_of;

class ChangeLogTest : public testing::Test {
 protected:
  void append(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t revision = first; revision <= last; ++revision) {
      test::append(database_, make_patch(revision, 1), revision);
    }
  }
  std::vector<std::uint64_t> revisions_from(std::uint64_t first) {
    std::vector<std::uint64_t> revisions;
    ChangeLog::Reader entries(database_.connection());
    const ChangeLog::Reader::Walk walk(entries, first);
    while (const auto entry = entries.next()) revisions.push_back(entry->change.revision);
    return revisions;
  }
  void expect_entry(const Change& change, std::uint64_t checksum) {
    ChangeLog::Reader entries(database_.connection());
    const ChangeLog::Reader::Walk walk(entries, change.revision);
    const auto entry = entries.next();
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->change.revision, change.revision);
    EXPECT_EQ(entry->change.ordinal, change.ordinal);
    EXPECT_EQ(entry->change.remaining, change.remaining);
    EXPECT_EQ(entry->change.at_ms, change.at_ms);
    EXPECT_EQ(entry->change.lived_ms, change.lived_ms);
    EXPECT_EQ(entry->change.kind, change.kind);
    EXPECT_EQ(entry->change.patch, change.patch);
    EXPECT_EQ(entry->change.note, change.note);
    EXPECT_EQ(entry->checksum, checksum);
  }

  Database database_{test::in_memory(), test::first_state()};
};

TEST_F(ChangeLogTest, EveryFieldComesBackAtItsExtreme) {
  const std::string note(800, 'n');
  const std::string patch = R"({"tags":{")" + std::string(1'000'000, 'k') + R"(":null}})";
  const Change lowest{1, 1, 0, 0, 0, ChangeKind::created, "{}", ""};
  const Change highest{std::numeric_limits<std::int64_t>::max(),
                       std::numeric_limits<std::uint32_t>::max(),
                       std::numeric_limits<std::int64_t>::max(),
                       std::numeric_limits<std::int64_t>::max(),
                       std::numeric_limits<std::int64_t>::max(),
                       ChangeKind::deleted,
                       patch,
                       note};
  const Change odd{
      2, 3, 4, 5, 6, ChangeKind::patched, "{\"\\u0001\":\"\x7F\xC3\xA9\"}", "a\tb\"\\\xF0\x9D\x84\x9E"};
  test::append(database_, lowest, 0);
  test::append(database_, highest, std::numeric_limits<std::uint64_t>::max());
  test::append(database_, odd, std::uint64_t{1} << 63);
  expect_entry(lowest, 0);
  expect_entry(highest, std::numeric_limits<std::uint64_t>::max());
  expect_entry(odd, std::uint64_t{1} << 63);
}

// Some statements take many rows and some one: every entry goes to its own row whichever takes it.
TEST_F(ChangeLogTest, ManyEntriesAtOnceAreThoseOneByOne) {
  std::vector<std::string> texts;
  std::vector<ChangeLog::Entry> entries;
  for (std::uint64_t revision = 1; revision <= 53; ++revision) texts.push_back(std::to_string(revision * 7));
  for (std::uint64_t revision = 1; revision <= 53; ++revision) {
    Change change = make_patch(revision, static_cast<std::uint32_t>(revision * 3), texts[revision - 1]);
    change.at_ms = static_cast<std::int64_t>(revision * 5);
    change.lived_ms = static_cast<std::int64_t>(revision * 6);
    change.remaining = 53 - revision;
    if (revision % 2 == 0) change.note = texts[revision - 1];
    entries.push_back({change, revision * 11});
  }
  database_.log().append(entries);
  for (const ChangeLog::Entry& entry : entries) expect_entry(entry.change, entry.checksum);
  EXPECT_EQ(database_.connection().query_integer("SELECT count(*) FROM change"), 53);
}

TEST_F(ChangeLogTest, ANoteDoesNotStayForTheNextEntry) {
  Change with_note = make_patch(1, 1);
  with_note.note = "who";
  test::append(database_, with_note, 0);
  test::append(database_, make_patch(2, 1), 0);
  expect_entry(make_patch(2, 1), 0);
  EXPECT_EQ(database_.connection().query_integer("SELECT note IS NULL FROM change WHERE seq = 2"), 1);
}

TEST_F(ChangeLogTest, AReaderStartsAtAnyRevisionAndGoesInOrder) {
  append(3, 4);
  append(1, 2);
  append(5, 6);
  EXPECT_EQ(revisions_from(0), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(revisions_from(4), (std::vector<std::uint64_t>{4, 5, 6}));
  EXPECT_TRUE(revisions_from(7).empty());
}

TEST_F(ChangeLogTest, PruningRemovesItsRangeAndNothingElse) {
  append(1, 3'000);
  database_.log().prune(1, 1'499);
  EXPECT_EQ(revisions_from(0).front(), 1'500U);
  EXPECT_EQ(revisions_from(0).size(), 1'501U);
  database_.log().prune(1'500, 3'000);
  EXPECT_TRUE(revisions_from(0).empty());
}

TEST_F(ChangeLogTest, AReaderWalksAgainAndLeavesNoRowStanding) {
  append(1, 5);
  ChangeLog::Reader entries(database_.connection());
  for (const std::uint64_t first : {4U, 2U, 5U}) {
    const ChangeLog::Reader::Walk walk(entries, first);
    EXPECT_EQ(entries.next()->change.revision, first);
  }
  EXPECT_EQ(outcome_of([&] { database_.connection().execute("VACUUM"); }),
            "ok");   // refused while a row stands
}

TEST_F(ChangeLogTest, TheEntriesOfOneUserComeNewestFirst) {
  for (std::uint64_t revision = 1; revision <= 9; ++revision) {
    test::append(database_, make_patch(revision, revision % 3 == 0 ? 7 : 8), revision);
  }
  ChangeLog::UserReader entries(database_.connection());
  const auto revisions = [&](std::uint32_t ordinal, std::uint64_t first, std::uint64_t last) {
    const ChangeLog::UserReader::Walk walk(entries, ordinal, first, last);
    std::vector<std::uint64_t> found;
    while (const auto entry = entries.next()) found.push_back(entry->change.revision);
    return found;
  };
  EXPECT_EQ(revisions(7, 1, 9), (std::vector<std::uint64_t>{9, 6, 3}));
  EXPECT_EQ(revisions(7, 3, 8), (std::vector<std::uint64_t>{6, 3}));
  EXPECT_EQ(revisions(8, 4, 5), (std::vector<std::uint64_t>{5, 4}));
  EXPECT_TRUE(revisions(6, 1, 9).empty());
}

TEST_F(ChangeLogTest, FindsTheEndOfTheNewestTransaction) {
  const std::uint64_t remaining[] = {0, 2, 1, 0, 1, 0};
  for (std::uint64_t revision = 1; revision <= 6; ++revision) {
    Change change = make_patch(revision, 1);
    change.remaining = remaining[revision - 1];
    test::append(database_, change, 0);
  }
  const std::uint64_t ends[] = {1, 1, 1, 4, 4, 6, 6};
  for (std::uint64_t revision = 1; revision <= 7; ++revision) {
    EXPECT_EQ(database_.log().last_transaction_end(revision), ends[revision - 1]) << revision;
  }
  EXPECT_FALSE(database_.log().last_transaction_end(0));
}

TEST_F(ChangeLogTest, AMarkTellsTransactionTimeAndChecksum) {
  Change change = make_patch(7, 1);
  change.remaining = 3;
  change.lived_ms = 1'764'000'000'000;
  test::append(database_, change, std::uint64_t{1} << 63);
  const auto mark = database_.log().mark(7);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->remaining, 3U);
  EXPECT_EQ(mark->lived_ms, change.lived_ms);
  EXPECT_EQ(mark->checksum, std::uint64_t{1} << 63);
  EXPECT_FALSE(database_.log().mark(6));
}

TEST_F(ChangeLogTest, ARevisionThatIsThereIsNotWrittenOver) {
  append(1, 1);
  EXPECT_EQ(outcome_of([&] { append(1, 1); }), "corrupt_store");
}

// The schema's own checks would refuse these: so does the reader, whatever a file's schema let in.
class DamagedChange : public ChangeLogTest, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedChange, IsCorrupt) {
  append(1, 1);
  database_.connection().execute("PRAGMA ignore_check_constraints = ON");
  database_.connection().execute(GetParam());
  EXPECT_EQ(outcome_of([&] {
              ChangeLog::Reader entries(database_.connection());
              const ChangeLog::Reader::Walk walk(entries,
                                                 std::uint64_t{1} << 63);   // from the lowest rowid on
              while (entries.next()) {
              }
            }),
            "corrupt_store");
}

INSTANTIATE_TEST_SUITE_P(All, DamagedChange,
                         testing::Values("UPDATE change SET seq = 0", "UPDATE change SET seq = -5",
                                         "UPDATE change SET ordinal = 0",
                                         "UPDATE change SET ordinal = 4294967296",
                                         "UPDATE change SET kind = 0", "UPDATE change SET kind = 4",
                                         "UPDATE change SET remaining = -1", "UPDATE change SET at_ms = -1",
                                         "UPDATE change SET lived_ms = -1", "UPDATE change SET note = ''"));

}   // namespace
}   // namespace usertags::sqlite
