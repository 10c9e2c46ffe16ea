#include "index/tag_index.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "index/make_step.hpp"

namespace usertags::index {
namespace {

using model::Record;
using model::RecordPtr;

using Members = std::set<std::uint32_t>;
// Users by key and value; by key alone under the value "*".
using Contents = std::map<std::string, std::map<std::string, Members>>;

Members members(const UserSet& set) {
  Members members;
  set.visit_from(0, [&](std::uint32_t ordinal) { return members.insert(ordinal).second; });
  return members;
}

// All users stand under the key "", which no tag has.
Contents contents(const TagIndex& index) {
  Contents contents{{"", {{"*", members(index.users())}}}};
  index.keys().visit_from({}, [&](std::string_view key, const auto& entry) {
    auto& values = contents[std::string(key)];
    values["*"] = members(entry->users());
    entry->values().visit_from({}, [&](std::string_view value, const UserSet& users) {
      values[std::string(value)] = members(users);
      return true;
    });
    return true;
  });
  return contents;
}

Contents expected(const std::map<std::uint32_t, RecordPtr>& users) {
  Contents contents{{"", {{"*", {}}}}};
  for (const auto& [ordinal, record] : users) {
    contents[""]["*"].insert(ordinal);
    for (const Tag tag : *record) {
      contents[std::string(tag.key)][std::string(tag.value)].insert(ordinal);
      contents[std::string(tag.key)]["*"].insert(ordinal);
    }
  }
  return contents;
}

void publish(TagIndex& index, const std::vector<Transition>& steps) {
  index.publish(index.prepare(steps));
}

TEST(TagIndex, FindsUsersByKeyAndByTag) {
  TagIndex index;
  const RecordPtr user = version(7, 1, "u", {{"tier", "gold"}, {"plan", ""}});
  publish(index, {{{}, user}});
  EXPECT_TRUE(index.find("tier", "gold")->contains(7));
  EXPECT_TRUE(index.find("plan", "")->contains(7));
  EXPECT_TRUE(index.find("tier")->users().contains(7));
  EXPECT_EQ(index.find("tier", "silver"), nullptr);
  EXPECT_EQ(index.find("none"), nullptr);
  EXPECT_EQ(index.figures().keys, 2U);
  EXPECT_EQ(index.figures().values, 2U);
}

TEST(TagIndex, APreparationThatIsCancelledLeavesNoTrace) {
  TagIndex index;
  const RecordPtr one = version(1, 1, "u", {{"tier", "gold"}});
  const RecordPtr two = version(1, 2, "u", {{"tier", "silver"}, {"new", "x"}});
  publish(index, {{{}, one}});
  const Contents before = contents(index);
  const std::vector<Transition> steps = {{one, two}, {two, one}};
  index.cancel(index.prepare(steps));
  EXPECT_EQ(contents(index), before);
  EXPECT_EQ(index.figures().keys, 1U);
  EXPECT_EQ(index.figures().values, 1U);
}

TEST(TagIndex, ForgetsValuesAndKeysThatNobodyHasAnyMore) {
  TagIndex index;
  const RecordPtr user = version(1, 1, "u", {{"tier", "gold"}});
  publish(index, {{{}, user}});
  publish(index, {{user, Record::make_tombstone(*user, 2)}});
  EXPECT_EQ(index.figures().keys, 0U);
  EXPECT_EQ(index.figures().values, 0U);
  EXPECT_EQ(index.find("tier"), nullptr);
}

TEST(TagIndex, AUserMayTakeManyStepsInOneGroup) {
  TagIndex index;
  const RecordPtr gold = version(1, 1, "u", {{"tier", "gold"}});
  const RecordPtr silver = version(1, 2, "u", {{"tier", "silver"}});
  const RecordPtr none = version(1, 3, "u", {{"plan", "x"}});
  publish(index, {{{}, gold}, {gold, silver}, {silver, none}, {none, gold}, {gold, silver}});
  EXPECT_EQ(contents(index), (Contents{{"", {{"*", {1}}}}, {"tier", {{"*", {1}}, {"silver", {1}}}}}));
  publish(index, {{silver, gold}, {gold, Record::make_tombstone(*gold, 5)}});
  EXPECT_EQ(contents(index), (Contents{{"", {{"*", {}}}}}));
}

RC_GTEST_PROP(TagIndex, AfterAnyStepsEqualsTheUsersTagsAndAFreshOne, ()) {
  TagIndex index;
  std::map<std::uint32_t, RecordPtr> users;   // by ordinal
  std::uint64_t revision = 0;
  std::uint32_t last_ordinal = 0;
  const int groups = *rc::gen::inRange(0, 100);
  for (int g = 0; g < groups; ++g) {
    std::map<std::uint32_t, RecordPtr> then = users;
    std::vector<Transition> steps;
    const int size = *rc::gen::inRange(1, 8);
    for (int i = 0; i < size; ++i) {
      const auto chosen = *rc::gen::inRange<std::uint32_t>(1, last_ordinal + 8);   // lives, or is new
      TagMap tags;
      const int count = *rc::gen::inRange(0, 4);
      for (int t = 0; t < count; ++t) {
        tags["k" + std::to_string(*rc::gen::inRange(0, 4))] = "v" + std::to_string(*rc::gen::inRange(0, 6));
      }
      const auto found = then.lower_bound(chosen);
      const RecordPtr before = found == then.end() ? RecordPtr() : found->second;
      const std::uint32_t ordinal = before ? before->ordinal() : ++last_ordinal;
      const bool deletes = before && *rc::gen::inRange(0, 5) == 0;
      const RecordPtr after =
          deletes ? Record::make_tombstone(*before, ++revision) : version(ordinal, ++revision, "u", tags);
      steps.push_back({before, after});
      if (deletes)
        then.erase(ordinal);
      else
        then[ordinal] = after;
    }
    TagEdits edits;
    for (std::span<const Transition> left = steps; !left.empty();) {   // in parts
      const auto part = left.first(*rc::gen::inRange<std::size_t>(1, left.size() + 1));
      index.make_values(part, edits);
      left = left.subspan(part.size());
    }
    const int fate = *rc::gen::inRange(0, 8);
    if (fate > 0) index.make_room(edits);
    if (fate <= 1) {
      index.cancel(edits);
      RC_ASSERT(contents(index) == expected(users));
      continue;
    }
    index.publish(std::move(edits));
    users = std::move(then);
  }
  RC_ASSERT(contents(index) == expected(users));

  std::vector<RecordPtr> living;
  for (const auto& [ordinal, record] : users) living.push_back(record);
  TagIndex fresh;
  fresh.load(living);
  RC_ASSERT(contents(fresh) == contents(index));
  RC_ASSERT(fresh.figures().keys == index.figures().keys);
  RC_ASSERT(fresh.figures().values == index.figures().values);
}

}   // namespace
}   // namespace usertags::index
