#include "index/sorted_blocks.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace usertags::index {
namespace {

using Model = std::map<std::string, int>;

Model entries(const SortedBlocks<int>& blocks, std::string_view from = {}) {
  Model entries;
  std::string last;
  blocks.visit_from(from, [&](std::string_view key, int value) {
    EXPECT_TRUE(entries.empty() || last < key);
    last = key;
    return entries.emplace(key, value).second;
  });
  return entries;
}

void erase(SortedBlocks<int>& blocks, std::string_view key) {
  blocks.erase_if(key, SortedBlocks<int>::kSparse, [](int) { return true; });
}

TEST(SortedBlocks, TakesKeysInAnyOrderThroughManySplits) {
  for (const int stride : {1, -1, 7919}) {
    SortedBlocks<int> blocks;
    Model model;
    for (int i = 0; i < 5000; ++i) {
      const std::string key = std::to_string((i * stride % 5003 + 5003) % 5003);
      blocks.at_or_insert(key) = i;
      model[key] = i;
    }
    ASSERT_EQ(blocks.size(), model.size());
    ASSERT_EQ(entries(blocks), model);
    for (const auto& [key, value] : model) ASSERT_EQ(*blocks.find(key), value);
  }
}

TEST(SortedBlocks, FindsNothingWhereNothingIs) {
  SortedBlocks<int> blocks;
  EXPECT_EQ(blocks.find("a"), nullptr);
  erase(blocks, "a");
  blocks.at_or_insert("b") = 1;
  EXPECT_EQ(blocks.find("a"), nullptr);
  EXPECT_EQ(blocks.find("c"), nullptr);
  EXPECT_EQ(blocks.find(""), nullptr);
  blocks.at_or_insert("") = 2;
  EXPECT_EQ(*blocks.find(""), 2);
}

TEST(SortedBlocks, GoesOnAfterAllWasErased) {
  SortedBlocks<int> blocks;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i) blocks.at_or_insert(std::to_string(i)) = i;
    for (int i = 0; i < 500; ++i) erase(blocks, std::to_string(i));
    EXPECT_TRUE(blocks.empty());
    EXPECT_TRUE(entries(blocks).empty());
  }
}

TEST(SortedBlocks, ErasesOnlyWhereTheConditionHolds) {
  SortedBlocks<int> blocks;
  for (int i = 0; i < 500; ++i) blocks.at_or_insert(std::to_string(i)) = i;
  for (int i = 0; i < 500; ++i) {
    blocks.erase_if(std::to_string(i), SortedBlocks<int>::kTight, [](int value) { return value % 3 != 0; });
  }
  EXPECT_EQ(blocks.size(), 167u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(blocks.find(std::to_string(i)) != nullptr, i % 3 == 0) << i;
}

RC_GTEST_PROP(SortedBlocks, EqualsAMap, ()) {
  SortedBlocks<int> blocks;
  Model model;
  const int appended = *rc::gen::inRange(0, 400);
  for (int i = 0; i < appended; ++i) {
    const std::string key = "m" + std::to_string(1000 + i);
    blocks.append(key, i);
    model[key] = i;
  }
  const auto keys = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2000));
  for (const int number : keys) {
    const std::string key = (number % 3 == 0 ? "a" : "m") + std::to_string(number);
    if (number % 4 == 0) {
      erase(blocks, key);
      model.erase(key);
    } else {
      blocks.at_or_insert(key) = number;
      model[key] = number;
    }
  }
  RC_ASSERT(entries(blocks) == model);
  const std::string from = "m" + std::to_string(*rc::gen::inRange(0, 2000));
  RC_ASSERT(entries(blocks, from) == Model(model.lower_bound(from), model.end()));
}

// Texts that differ early and late, on both sides of what is kept inline and of what is compared as one number.
RC_GTEST_PROP(SortedBlocks, OrdersTextsByTheirBytes, ()) {
  const auto text = rc::gen::apply(
      [](std::size_t common, const std::string& rest) { return std::string(common, 'c') + rest; },
      rc::gen::element<std::size_t>(0, 3, 4, 7, 8, 11, 12, 13),
      rc::gen::container<std::string>(rc::gen::element('\x01', 'b', 'c', 'd', '\x7F', '\x80', '\xFF')));
  SortedBlocks<int> blocks;
  Model model;
  for (const std::string& key : *rc::gen::container<std::vector<std::string>>(text)) {
    blocks.at_or_insert(key) = static_cast<int>(model.size());
    model.emplace(key, static_cast<int>(model.size()));
    blocks.at_or_insert(key) = model[key];
  }
  RC_ASSERT(entries(blocks) == model);
  std::vector<std::string> wanted = *rc::gen::container<std::vector<std::string>>(text);
  for (const auto& [key, value] : model) wanted.push_back(key);
  int unanswered = 0;
  std::vector<int*> found(wanted.size(), &unanswered);
  std::vector<SortedBlocks<int>::Sought> sought;
  for (std::size_t i = 0; i < wanted.size(); ++i) sought.emplace_back(blocks, wanted[i], found[i]);
  SortedBlocks<int>::find_each(sought);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto expected = model.find(wanted[i]);
    RC_ASSERT((found[i] != nullptr) == (expected != model.end()));
    RC_ASSERT(blocks.find(wanted[i]) == found[i]);
    if (expected != model.end()) RC_ASSERT(*found[i] == expected->second);
    RC_ASSERT(entries(blocks, wanted[i]) == Model(model.lower_bound(wanted[i]), model.end()));
  }
}

}   // namespace
}   // namespace usertags::index
