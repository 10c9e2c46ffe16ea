#include "model/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "make_record.hpp"
#include "model/change.hpp"
#include "model/record_slabs.hpp"

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

// With what they take the place of.
std::vector<TagDelta> deltas_of(
    const Record& before, const std::vector<std::pair<std::string, std::optional<std::string>>>& changes) {
  std::vector<TagDelta> deltas;
  for (const auto& [key, value] : changes) deltas.push_back({key, value, before.find(key)});
  return deltas;
}

TEST(Record, IsMadeOfTheVersionBefore) {
  const RecordPtr before = make_record({{"b", "2"}, {"d", "4"}, {"f", "6"}}, "ann", 7);
  const std::vector<std::pair<std::string, std::optional<std::string>>> changes = {
      {"a", "1"}, {"b", ""}, {"c", "3"}, {"d", {}}, {"e", {}}, {"f", std::string(300, 'f')}, {"g", "7"}};
  const RecordPtr after = Record::make_next(*before, 8, deltas_of(*before, changes));
  const std::string long_value(300, 'f');
  const std::vector<Tag> tags = {{"a", "1"}, {"b", ""}, {"c", "3"}, {"f", long_value}, {"g", "7"}};
  EXPECT_EQ(tags_of(*after), tags);
  EXPECT_EQ(after->version_bytes(), Record::make(3, 8, before->uuid(), "ann", tags)->version_bytes());
  EXPECT_EQ(after->ordinal(), before->ordinal());
  const std::vector<std::pair<std::string, std::optional<std::string>>> back = {{"f", "6"}, {"g", {}}};
  EXPECT_EQ(tags_of(*Record::make_next(*after, 9, deltas_of(*after, back))),
            (std::vector<Tag>{{"a", "1"}, {"b", ""}, {"c", "3"}, {"f", "6"}}));
}

RC_GTEST_PROP(Record, IsMadeOfAnyVersionBefore, ()) {
  std::map<std::string, std::string> tags;
  RecordPtr record = make_record({}, "ext", 1);
  for (std::uint64_t revision = 2; revision < 10; ++revision) {
    std::map<std::string, std::optional<std::string>> changes;
    for (auto left = *rc::gen::inRange(0, 5); left > 0; --left) {
      const std::string key(1, static_cast<char>('a' + *rc::gen::inRange(0, 8)));
      const std::string value(static_cast<std::size_t>(*rc::gen::inRange(0, 3)) * 200, key[0]);
      changes[key] = *rc::gen::arbitrary<bool>() ? std::optional(value) : std::nullopt;
    }
    record = Record::make_next(*record, revision, deltas_of(*record, {changes.begin(), changes.end()}));
    for (const auto& [key, value] : changes) {
      if (value)
        tags[key] = *value;
      else
        tags.erase(key);
    }
    std::vector<Tag> expected;
    for (const auto& [key, value] : tags) expected.push_back({key, value});
    RC_ASSERT(record->version_bytes() ==
              Record::make(3, revision, some_uuid(), "ext", expected)->version_bytes());
  }
}

TEST(Record, TakesOffTheTagsThatBothBeginWith) {
  const auto left_and_right = [](std::vector<Tag> left, std::vector<Tag> right) {
    const RecordPtr one = make_record(std::move(left));
    const RecordPtr other = make_record(std::move(right));
    std::string_view left_tags = one->tag_texts();
    std::string_view right_tags = other->tag_texts();
    take_common_tags(left_tags, right_tags);
    std::string texts;
    while (!left_tags.empty()) texts += std::string(take_tag(left_tags).key) + ' ';
    texts += '|';
    while (!right_tags.empty()) texts += ' ' + std::string(take_tag(right_tags).key);
    return texts;
  };
  const std::string longer(255, 'v');
  EXPECT_EQ(left_and_right({}, {}), "|");
  EXPECT_EQ(left_and_right({{"a", "1"}}, {}), "a |");
  EXPECT_EQ(left_and_right({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "2"}}), "|");
  EXPECT_EQ(left_and_right({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "3"}}), "b | b");
  EXPECT_EQ(left_and_right({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"c", "2"}}), "b | c");
  EXPECT_EQ(left_and_right({{"a", "1"}, {"b", "2"}}, {{"a", "1"}}), "b |");
  EXPECT_EQ(left_and_right({{"a", "1"}, {"b", "2"}}, {{"a", "11"}, {"b", "2"}}), "a b | a b");
  EXPECT_EQ(left_and_right({{"a", longer}, {"b", "2"}}, {{"a", longer}, {"b", "3"}}), "b | b");
  EXPECT_EQ(left_and_right({{"a", longer}}, {{"a", longer + 'v'}}), "a | a") << "of other lengths behind 255";
  EXPECT_EQ(left_and_right({{"a", "1"}, {"b", std::string(40, 'b')}},
                           {{"a", "1"}, {"b", std::string(40, 'b') + 'c'}}),
            "b | b");
}

TEST(Record, HasRoomForWhatItsLayoutCanTell) {
  const RecordPtr before = make_record({{"b", "2"}});
  const std::string longest(Record::kMaxValueBytes, 'v');
  const std::string too_long = longest + 'v';
  const std::string long_key(Record::kMaxKeyBytes + 1, 'k');
  const auto has_room = [&](const std::string& key, const std::optional<std::string>& value) {
    return Record::has_room_for(*before, deltas_of(*before, {{key, value}}));
  };
  EXPECT_TRUE(has_room("a", longest));
  EXPECT_FALSE(has_room("a", too_long));
  EXPECT_FALSE(has_room(long_key, "1"));
  EXPECT_TRUE(has_room(long_key, {})) << "what is taken away needs none";
  std::vector<std::pair<std::string, std::optional<std::string>>> many;
  for (std::size_t i = 0; i < Record::kMaxTags; ++i) many.emplace_back(std::to_string(100'000 + i), "");
  EXPECT_FALSE(Record::has_room_for(*before, deltas_of(*before, many))) << "with the tag that is there";
  many.emplace_back("b", std::nullopt);
  EXPECT_TRUE(Record::has_room_for(*before, deltas_of(*before, many)));
  EXPECT_EQ(Record::make_next(*before, 8, deltas_of(*before, many))->tag_count(), Record::kMaxTags);
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

// Of the allocator, which has those that are too large for a slab.
TEST(Record, IsOneAllocation) {
  const std::string value(600, 'v');
  const std::vector<Tag> tags = {{"department", "engineering"}, {"tier", value}};
  const std::size_t before = test::allocations();
  const RecordPtr record = Record::make(1, 1, some_uuid(), "user_ext_123", tags);
  const RecordPtr shared = record;
  EXPECT_EQ(test::allocations() - before, 1u);
}

TEST(Record, ThrowsWhereThereIsNoMemory) {
  const RecordPtr record = make_record({{"a", "1"}}, std::string(600, 'x'));
  const test::NoMemory no_memory;
  EXPECT_THROW(Record::make_tombstone(*record, 8), std::bad_alloc);
}

// In slabs steps of 8; with the allocator steps of 16, and 8 bytes of its own.
TEST(Record, TellsWhatItTakesInMemory) {
  const RecordPtr small = make_record({});
  EXPECT_EQ(small->memory_bytes(), PageRuns::is_used() ? 48U : 64U);   // 38 + 3
  const std::string value(200, 'v');
  EXPECT_EQ(make_record({{"k", value}})->memory_bytes(), PageRuns::is_used() ? 248U : 256U);
  const std::string long_value(600, 'v');
  EXPECT_EQ(make_record({{"k", long_value}})->memory_bytes(), 656U);   // 38 + 3 + 5 + 600
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
