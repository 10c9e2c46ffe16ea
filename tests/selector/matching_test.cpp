#include "selector/matching.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/selector.hpp>

#include "support/answers.hpp"
#include "support/property.hpp"
#include "support/selector_oracle.hpp"

namespace usertags::selector {
namespace {

using test::must;
using test::TagMap;

auto look_up(const TagMap& tags) {
  return [&tags](std::string_view key) -> std::optional<std::string_view> {
    const auto found = tags.find(std::string(key));
    return found == tags.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
}

TEST(Matching, IsWhatTheSelectorMeans) {
  test::check_property(2'000, [] {
    const auto selector = *test::any_selector_node();
    const auto tags = *test::any_tag_map();
    RC_ASSERT(matches(*selector, look_up(tags)) == test::selects(*selector, tags));
  });
}

TEST(Matching, AsksForTheKeysOfTheSelectorOnly) {
  test::check_property(500, [] {
    const auto selector = *test::any_selector_node();
    const std::vector<std::string> keys = keys_of(*selector);
    matches(*selector, [&](std::string_view key) -> std::optional<std::string_view> {
      RC_ASSERT(std::ranges::binary_search(keys, key));
      return std::nullopt;
    });
  });
}

TEST(Matching, NamesEachKeyOnce) {
  const auto selector = (key("tier") == "gold" || key("tier") == "silver") && !key("plan").exists() &&
                        key("seats").greater_than(3);
  EXPECT_EQ(keys_of(*must(SelectorAccess::node(selector))),
            (std::vector<std::string>{"plan", "seats", "tier"}));
  EXPECT_TRUE(keys_of(*must(SelectorAccess::node(Selector()))).empty());
}

}   // namespace
}   // namespace usertags::selector
