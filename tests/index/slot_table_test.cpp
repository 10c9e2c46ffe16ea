#include "index/slot_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "index/directory.hpp"
#include "index/make_step.hpp"

namespace usertags::index {
namespace {

using model::RecordPtr;

std::string name_of(std::uint32_t ordinal) {
  return "user" + std::to_string(ordinal);
}

std::size_t place_of(const RecordTable& table, const std::string& name) {
  return table.find(slot_hash(name),
                    [&](const model::Record& record) { return record.external_id() == name; });
}

void insert(RecordTable& table, std::uint32_t ordinal) {
  table.reserve(table.size() + 1);
  table.insert(slot_hash(name_of(ordinal)), version(ordinal, 1, name_of(ordinal), {}));
}

TEST(SlotTable, AnEmptyOneFindsNothing) {
  const RecordTable table;
  EXPECT_EQ(place_of(table, "user1"), RecordTable::kNone);
  EXPECT_EQ(table.heap_bytes(), 0U);
  table.prefetch(1);
  table.prefetch_item(1);
}

TEST(SlotTable, FindsAllThroughGrowth) {
  RecordTable table;
  for (std::uint32_t ordinal = 1; ordinal <= 10'000; ++ordinal) insert(table, ordinal);
  for (std::uint32_t ordinal = 1; ordinal <= 10'000; ++ordinal) {
    const std::size_t place = place_of(table, name_of(ordinal));
    ASSERT_NE(place, RecordTable::kNone) << ordinal;
    EXPECT_EQ(table.at(place).ordinal(), ordinal);
    table.prefetch(slot_hash(name_of(ordinal)));
    table.prefetch_item(slot_hash(name_of(ordinal)));
  }
  EXPECT_EQ(place_of(table, "user0"), RecordTable::kNone);
  EXPECT_EQ(table.size(), 10'000U);
  EXPECT_LT(table.heap_bytes(), 10'000U * 8 * 10 / 6);
}

TEST(SlotTable, NothingMovesWhileThereIsRoom) {
  RecordTable table;
  table.reserve(1000);
  const std::size_t bytes = table.heap_bytes();
  for (std::uint32_t ordinal = 1; ordinal <= 1000; ++ordinal) insert(table, ordinal);
  EXPECT_EQ(table.heap_bytes(), bytes);
}

TEST(SlotTable, AReplacedRecordIsHandedBack) {
  RecordTable table;
  insert(table, 7);
  const std::size_t place = place_of(table, "user7");
  const RecordPtr newer = version(7, 2, "user7", {});
  EXPECT_EQ(table.replace(place, newer)->revision(), 1U);
  EXPECT_EQ(table.at(place).revision(), 2U);
}

// All in one run of slots that wraps around: what erasing moves has to stay findable.
RC_GTEST_PROP(SlotTable, EqualsAMap, ()) {
  RecordTable table;
  std::map<std::uint32_t, std::uint64_t> model;   // ordinal to revision
  const int steps = *rc::gen::inRange(0, 400);
  for (int i = 0; i < steps; ++i) {
    const auto ordinal = *rc::gen::inRange<std::uint32_t>(1, 60);
    const std::size_t place = place_of(table, name_of(ordinal));
    RC_ASSERT((place == RecordTable::kNone) == !model.contains(ordinal));
    if (place == RecordTable::kNone) {
      insert(table, ordinal);
      model[ordinal] = 1;
    } else if (*rc::gen::inRange(0, 3) == 0) {
      table.replace(place, version(ordinal, ++model[ordinal], name_of(ordinal), {}));
    } else {
      RC_ASSERT(table.erase(place)->ordinal() == ordinal);
      model.erase(ordinal);
    }
  }
  RC_ASSERT(table.size() == model.size());
  for (std::uint32_t ordinal = 1; ordinal < 60; ++ordinal) {
    const std::size_t place = place_of(table, name_of(ordinal));
    RC_ASSERT((place != RecordTable::kNone) == model.contains(ordinal));
    if (place != RecordTable::kNone) RC_ASSERT(table.at(place).revision() == model[ordinal]);
  }
}

}   // namespace
}   // namespace usertags::index
