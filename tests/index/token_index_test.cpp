#include "index/token_index.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace usertags::index {
namespace {

// Numbers tokens and keeps their texts for as long as the index takes them.
class Tokens {
 public:
  model::Token make(std::string text, std::uint64_t revision) {
    texts_.push_back(std::move(text));
    return {.seq = ++seq_, .ordinal = 5, .revision = revision, .changed = true, .text = texts_.back()};
  }
  void add(TokenIndex& index, std::string text, std::uint64_t revision = 1) {
    const model::Token token = make(std::move(text), revision);
    auto addition = index.prepare(std::span(&token, 1));
    index.publish(addition);
  }

 private:
  std::uint64_t seq_ = 0;
  std::deque<std::string> texts_;
};

TEST(TokenIndex, FindsWhatWasPublishedAndNothingElse) {
  TokenIndex index;
  Tokens tokens;
  EXPECT_FALSE(index.find("a"));
  tokens.add(index, "a", 7);
  const auto found = index.find("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->revision, 7U);
  EXPECT_EQ(found->ordinal, 5U);
  EXPECT_TRUE(found->changed);
  EXPECT_FALSE(index.find("b"));
  EXPECT_FALSE(index.find(std::string_view("a\0", 2)));
  EXPECT_EQ(index.newest(), 1U);
}

TEST(TokenIndex, WhatIsPreparedIsNotThereYetAndLeavesNoTraceWhenDropped) {
  TokenIndex index;
  Tokens tokens;
  const model::Token token = tokens.make("a", 1);
  {
    const TokenIndex::Addition addition = index.prepare(std::span(&token, 1));
    EXPECT_FALSE(index.find("a"));
  }
  EXPECT_EQ(index.size(), 0U);
  auto addition = index.prepare(std::span(&token, 1));
  index.publish(addition);
  EXPECT_TRUE(index.find("a"));
}

TEST(TokenIndex, ForgetsFromTheOldestOn) {
  TokenIndex index;
  Tokens tokens;
  for (const char* text : {"a", "b", "c"}) tokens.add(index, text);
  index.forget(2);
  EXPECT_FALSE(index.find("a"));
  EXPECT_FALSE(index.find("b"));
  EXPECT_TRUE(index.find("c"));
  index.forget(1);
  EXPECT_EQ(index.size(), 1U);
  index.forget(100);
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.newest(), 0U);
  tokens.add(index, "a");
  EXPECT_TRUE(index.find("a"));
}

TEST(TokenIndex, ATokenThatWasForgottenMayComeAgain) {
  TokenIndex index;
  Tokens tokens;
  tokens.add(index, "a");
  EXPECT_EQ(index.seq_of("a"), 1U);
  EXPECT_EQ(index.seq_of("b"), 0U);
  {
    const TokenIndex::Forgotten forgotten = index.forget(1);   // keeps the block, not the token
    tokens.add(index, "a");
  }
  EXPECT_EQ(index.seq_of("a"), 2U);
}

TEST(TokenIndex, GivesAllItHasInOrder) {
  TokenIndex index;
  Tokens tokens;
  for (const char* text : {"c", "a", "b"}) tokens.add(index, text);
  index.forget(1);
  auto all = index.take_all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]->text(), "a");
  EXPECT_EQ(all[1]->text(), "b");
  EXPECT_EQ(index.size(), 0U);
  EXPECT_FALSE(index.find("a"));
  index.make_room(all);
  index.publish(all);
  EXPECT_TRUE(index.find("a"));
  EXPECT_EQ(index.newest(), 3U);
}

TEST(TokenIndex, AccountsForItsMemory) {
  TokenIndex index;
  Tokens tokens;
  const std::size_t empty = index.heap_bytes();
  for (int n = 0; n < 10'000; ++n) tokens.add(index, "token-" + std::to_string(n));
  const std::size_t full = index.heap_bytes();
  EXPECT_GE(full - empty, 10'000U * (sizeof(KeptToken) + 8));
  EXPECT_LE(full - empty, 10'000U * (sizeof(KeptToken) + 8 + 24 + 16));
  index.forget(10'000);
  EXPECT_LT(index.heap_bytes(), full / 4);
}

RC_GTEST_PROP(TokenIndex, EqualsAMap, ()) {
  TokenIndex index;
  Tokens tokens;
  std::map<std::string, std::uint64_t> model;   // text to revision
  std::vector<std::string> order;
  std::size_t forgotten = 0;
  for (int step = 0; step < 200; ++step) {
    const std::string text = std::to_string(*rc::gen::inRange(0, 60));
    if (*rc::gen::inRange(0, 8) == 0) {
      const auto last = *rc::gen::inRange<std::size_t>(0, order.size() + 2);
      index.forget(last);
      for (; forgotten < std::min(last, order.size()); ++forgotten) model.erase(order[forgotten]);
    } else if (!model.contains(text)) {
      const auto revision = static_cast<std::uint64_t>(step);
      tokens.add(index, text, revision);
      model[text] = revision;
      order.push_back(text);
    }
    const auto found = index.find(text);
    RC_ASSERT(found.has_value() == model.contains(text));
    if (found) RC_ASSERT(found->revision == model[text]);
  }
  RC_ASSERT(index.size() == model.size());
}

}   // namespace
}   // namespace usertags::index
