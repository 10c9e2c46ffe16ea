#include "index/facets.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "index/make_step.hpp"

namespace usertags::index {
namespace {

using model::Record;
using model::RecordPtr;

using Counts = std::vector<std::pair<std::string, std::uint32_t>>;

FacetPage top_values(const TagIndex& index, std::string_view key, std::string_view prefix,
                     std::size_t limit) {
  TopValues top(prefix, limit);
  EXPECT_FALSE(top.look(index.find(key), {}, 1'000));
  return std::move(top).page();
}

Counts counts(const FacetPage& page) {
  Counts counts;
  for (const Facet& facet : page.facets) counts.emplace_back(facet.text, facet.users);
  return counts;
}

// One user for each tag list.
TagIndex index_of(const std::vector<TagMap>& users) {
  std::vector<RecordPtr> records;
  for (const TagMap& tags : users) {
    const auto ordinal = static_cast<std::uint32_t>(records.size() + 1);
    records.push_back(version(ordinal, ordinal, "u" + std::to_string(ordinal), tags));
  }
  TagIndex index;
  index.load(records);
  return index;
}

TEST(Facets, AreInOrderWithTheNumberOfUsers) {
  const TagIndex index =
      index_of({{{"tier", "gold"}, {"plan", ""}}, {{"tier", "gold"}}, {{"tier", "silver"}}, {}});
  EXPECT_EQ(counts(key_facets(index, {.limit = 10})), (Counts{{"plan", 1}, {"tier", 3}}));
  EXPECT_EQ(counts(value_facets(*index.find("tier"), {.limit = 10})), (Counts{{"gold", 2}, {"silver", 1}}));
  EXPECT_EQ(counts(value_facets(*index.find("plan"), {.limit = 10})), (Counts{{"", 1}}));
}

TEST(Facets, AreOnlyThoseWithThePrefixAndAfterTheLast) {
  const TagIndex index = index_of({{{"a", ""}, {"ab", ""}, {"abc", ""}, {"abd", ""}, {"b", ""}}});
  EXPECT_EQ(counts(key_facets(index, {.prefix = "ab", .limit = 10})),
            (Counts{{"ab", 1}, {"abc", 1}, {"abd", 1}}));
  EXPECT_EQ(counts(key_facets(index, {.prefix = "ab", .after = "abc", .limit = 10})), (Counts{{"abd", 1}}));
  EXPECT_EQ(counts(key_facets(index, {.prefix = "ab", .after = "a", .limit = 1})), (Counts{{"ab", 1}}));
  EXPECT_TRUE(key_facets(index, {.prefix = "ab", .after = "b", .limit = 10}).facets.empty());
  EXPECT_TRUE(key_facets(index, {.prefix = "abx", .limit = 10}).facets.empty());
}

TEST(Facets, TheEmptyValueCanBeTheLastOfAPage) {
  const TagIndex index = index_of({{{"k", ""}}, {{"k", "a"}}});
  const FacetPage first = value_facets(*index.find("k"), {.limit = 1});
  EXPECT_EQ(counts(first), (Counts{{"", 1}}));
  EXPECT_TRUE(first.more);
  const FacetPage second = value_facets(*index.find("k"), {.after = "", .limit = 1});
  EXPECT_EQ(counts(second), (Counts{{"a", 1}}));
  EXPECT_FALSE(second.more);
}

TEST(Facets, DoNotShowWhatIsOnlyPrepared) {
  TagIndex index = index_of({{{"tier", "gold"}}});
  const RecordPtr before = version(1, 1, "u1", {{"tier", "gold"}});
  const RecordPtr after = version(1, 2, "u1", {{"tier", "zinc"}, {"new", "x"}});
  const std::vector<Transition> steps = {{before, after}};
  const TagEdits edits = index.prepare(steps);
  EXPECT_EQ(counts(key_facets(index, {.limit = 1})), (Counts{{"tier", 1}}));
  EXPECT_FALSE(key_facets(index, {.limit = 1}).more);
  EXPECT_EQ(counts(value_facets(*index.find("tier"), {.limit = 10})), (Counts{{"gold", 1}}));
  EXPECT_FALSE(value_facets(*index.find("tier"), {.limit = 1}).more);
  EXPECT_EQ(counts(top_values(index, "tier", {}, 10)), (Counts{{"gold", 1}}));
  index.cancel(edits);
}

RC_GTEST_PROP(Facets, TheTopOnesAreThoseOfAllSortedByUsers, ()) {
  const auto values = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30));
  std::vector<TagMap> users{{{"k", "v1"}}};
  for (const int value : values) users.push_back({{"k", "v" + std::to_string(value)}});
  const TagIndex index = index_of(users);
  const std::string prefix = *rc::gen::element<std::string>("", "v", "v1", "w");
  Counts all = counts(value_facets(*index.find("k"), {.prefix = prefix, .limit = 100}));
  std::ranges::stable_sort(all, std::ranges::greater(), &Counts::value_type::second);
  const std::size_t limit = *rc::gen::inRange<std::size_t>(1, 40);
  all.resize(std::min(limit, all.size()));
  RC_ASSERT(counts(top_values(index, "k", prefix, limit)) == all);
}

// Users come, go and change between stretches: what is answered is what was there at first.
RC_GTEST_PROP(Facets, TheTopOnesAreThoseOfTheFirstMoment, ()) {
  const auto text = [](int value) { return "v" + std::to_string(value); };
  const auto values = rc::gen::inRange(0, 12);
  std::vector<TagMap> users;
  for (const int value : *rc::gen::container<std::vector<int>>(15, values))
    users.push_back({{"k", text(value)}});
  TagIndex index = index_of(users);
  const std::string prefix = *rc::gen::element<std::string>("", "v", "v1", "w");
  const auto limit = *rc::gen::element<std::size_t>(3, 20);
  const Counts expected = counts(top_values(index, "k", prefix, limit));

  std::vector<RecordPtr> kept;   // whose texts the changes are
  ValueChanges changes;
  const auto change = [&](std::uint32_t ordinal, const TagMap& before, const TagMap& after) {
    const std::vector<Transition> steps = {{version(ordinal, 1, "u" + std::to_string(ordinal), before),
                                            version(ordinal, 2, "u" + std::to_string(ordinal), after)}};
    index.publish(index.prepare(steps));
    kept.insert(kept.end(), {steps.front().before, steps.front().after});
    if (!before.empty()) --changes[*steps.front().before->find("k")];
    if (!after.empty()) ++changes[*steps.front().after->find("k")];
  };
  TopValues top(prefix, limit);
  while (top.look(index.find("k"), changes, *rc::gen::inRange<std::size_t>(1, 4))) {
    const auto user = *rc::gen::inRange<std::size_t>(0, users.size());
    const TagMap next = *rc::gen::arbitrary<bool>() ? TagMap{{"k", text(*values)}} : TagMap();
    if (next == users[user]) continue;
    change(static_cast<std::uint32_t>(user + 1), users[user], next);
    users[user] = next;
  }
  RC_ASSERT(counts(std::move(top).page()) == expected);
}

}   // namespace
}   // namespace usertags::index
