#include "model/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "allocations.hpp"
#include "make_record.hpp"

namespace usertags::model {
namespace {

using test::kSomeId;
using test::make_record;

static_assert(!std::is_copy_constructible_v<Record> && !std::is_copy_assignable_v<Record>);
static_assert(std::is_nothrow_copy_constructible_v<RecordPtr> &&
              std::is_nothrow_move_constructible_v<RecordPtr>);
static_assert(sizeof(RecordPtr) == sizeof(void*));

Uuid some_uuid() {
  return *parse_user_id(kSomeId);
}

std::vector<Tag> tags_of(const Record& record) {
  return {record.begin(), record.end()};
}

TEST(Record, GivesBackWhatItWasMadeOf) {
  const std::vector<Tag> tags = {{"department", "engineering"}, {"empty", ""}, {"tier", "gold"}};
  const RecordPtr record = Record::make(42, 1234567890123, some_uuid(), "user_ext_123", tags);
  EXPECT_EQ(record->ordinal(), 42u);
  EXPECT_EQ(record->revision(), 1234567890123u);
  EXPECT_EQ(record->id(), kSomeId);
  EXPECT_EQ(record->external_id(), "user_ext_123");
  EXPECT_EQ(record->tag_count(), 3u);
  EXPECT_EQ(tags_of(*record), tags);
  EXPECT_FALSE(record->is_tombstone());
}

TEST(Record, OwnsItsText) {
  std::string key = "a key that is longer than any small string";
  std::string external_id = "an external id that is longer than any small string";
  const RecordPtr record = make_record({{key, key}}, external_id);
  key.assign(key.size(), '?');
  external_id.assign(external_id.size(), '?');
  EXPECT_EQ(record->external_id(), "an external id that is longer than any small string");
  EXPECT_EQ(record->begin()->key, "a key that is longer than any small string");
  EXPECT_EQ(record->begin()->value, "a key that is longer than any small string");
}

TEST(Record, FindsAValueByItsKey) {
  const RecordPtr record = make_record({{"a", "1"}, {"ab", "2"}, {"b", ""}, {"é", "4"}});
  EXPECT_EQ(record->find("a"), "1");
  EXPECT_EQ(record->find("ab"), "2");
  EXPECT_EQ(record->find("b"), "");
  EXPECT_EQ(record->find("é"), "4");
  for (const std::string_view absent : {"", "A", "abc", "c", "\xC3"}) {
    EXPECT_EQ(record->find(absent), std::nullopt) << absent;
  }
}

TEST(Record, MayHaveNoTags) {
  const RecordPtr record = make_record({});
  EXPECT_EQ(record->tag_count(), 0u);
  EXPECT_EQ(record->begin(), record->end());
  EXPECT_EQ(record->find(""), std::nullopt);
}

TEST(Record, HoldsTextsUpToTheBoundsOfItsLayout) {
  const std::string key(Record::kMaxKeyBytes, 'k');
  const std::string value(Record::kMaxValueBytes, '\xFF');
  const std::string external_id(Record::kMaxExternalIdBytes, 'x');
  const std::vector<Tag> tags = {{key, value}, {"z", "1"}};
  ASSERT_TRUE(Record::has_room_for(external_id, tags));
  const RecordPtr record = Record::make(0xFFFF'FFFF, ~std::uint64_t{0}, some_uuid(), external_id, tags);
  EXPECT_EQ(record->ordinal(), 0xFFFF'FFFFu);
  EXPECT_EQ(record->revision(), ~std::uint64_t{0});
  EXPECT_EQ(record->external_id(), external_id);
  EXPECT_EQ(tags_of(*record), tags);
}

TEST(Record, HoldsTheGreatestNumberOfTags) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < Record::kMaxTags; ++i) keys.push_back(std::to_string(100'000 + i));
  std::vector<Tag> tags;
  for (const std::string& key : keys) tags.push_back({key, key});
  const RecordPtr record = make_record(tags);
  EXPECT_FALSE(record->is_tombstone());
  EXPECT_EQ(tags_of(*record), tags);
}

TEST(Record, SaysForWhatItHasNoRoom) {
  const std::string long_key(Record::kMaxKeyBytes + 1, 'k');
  const std::string long_value(Record::kMaxValueBytes + 1, 'v');
  const std::string long_id(Record::kMaxExternalIdBytes + 1, 'x');
  const std::vector<Tag> too_many(Record::kMaxTags + 1);
  EXPECT_FALSE(Record::has_room_for("x", std::vector<Tag>{{long_key, ""}}));
  EXPECT_FALSE(Record::has_room_for("x", std::vector<Tag>{{"", long_value}}));
  EXPECT_FALSE(Record::has_room_for(long_id, {}));
  EXPECT_FALSE(Record::has_room_for("x", too_many));
}

TEST(Record, TombstoneHasIdsAndNoTags) {
  const RecordPtr living = make_record({{"a", "1"}}, "gone", 7);
  const RecordPtr tombstone = Record::make_tombstone(*living, 8);
  EXPECT_TRUE(tombstone->is_tombstone());
  EXPECT_EQ(tombstone->ordinal(), living->ordinal());
  EXPECT_EQ(tombstone->revision(), 8u);
  EXPECT_EQ(tombstone->id(), living->id());
  EXPECT_EQ(tombstone->external_id(), "gone");
  EXPECT_EQ(tombstone->tag_count(), 0u);
  EXPECT_EQ(tombstone->begin(), tombstone->end());
  EXPECT_EQ(tombstone->find("a"), std::nullopt);
}

// The layout of tags is part of the file format, because it is hashed.
TEST(Record, TextsAreExternalIdAndTags) {
  const std::string short_value(254, 's');
  const std::string long_value(255, 'l');
  const RecordPtr record =
      make_record({{"k", "val"}, {"l", ""}, {"m", short_value}, {"n", long_value}}, "ext", 0x0102);
  std::string expected = "ext";
  expected += std::string("\x01\x03kval") + std::string("\x01\0l", 3);
  expected += "\x01\xFEm" + short_value;
  expected += std::string("\x01\xFF\xFF\0n", 5) + long_value;
  EXPECT_EQ(record->texts(), expected);
}

TEST(Record, HoldsValuesAroundTheBoundOfTheirShortForm) {
  for (const std::size_t size : {0u, 1u, 253u, 254u, 255u, 256u, 257u, 511u, 65'535u}) {
    const std::string value(size, 'v');
    const std::vector<Tag> tags = {{"a", value}, {"b", "after"}};
    EXPECT_EQ(tags_of(*make_record(tags)), tags) << size;
  }
}

TEST(Record, VersionBytesLeaveOutOrdinalAndCount) {
  const std::vector<Tag> tags = {{"a", "1"}};
  const RecordPtr one = Record::make(1, 5, some_uuid(), "x", tags);
  const RecordPtr same = Record::make(2, 5, some_uuid(), "x", tags);
  const RecordPtr held_twice = same;
  EXPECT_EQ(one->version_bytes(), same->version_bytes());
  EXPECT_NE(one->version_bytes(), Record::make(1, 6, some_uuid(), "x", tags)->version_bytes());
}

// Its size is told by the header up to 65,534 bytes, and by its tags beyond.
TEST(Record, CopiesItselfAtAnySize) {
  for (const std::size_t size : {0U, 1U, 100U, 65'488U, 65'489U, 65'490U, 65'491U, 65'492U, 65'535U}) {
    const std::string value(size, 'v');
    const std::vector<Tag> tags = {{"k", value}, {"l", value}};
    for (std::size_t count = 0; count <= tags.size(); ++count) {
      const RecordPtr record = Record::make(42, 43, some_uuid(), "", std::span(tags).first(count));
      const RecordPtr copy = record->copy();
      EXPECT_NE(copy.get(), record.get());
      EXPECT_EQ(copy->ordinal(), 42u);
      EXPECT_EQ(copy->version_bytes(), record->version_bytes()) << size;
      EXPECT_EQ(tags_of(*copy), tags_of(*record)) << size;
      EXPECT_EQ(copy->memory_bytes(), record->memory_bytes());
    }
  }
  const RecordPtr tombstone = Record::make_tombstone(*make_record({{"a", "1"}}), 8);
  EXPECT_TRUE(tombstone->copy()->is_tombstone());
}

TEST(Record, IsOneAllocation) {
  const std::vector<Tag> tags = {{"department", "engineering"}, {"tier", "gold"}};
  const std::size_t before = test::allocations();
  const RecordPtr record = Record::make(1, 1, some_uuid(), "user_ext_123", tags);
  const RecordPtr shared = record;
  EXPECT_EQ(test::allocations() - before, 1u);
}

TEST(Record, ThrowsWhereThereIsNoMemory) {
  const RecordPtr record = make_record({{"a", "1"}});
  const test::NoMemory no_memory;
  EXPECT_THROW(Record::make_tombstone(*record, 8), std::bad_alloc);
}

TEST(Record, TellsWhatItTakesInMemory) {
  const RecordPtr small = make_record({});
  EXPECT_EQ(small->memory_bytes(), 64u);   // 38 + 3, and 8 of the allocator, in steps of 16
  const std::string value(200, 'v');
  EXPECT_EQ(make_record({{"k", value}})->memory_bytes(), 256u);
}

RC_GTEST_PROP(Record, RoundTripsAnyTags, (const std::map<std::string, std::string>& tags)) {
  std::vector<Tag> views;
  for (const auto& [key, value] : tags) views.push_back({key, value});
  const RecordPtr record = make_record(views);
  RC_ASSERT(tags_of(*record) == views);
  for (const auto& [key, value] : tags) RC_ASSERT(record->find(key) == value);
}

TEST(RecordPtr, SharesOneRecord) {
  RecordPtr first = make_record({{"a", "1"}});
  const Record* const record = first.get();
  RecordPtr second = first;
  const RecordPtr third = RecordPtr::share(*record);
  first = {};
  EXPECT_FALSE(first);
  EXPECT_EQ(second.get(), record);
  const RecordPtr moved = std::move(second);
  EXPECT_FALSE(second);   // NOLINT(bugprone-use-after-move): the promise
  EXPECT_EQ(moved->find("a"), "1");
  EXPECT_EQ(third.get(), record);
}

TEST(RecordPtr, HandsItsReferenceOver) {
  RecordPtr record = make_record({{"a", "1"}});
  const Record* const detached = record.detach();
  EXPECT_FALSE(record);
  const RecordPtr adopted = RecordPtr::adopt(detached);
  EXPECT_EQ(adopted->find("a"), "1");
}

TEST(RecordPtr, AssignsToItself) {
  RecordPtr record = make_record({{"a", "1"}});
  const RecordPtr& same = record;
  record = same;
  EXPECT_EQ(record->find("a"), "1");
}

TEST(RecordPtr, CountsFromManyThreads) {
  const RecordPtr record = make_record({{"a", "1"}});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = record] {
      for (int round = 0; round < 10'000; ++round) {
        const RecordPtr mine = copy;
        ASSERT_EQ(mine->find("a"), "1");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(record->find("a"), "1");
}

}   // namespace
}   // namespace usertags::model
