#include "sqlite/change_log.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

using model::Segment;
using test::outcome_of;

class ChangeLogTest : public testing::Test {
 protected:
  void append(std::uint64_t first, std::uint64_t last, std::uint64_t checksum = 0) {
    database_.log().append(
        {.first = first, .last = last, .at_ms = 5, .lived_ms = 6, .checksum = checksum, .entries = "[]"});
  }
  template <class Reader>
  std::vector<std::uint64_t> firsts(std::uint64_t revision) {
    std::vector<std::uint64_t> firsts;
    Reader segments(database_.connection());
    const typename Reader::Walk walk(segments, revision);
    while (const auto segment = segments.next()) firsts.push_back(segment->first);
    return firsts;
  }
  void delete_user(std::uint32_t ordinal, std::uint64_t revision) {
    const auto user = test::make_record(ordinal, 1, {}, "user " + std::to_string(ordinal));
    database_.users().insert(*user);
    database_.users().bury(*model::Record::make_tombstone(*user, revision));
    model::Change change = test::make_patch(revision, ordinal, model::kDeletionPatch);
    change.kind = model::ChangeKind::deleted;
    test::append(database_, change, 0);
  }
  std::int64_t count(const char* table) {
    return database_.connection().query_integer((std::string("SELECT count(*) FROM ") + table).c_str());
  }

  Database database_{test::in_memory(), test::first_state()};
};

using Revisions = std::vector<std::uint64_t>;

TEST_F(ChangeLogTest, EveryFieldComesBackAtItsExtreme) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::string text = "\xC3\xA9" + std::string(1'000'000, 'k');
  const Segment highest{kMost, kMost, kMost, kMost, std::numeric_limits<std::uint64_t>::max(), text};
  const Segment lowest{1, 1, 0, 0, std::uint64_t{1} << 63, ""};
  for (const Segment& segment : {highest, lowest}) {
    database_.log().append(segment);
    ChangeLog::Reader segments(database_.connection());
    const ChangeLog::Reader::Walk walk(segments, segment.first);
    const auto found = segments.next();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->first, segment.first);
    EXPECT_EQ(found->last, segment.last);
    EXPECT_EQ(found->at_ms, segment.at_ms);
    EXPECT_EQ(found->lived_ms, segment.lived_ms);
    EXPECT_EQ(found->checksum, segment.checksum);
    EXPECT_EQ(found->entries, segment.entries);
    const auto head = database_.log().head(segment.first);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->lived_ms, segment.lived_ms);
    EXPECT_EQ(head->checksum, segment.checksum);
    EXPECT_EQ(head->entries, "");
  }
}

TEST_F(ChangeLogTest, AWalkBeginsWithTheSegmentThatHoldsARevision) {
  append(3, 5);
  append(6, 6);
  append(9, 12);
  for (const auto& [revision, found] : std::vector<std::pair<std::uint64_t, Revisions>>{{0, {3, 6, 9}},
                                                                                        {1, {3, 6, 9}},
                                                                                        {3, {3, 6, 9}},
                                                                                        {5, {3, 6, 9}},
                                                                                        {6, {6, 9}},
                                                                                        {7, {9}},
                                                                                        {12, {9}},
                                                                                        {13, {}}}) {
    EXPECT_EQ(firsts<ChangeLog::Reader>(revision), found) << revision;
  }
  EXPECT_EQ(firsts<ChangeLog::BackReader>(12), (Revisions{9, 6, 3}));
  EXPECT_EQ(firsts<ChangeLog::BackReader>(5), (Revisions{3}));
  EXPECT_EQ(firsts<ChangeLog::BackReader>(2), (Revisions{}));
}

TEST_F(ChangeLogTest, AReaderWalksAgainAndLeavesNoRowStanding) {
  for (std::uint64_t first = 1; first <= 5; ++first) append(first, first);
  ChangeLog::Reader segments(database_.connection());
  ChangeLog::BackReader back(database_.connection());
  for (const std::uint64_t first : {4U, 2U, 5U}) {
    const ChangeLog::Reader::Walk walk(segments, first);
    EXPECT_EQ(segments.next()->first, first);
    const ChangeLog::BackReader::Walk walk_back(back, first);
    EXPECT_EQ(back.next()->first, first);
  }
  EXPECT_EQ(outcome_of([&] { database_.connection().execute("VACUUM"); }),
            "ok");   // refused while a row stands
}

TEST_F(ChangeLogTest, AHeadIsFoundByEachOfItsRevisions) {
  append(3, 5, 35);
  append(6, 6, 66);
  append(9, 12, 912);
  for (const std::uint64_t revision : {3U, 4U, 5U}) EXPECT_EQ(database_.log().head(revision)->last, 5U);
  EXPECT_EQ(database_.log().head(6)->checksum, 66U);
  for (const std::uint64_t revision : {0U, 2U, 7U, 8U, 13U}) EXPECT_FALSE(database_.log().head(revision));
}

TEST_F(ChangeLogTest, WhatASegmentIsChainedToIsKnownAtEndsOnly) {
  append(3, 5, 35);
  append(6, 6, 66);
  State state = test::first_state();
  state.log_floor = 3;
  state.floor_checksum = 2;
  ChangeLog::Heads heads(database_.connection());
  EXPECT_EQ(heads.checksum_before(3, state), 2U);
  EXPECT_EQ(heads.checksum_before(6, state), 35U);
  EXPECT_EQ(heads.checksum_before(7, state), 66U);
  for (const std::uint64_t revision : {4U, 5U, 8U}) EXPECT_FALSE(heads.checksum_before(revision, state));
}

TEST_F(ChangeLogTest, PruningRemovesWhatIsUpToARevisionAndNothingElse) {
  for (std::uint64_t first = 1; first <= 3'000; first += 3) append(first, first + 2);
  database_.log().prune(1'500, database_.users());
  EXPECT_EQ(firsts<ChangeLog::Reader>(0).front(), 1'501U);
  EXPECT_EQ(firsts<ChangeLog::Reader>(0).size(), 500U);
  database_.log().prune(3'000, database_.users());
  EXPECT_EQ(count("segment"), 0);
}

TEST_F(ChangeLogTest, PruningForgetsThoseWhoWereDeletedThere) {
  for (const std::uint32_t ordinal : {1U, 2U, 3U}) delete_user(ordinal, 10 + ordinal);
  database_.users().insert(*test::make_record(4, 4));
  test::append(database_, test::make_patch(14, 4, R"({"tags":{"a":"1","patch":null}})"), 0);
  database_.log().prune(12, database_.users());
  EXPECT_EQ(database_.connection().query_integer("SELECT min(ordinal) FROM user"), 3);
  database_.log().prune(14, database_.users());
  EXPECT_EQ(database_.connection().query_integer("SELECT min(ordinal) FROM user"), 4);
}

TEST_F(ChangeLogTest, PruningWhatCannotBeReadIsCorrupt) {
  delete_user(1, 1);
  database_.connection().execute("UPDATE segment SET entries = entries || ' '");
  EXPECT_EQ(outcome_of([&] { database_.log().prune(1, database_.users()); }), "corrupt_store");
  EXPECT_EQ(count("user"), 1);
}

TEST_F(ChangeLogTest, ARevisionThatIsThereIsNotWrittenOver) {
  append(1, 1);
  EXPECT_EQ(outcome_of([&] { append(1, 1); }), "corrupt_store");
}

// The schema's own checks would refuse these: so does the reader, whatever a file's schema let in.
class DamagedSegment : public ChangeLogTest, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedSegment, IsCorrupt) {
  append(1, 1);
  database_.connection().execute("PRAGMA ignore_check_constraints = ON");
  database_.connection().execute(GetParam());
  EXPECT_EQ(outcome_of([&] {
              ChangeLog::BackReader segments(database_.connection());
              const ChangeLog::BackReader::Walk walk(segments, kMaxInteger);
              while (segments.next()) {
              }
            }),
            "corrupt_store");
}

INSTANTIATE_TEST_SUITE_P(All, DamagedSegment,
                         testing::Values("UPDATE segment SET first = 0", "UPDATE segment SET first = -5",
                                         "UPDATE segment SET last = 0", "UPDATE segment SET last = -1",
                                         "UPDATE segment SET first = 2", "UPDATE segment SET at_ms = -1",
                                         "UPDATE segment SET lived_ms = -1"));

}   // namespace
}   // namespace usertags::sqlite
