// Counting and pages against the naive meaning of selectors, over users few and many, close together and far
// apart: sets of every form, and stretches of every width.
#include "index/selector_evaluation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "index/make_step.hpp"
#include "selector/text.hpp"
#include "support/property.hpp"
#include "support/selector_oracle.hpp"

namespace usertags::index {
namespace {

using model::Record;
using model::RecordPtr;
using selector::Node;
using selector::NodePtr;

using Users = std::map<std::uint32_t, TagMap>;   // by ordinal

RecordPtr record_of(std::uint32_t ordinal, const TagMap& tags) {
  return version(ordinal, 1, "u" + std::to_string(ordinal), tags);
}

TagIndex index_of(const Users& users) {
  std::vector<RecordPtr> records;
  for (const auto& [ordinal, tags] : users) records.push_back(record_of(ordinal, tags));
  TagIndex index;
  index.load(records);
  return index;
}

std::vector<std::uint32_t> meant(const Node& selector, const Users& users) {
  std::vector<std::uint32_t> meant;
  for (const auto& [ordinal, tags] : users) {
    if (test::selects(selector, tags)) meant.push_back(ordinal);
  }
  return meant;
}

std::vector<std::uint32_t> walk(const TagIndex& index, const Node& selector, std::size_t limit) {
  std::vector<std::uint32_t> all;
  std::uint32_t after = 0;
  while (true) {
    const auto page = *first_matching(index, selector, after, limit);
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < limit) return all;
    after = page.back();
  }
}

// What of the evaluation is not as it is meant; empty where all is.
std::string wrong(const TagIndex& index, const Node& selector, const Users& users) {
  const auto expected = meant(selector, users);
  const std::size_t limit = std::max<std::size_t>(1, expected.size() / 3);
  std::string wrong;
  if (count_matching(index, selector) != expected.size()) wrong += "the count, ";
  if (first_matching(index, selector, 0, users.size() + 1) != expected) wrong += "one page, ";
  if (walk(index, selector, limit) != expected) wrong += "pages, ";
  return wrong.empty() ? wrong : wrong + "of " + selector::write_selector(selector).text;
}

TEST(SelectorEvaluation, OfFewUsersIsWhatTheSelectorMeans) {
  test::check_property(1500, [] {
    Users users;
    const auto maps = *rc::gen::container<std::vector<TagMap>>(test::any_tag_map());
    for (const TagMap& tags : maps) users.emplace(users.size() * 3 + 1, tags);
    RC_ASSERT(wrong(index_of(users), **test::any_selector_node(), users) == "");
  });
}

// A handful of tag lists, dealt out to thousands.
TEST(SelectorEvaluation, OfManyUsersIsWhatTheSelectorMeans) {
  test::check_property(60, [] {
    const auto maps = *rc::gen::nonEmpty(rc::gen::container<std::vector<TagMap>>(test::any_tag_map()));
    const auto count = *rc::gen::element<std::uint32_t>(600, 3000);
    const auto stride = *rc::gen::element<std::uint32_t>(1, 7, 331);   // of at most 993,000
    Users users;
    for (std::uint32_t user = 0; user < count; ++user) {
      users.emplace(1 + user * stride, maps[user * 7919 % 1009 % maps.size()]);
    }
    const TagIndex index = index_of(users);
    for (int n = 0; n < 10; ++n) RC_ASSERT(wrong(index, **test::any_selector_node(), users) == "");
  });
}

// The index as it is after steps, with a group prepared and not yet published: of that, nothing is seen.
TEST(SelectorEvaluation, SeesWhatIsPublishedOnly) {
  test::check_property(300, [] {
    Users users;
    TagIndex index;
    const auto steps = *rc::gen::container<std::vector<std::pair<std::uint8_t, TagMap>>>(
        rc::gen::pair(rc::gen::inRange<std::uint8_t>(1, 20), test::any_tag_map()));
    for (const auto& [ordinal, tags] : steps) {
      const auto found = users.find(ordinal);
      const RecordPtr before = found == users.end() ? RecordPtr() : record_of(ordinal, found->second);
      const bool deletes = before && tags.empty();
      const RecordPtr after = deletes ? Record::make_tombstone(*before, 2) : record_of(ordinal, tags);
      const std::vector<Transition> group = {{before, after}};
      TagEdits edits = index.prepare(group);
      if (tags.size() == 1) {
        RC_ASSERT(wrong(index, **test::any_selector_node(), users) == "");
        index.cancel(edits);
        continue;
      }
      index.publish(std::move(edits));
      deletes ? static_cast<void>(users.erase(ordinal))
              : static_cast<void>(users.insert_or_assign(ordinal, tags));
    }
    RC_ASSERT(wrong(index, **test::any_selector_node(), users) == "");
  });
}

// Of a key with thousands of values, most of which few users have.
TEST(SelectorEvaluation, WalksTheValuesOfAKeyWithMany) {
  Users users;
  for (std::uint32_t user = 0; user < 6000; ++user) {
    const std::string number = std::to_string(user * 7 % 2500);
    users.emplace(1 + user * 50,
                  TagMap{{"city", "c" + number}, {"n", number}, {"half", user % 2 ? "a" : "b"}});
  }
  const TagIndex index = index_of(users);
  const auto pattern = [](std::string_view head, bool run) {
    selector::Pattern made;
    made.append_literal(head);
    if (run) made.append_any_run();
    return made;
  };
  const auto inner = [] {
    selector::Pattern made;
    made.append_any_run();
    made.append_literal("7");
    made.append_any_character();
    return made;
  };
  const std::vector<NodePtr> tests = {selector::make_matches("city", pattern("c12", true)),
                                      selector::make_matches("city", pattern("c12", false)),
                                      selector::make_matches("city", pattern("", true)),
                                      selector::make_matches("city", inner()),
                                      selector::make_greater("n", 999),
                                      selector::make_less("n", 12),
                                      selector::make_greater("city", 0),
                                      selector::make_in("n", {"1", "2", "2499", "no"})};
  for (const NodePtr& test : tests) {
    for (const NodePtr& other : {selector::make_in("half", {"a"}), selector::make_exists("none")}) {
      for (const NodePtr& second : {other, selector::make_negation(other)}) {
        for (const NodePtr& first : {test, selector::make_negation(test)}) {
          EXPECT_EQ(wrong(index, *first, users), "");
          EXPECT_EQ(wrong(index, *selector::make_all({first, second}), users), "");
          EXPECT_EQ(wrong(index, *selector::make_any({first, second}), users), "");
        }
      }
    }
  }
}

// Stretches of a walk from the start end at 65,536, and 262,144 and 1,048,576 further on.
TEST(SelectorEvaluation, LosesNobodyBetweenStretches) {
  Users users;
  for (const std::uint32_t end : {65'536U, 327'680U, 1'376'256U}) {
    for (std::uint32_t user = end - 3; user <= end + 3; ++user)
      users.emplace(user, TagMap{{"even", user % 2 ? "no" : "yes"}});
  }
  const TagIndex index = index_of(users);
  for (const NodePtr& selector :
       {selector::make_every_user(), selector::make_exists("even"), selector::make_in("even", {"yes"}),
        selector::make_negation(selector::make_in("even", {"yes"}))}) {
    EXPECT_EQ(wrong(index, *selector, users), "");
  }
}

TEST(SelectorEvaluation, OfAnEmptyIndexIsNobody) {
  const TagIndex index;
  EXPECT_EQ(wrong(index, *selector::make_every_user(), {}), "");
  EXPECT_EQ(wrong(index, *selector::make_negation(selector::make_exists("a")), {}), "");
}

}   // namespace
}   // namespace usertags::index
