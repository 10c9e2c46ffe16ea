#include "store/write/pending_group.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "index/make_step.hpp"
#include "model/digest.hpp"

namespace usertags::store {
namespace {

using index::version;
using model::ChangeKind;
using model::RecordPtr;

sqlite::State committed() {
  sqlite::State state;
  state.revision = 10;
  state.last_ordinal = 3;
  state.last_at_ms = 1'000;
  state.lived_ms = 30;
  state.last_token = 4;
  state.log_checksum = 99;
  return state;
}

class PendingGroupTest : public testing::Test {
 protected:
  PendingGroupTest() { group_.begin(committed(), 2'000, 700); }

  RecordPtr next_version(std::uint32_t ordinal, std::string_view external_id) const {
    return version(ordinal, group_.state().revision + 1, external_id, {{"n", "1"}});
  }
  void create(std::uint32_t ordinal, std::string_view external_id) {
    EXPECT_TRUE(group_.add(ChangeKind::created, {{}, next_version(ordinal, external_id)}, {}, {}));
  }
  void patch(const RecordPtr& before) {
    const model::TagDelta delta{"n", "1", {}};
    EXPECT_TRUE(group_.add(ChangeKind::patched,
                           {before, next_version(before->ordinal(), before->external_id())},
                           std::span(&delta, 1), {}));
  }
  void erase(const RecordPtr& before) {
    const auto tombstone = model::Record::make_tombstone(*before, group_.state().revision + 1);
    EXPECT_TRUE(group_.add(ChangeKind::deleted, {before, tombstone}, {}, {}));
  }
  void remember(std::string_view token) { group_.remember({.revision = 1, .text = token}); }
  // What the log gets: of each segment, its changes, by revision and how many of the transaction follow.
  using Changes = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  std::vector<Changes> log() const {
    std::vector<Changes> log;
    model::SegmentDecoder decoder;
    for (std::size_t i = 0; i < group_.segments(); ++i) {
      Changes& changes = log.emplace_back();
      const std::span<const model::Change> entries = decoder.changes(group_.segment(i)).value();
      for (const model::Change& change : entries) changes.emplace_back(change.revision, change.remaining);
    }
    return log;
  }
  // A creation that takes about so many bytes of the log.
  bool create_long(std::uint32_t ordinal, std::size_t bytes) {
    const std::string value(60'000, 'v');
    std::vector<std::string> keys;
    std::vector<Tag> tags;
    for (std::size_t i = 0; i <= bytes / value.size(); ++i) keys.push_back(std::to_string(100'000 + i));
    for (const std::string& key : keys) tags.push_back({key, std::string_view(value)});
    const auto user = model::Record::make(ordinal, group_.state().revision + 1, model::Uuid{},
                                          "long " + std::to_string(ordinal), tags);
    return group_.add(ChangeKind::created, {{}, user}, {}, {});
  }

  PendingGroup group_;
};

TEST_F(PendingGroupTest, ShowsTheNewestVersionByNameAndByOrdinal) {
  create(4, "ann");
  patch(RecordPtr::share(*group_.find(4)));
  EXPECT_EQ(group_.find(4)->revision(), 12U);
  EXPECT_EQ(group_.holder(nullptr, "ann"), group_.find(4));
  EXPECT_EQ(group_.holder(nullptr, "bob"), nullptr);
  EXPECT_EQ(group_.find(5), nullptr);
  erase(RecordPtr::share(*group_.find(4)));
  EXPECT_EQ(group_.holder(nullptr, "ann"), nullptr);
  create(5, "ann");
  EXPECT_EQ(group_.holder(nullptr, "ann")->ordinal(), 5U);
  EXPECT_TRUE(group_.find(4)->is_tombstone());
}

TEST_F(PendingGroupTest, ShowsWhoHasTheExternalIdOfOneWhoWasThereBefore) {
  const RecordPtr old = version(2, 5, "old", {});
  create(4, "new");
  EXPECT_EQ(group_.holder(old.get(), "old"), old.get());
  patch(old);
  EXPECT_EQ(group_.holder(old.get(), "old"), group_.find(2));
  erase(RecordPtr::share(*group_.find(2)));
  EXPECT_EQ(group_.holder(old.get(), "old"), nullptr);
  create(5, "old");
  EXPECT_EQ(group_.holder(old.get(), "old"), group_.find(5));
  const UserId id = old->id();
  EXPECT_EQ(group_.holder(old.get(), id), nullptr) << "by its id, it is gone";
}

TEST_F(PendingGroupTest, NumbersTokensAndGivesThemTheGroupsTime) {
  remember("a");
  remember("b");
  ASSERT_EQ(group_.tokens().size(), 2U);
  EXPECT_EQ(group_.find_token("b")->seq, 6U);
  EXPECT_EQ(group_.find_token("b")->lived_ms, 700);
  EXPECT_EQ(group_.find_token("c"), nullptr);
  EXPECT_EQ(group_.state().last_token, 6U);
  EXPECT_FALSE(group_.empty());
  EXPECT_EQ(group_.size(), 0U);
}

TEST_F(PendingGroupTest, WhatIsTakenBackLeavesNoTrace) {
  const RecordPtr old = version(2, 5, "old", {});
  patch(old);
  create(4, "ann");
  remember("kept");
  const sqlite::State state = group_.state();
  const model::Record* const ann = group_.find(4);

  const auto beginning = group_.begin_transaction();
  patch(RecordPtr::share(*ann));
  erase(RecordPtr::share(*group_.find(2)));
  create(5, "old");
  create(6, "new");
  remember("gone");
  group_.take_back(beginning);

  EXPECT_EQ(group_.state(), state);
  EXPECT_EQ(group_.size(), 2U);
  EXPECT_EQ(group_.holder(nullptr, "ann"), ann);
  EXPECT_EQ(group_.holder(old.get(), "old")->revision(), 11U);
  EXPECT_EQ(group_.holder(nullptr, "old"), nullptr);
  EXPECT_EQ(group_.holder(nullptr, "new"), nullptr);
  EXPECT_EQ(group_.find(6), nullptr);
  EXPECT_EQ(group_.find_token("gone"), nullptr);
  ASSERT_NE(group_.find_token("kept"), nullptr);
  EXPECT_EQ(group_.take_transitions().size(), 2U);
}

TEST_F(PendingGroupTest, ATransactionCountsDownToItsEnd) {
  create(4, "a");
  group_.begin_transaction();
  for (const char* name : {"b", "c", "d"}) create(group_.state().last_ordinal + 1, name);
  group_.end_transaction();
  create(8, "e");
  EXPECT_EQ(log(), (std::vector<Changes>{{{11, 0}, {12, 2}, {13, 1}, {14, 0}, {15, 0}}}));
}

TEST_F(PendingGroupTest, ALongSegmentEndsBehindATransaction) {
  EXPECT_TRUE(create_long(4, model::kSegmentBytes));
  group_.begin_transaction();
  for (const std::uint32_t ordinal : {5U, 6U, 7U}) EXPECT_TRUE(create_long(ordinal, 40'000));
  group_.end_transaction();
  create(8, "a");
  create(9, "b");
  EXPECT_EQ(log(), (std::vector<Changes>{{{11, 0}}, {{12, 2}, {13, 1}, {14, 0}}, {{15, 0}, {16, 0}}}));
}

TEST_F(PendingGroupTest, WhatIsTakenBackLeavesTheLogAsItWas) {
  create(4, "a");
  EXPECT_TRUE(create_long(5, model::kSegmentBytes));
  const auto before = log();
  const std::string text(group_.segment(0).entries);
  const auto beginning = group_.begin_transaction();
  EXPECT_TRUE(create_long(6, model::kSegmentBytes));
  EXPECT_TRUE(create_long(7, model::kSegmentBytes));
  group_.take_back(beginning);
  EXPECT_EQ(log(), before);
  EXPECT_EQ(group_.segment(0).entries, text);
  create(6, "b");
  EXPECT_EQ(log(), (std::vector<Changes>{{{11, 0}, {12, 0}}, {{13, 0}}}));
}

TEST_F(PendingGroupTest, ATransactionHasABound) {
  create(4, "a");
  const auto beginning = group_.begin_transaction();
  std::uint32_t ordinal = 5;
  while (group_.text_bytes() + 2'000'000 < model::kMaxTransactionBytes)
    ASSERT_TRUE(create_long(ordinal++, 1'000'000));
  const sqlite::State state = group_.state();
  EXPECT_FALSE(create_long(ordinal, 3'000'000));
  EXPECT_EQ(group_.state(), state);
  EXPECT_EQ(group_.find(ordinal), nullptr);
  create(ordinal, "b");   // what is shorter still has room
  EXPECT_EQ(log().at(0).size(), ordinal - 3U);
  group_.take_back(beginning);
  EXPECT_EQ(log(), (std::vector<Changes>{{{11, 0}}}));
}

TEST_F(PendingGroupTest, SealingChainsEachSegmentToTheOneBefore) {
  EXPECT_TRUE(create_long(4, model::kSegmentBytes));
  create(5, "b");
  group_.seal();
  ASSERT_EQ(group_.segments(), 2U);
  std::uint64_t checksum = 99;
  for (std::size_t i = 0; i < group_.segments(); ++i) {
    checksum = model::chain_checksum(checksum, group_.segment(i));
    EXPECT_EQ(group_.segment(i).checksum, checksum);
  }
  EXPECT_EQ(group_.state().log_checksum, checksum);
  EXPECT_EQ(group_.state().entry, 1U);
}

TEST_F(PendingGroupTest, OnlyWhatBringsSomethingIsAnEntry) {
  group_.seal();
  EXPECT_EQ(group_.state().entry, 0U);
  remember("a");
  group_.seal();
  EXPECT_EQ(group_.state().entry, 1U);
}

TEST_F(PendingGroupTest, TimesDoNotRunBackwards) {
  group_.begin(committed(), 500, 20);
  create(4, "a");
  EXPECT_EQ(group_.segment(0).at_ms, 1'000);
  EXPECT_EQ(group_.segment(0).lived_ms, 30);
}

}   // namespace
}   // namespace usertags::store
