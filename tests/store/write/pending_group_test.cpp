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
    group_.add(ChangeKind::created, {{}, next_version(ordinal, external_id)}, "{}", {});
  }
  void patch(const RecordPtr& before) {
    group_.add(ChangeKind::patched, {before, next_version(before->ordinal(), before->external_id())}, "{1}",
               {});
  }
  void erase(const RecordPtr& before) {
    const auto tombstone = model::Record::make_tombstone(*before, group_.state().revision + 1);
    group_.add(ChangeKind::deleted, {before, tombstone}, "null", {});
  }
  void remember(std::string_view token) { group_.remember({.revision = 1, .text = token}); }
  std::vector<std::uint64_t> remaining() const {
    std::vector<std::uint64_t> counts;
    for (std::size_t i = 0; i < group_.size(); ++i) counts.push_back(group_.change(i).remaining);
    return counts;
  }

  PendingGroup group_;
};

TEST_F(PendingGroupTest, ShowsTheNewestVersionByNameAndByOrdinal) {
  create(4, "ann");
  const RecordPtr ann = RecordPtr::share(*group_.find("ann"));
  patch(ann);
  EXPECT_EQ(group_.find("ann")->revision(), 12U);
  EXPECT_EQ(group_.find_ordinal(4), group_.find("ann"));
  EXPECT_EQ(group_.find("bob"), nullptr);
  EXPECT_EQ(group_.find_ordinal(5), nullptr);
  erase(RecordPtr::share(*group_.find("ann")));
  EXPECT_TRUE(group_.find("ann")->is_tombstone());
  create(5, "ann");
  EXPECT_EQ(group_.find("ann")->ordinal(), 5U);
  EXPECT_TRUE(group_.find_ordinal(4)->is_tombstone());
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
  const model::Record* const ann = group_.find("ann");

  const auto beginning = group_.begin_transaction();
  patch(RecordPtr::share(*ann));
  erase(RecordPtr::share(*group_.find("old")));
  create(5, "old");
  create(6, "new");
  remember("gone");
  group_.take_back(beginning);

  EXPECT_EQ(group_.state(), state);
  EXPECT_EQ(group_.size(), 2U);
  EXPECT_EQ(group_.find("ann"), ann);
  EXPECT_EQ(group_.find("old")->revision(), 11U);
  EXPECT_EQ(group_.find("new"), nullptr);
  EXPECT_EQ(group_.find_ordinal(6), nullptr);
  EXPECT_EQ(group_.find_token("gone"), nullptr);
  ASSERT_NE(group_.find_token("kept"), nullptr);
  EXPECT_EQ(group_.take_transitions().size(), 2U);
}

TEST_F(PendingGroupTest, ATransactionCountsDownToItsEnd) {
  create(4, "a");
  const auto beginning = group_.begin_transaction();
  for (const char* name : {"b", "c", "d"}) create(group_.state().last_ordinal + 1, name);
  group_.end_transaction(beginning);
  create(8, "e");
  EXPECT_EQ(remaining(), (std::vector<std::uint64_t>{0, 2, 1, 0, 0}));
}

TEST_F(PendingGroupTest, SealingChainsEachEntryToTheOneBefore) {
  create(4, "a");
  const auto beginning = group_.begin_transaction();
  create(5, "b");
  create(6, "c");
  group_.end_transaction(beginning);
  group_.seal();
  std::uint64_t checksum = 99;
  for (std::size_t i = 0; i < group_.size(); ++i) {
    checksum = model::chain_checksum(checksum, group_.change(i));
    EXPECT_EQ(group_.checksum(i), checksum);
  }
  EXPECT_EQ(group_.state().log_checksum, checksum);
}

TEST_F(PendingGroupTest, TimesDoNotRunBackwards) {
  group_.begin(committed(), 500, 20);
  create(4, "a");
  EXPECT_EQ(group_.change(0).at_ms, 1'000);
  EXPECT_EQ(group_.change(0).lived_ms, 30);
}

}   // namespace
}   // namespace usertags::store
