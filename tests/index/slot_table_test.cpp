#include "index/slot_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "index/make_step.hpp"

namespace usertags::index {
namespace {

using model::RecordPtr;
using Table = SlotTable<RecordPtr, &model::Record::external_id, Growth::by_a_quarter>;

std::string name_of(std::uint32_t ordinal) {
  return "user" + std::to_string(ordinal);
}

std::size_t place_of(const Table& table, const std::string& name) {
  return table.find(slot_hash(name),
                    [&](const model::Record& record) { return record.external_id() == name; });
}

void insert(Table& table, std::uint32_t ordinal) {
  table.reserve(table.size() + 1);
  table.insert(slot_hash(name_of(ordinal)), version(ordinal, 1, name_of(ordinal), {}));
}

TEST(SlotTable, AnEmptyOneFindsNothing) {
  const Table table;
  EXPECT_EQ(place_of(table, "user1"), Table::kNone);
  EXPECT_EQ(table.heap_bytes(), 0U);
  table.prefetch(1);
}

TEST(SlotTable, FindsAllThroughGrowth) {
  Table table;
  for (std::uint32_t ordinal = 1; ordinal <= 10'000; ++ordinal) insert(table, ordinal);
  for (std::uint32_t ordinal = 1; ordinal <= 10'000; ++ordinal) {
    const std::size_t place = place_of(table, name_of(ordinal));
    ASSERT_NE(place, Table::kNone) << ordinal;
    EXPECT_EQ(table.at(place).ordinal(), ordinal);
    table.prefetch(slot_hash(name_of(ordinal)));
  }
  EXPECT_EQ(place_of(table, "user0"), Table::kNone);
  EXPECT_EQ(table.size(), 10'000U);
  EXPECT_LT(table.heap_bytes(), 10'000U * 8 * 10 / 6);
}

TEST(SlotTable, NothingMovesWhileThereIsRoom) {
  Table table;
  table.reserve(1000);
  const std::size_t bytes = table.heap_bytes();
  for (std::uint32_t ordinal = 1; ordinal <= 1000; ++ordinal) insert(table, ordinal);
  EXPECT_EQ(table.heap_bytes(), bytes);
}

// All in one run of slots that wraps around: what erasing moves has to stay findable.
RC_GTEST_PROP(SlotTable, EqualsAMap, ()) {
  Table table;
  std::map<std::uint32_t, std::uint64_t> model;   // ordinal to revision
  const int steps = *rc::gen::inRange(0, 400);
  for (int i = 0; i < steps; ++i) {
    const auto ordinal = *rc::gen::inRange<std::uint32_t>(1, 60);
    const std::size_t place = place_of(table, name_of(ordinal));
    RC_ASSERT((place == Table::kNone) == !model.contains(ordinal));
    if (place == Table::kNone) {
      insert(table, ordinal);
      model[ordinal] = 1;
    } else {
      RC_ASSERT(table.erase(place)->ordinal() == ordinal);
      model.erase(ordinal);
    }
  }
  RC_ASSERT(table.size() == model.size());
  for (std::uint32_t ordinal = 1; ordinal < 60; ++ordinal) {
    const std::size_t place = place_of(table, name_of(ordinal));
    RC_ASSERT((place != Table::kNone) == model.contains(ordinal));
    if (place != Table::kNone) RC_ASSERT(table.at(place).revision() == model[ordinal]);
  }
}

}   // namespace
}   // namespace usertags::index
