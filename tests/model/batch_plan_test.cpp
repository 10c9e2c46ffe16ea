#include "model/batch_plan.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "planned.hpp"

namespace usertags::model {
namespace {

using namespace planned;
using enum Violation::Reason;

Outcome plan(const Tags& before, const TagBatch& batch, const Settings& limits = {}) {
  const RecordPtr record = record_of(before);
  BatchPlanner planner(limits);
  planner.plan(*record, batch.operations());
  for (const TagDelta& delta : planner.deltas())
    EXPECT_EQ(delta.before, record->find(delta.key)) << delta.key;
  return outcome_of(planner, *record);
}

TEST(BatchPlanner, TellsBoundsSizesPlacesAndCharacters) {
  const RecordPtr nobody = record_of({});
  BatchPlanner planner({.tags_per_user = 1, .operations_per_batch = 4});
  planner.plan(*nobody, TagBatch()
                            .set("a", "b:c")
                            .set(std::string(1'000'000, 'k'), "")
                            .set("x", "")
                            .set("y", "")
                            .set("z", "")
                            .operations());
  const auto all = planner.violations();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].position, 1u);
  EXPECT_EQ(all[0].character, ':');
  EXPECT_EQ(all[1].limit, 50u);
  EXPECT_EQ(all[1].found, 1'000'000u);
  EXPECT_EQ(all[1].key, std::string(Violation::kMaxKeyBytes, 'k'));
  EXPECT_EQ(all[2].limit, 4u);
  EXPECT_EQ(all[2].found, 5u);
  EXPECT_EQ(all[3].limit, 1u);
  EXPECT_EQ(all[3].found, 2u);
}

Violation now(Violation violation, std::string current) {
  violation.current = std::move(current);
  return violation;
}

Violation repetition(std::size_t index, OperationKind kind, std::string key, std::size_t first_index,
                     OperationKind first_operation) {
  Violation violation = violation_of(index, kind, std::move(key), duplicate_key);
  violation.first_index = first_index;
  violation.first_operation = first_operation;
  return violation;
}

// --- What a batch does. ---

struct Effect {
  const char* name;
  Tags before;
  TagBatch batch;
  Tags after;
  Deltas deltas;
};

void PrintTo(const Effect& effect, std::ostream* out) {
  *out << effect.name;
}

class BatchEffect : public testing::TestWithParam<Effect> {};

TEST_P(BatchEffect, IsAsPromised) {
  const Effect& effect = GetParam();
  EXPECT_EQ(plan(effect.before, effect.batch), (Outcome{{}, effect.after, effect.deltas}));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BatchEffect,
    testing::Values(
        Effect{"an empty batch changes nothing", {{"a", "1"}}, {}, {{"a", "1"}}, {}},
        Effect{
            "create adds", {{"b", "2"}}, TagBatch().create("a", "1"), {{"a", "1"}, {"b", "2"}}, {{"a", "1"}}},
        Effect{"update replaces", {{"a", "1"}}, TagBatch().update("a", "2"), {{"a", "2"}}, {{"a", "2"}}},
        Effect{"set adds", {}, TagBatch().set("a", "1"), {{"a", "1"}}, {{"a", "1"}}},
        Effect{"set replaces", {{"a", "1"}}, TagBatch().set("a", ""), {{"a", ""}}, {{"a", ""}}},
        Effect{"delete removes", {{"a", "1"}}, TagBatch().erase("a"), {}, {{"a", std::nullopt}}},
        Effect{"delete of an absent key does nothing", {{"a", "1"}}, TagBatch().erase("b"), {{"a", "1"}}, {}},
        Effect{"set to the equal value changes nothing",
               {{"a", "1"}},
               TagBatch().set("a", "1"),
               {{"a", "1"}},
               {}},
        Effect{"update to the equal value changes nothing",
               {{"a", "1"}},
               TagBatch().update("a", "1", {.expected_value = "1"}),
               {{"a", "1"}},
               {}},
        Effect{"an empty value is a value", {}, TagBatch().create("a", ""), {{"a", ""}}, {{"a", ""}}},
        Effect{"an empty expected value is one",
               {{"a", ""}},
               TagBatch().set("a", "1", {.expected_value = ""}),
               {{"a", "1"}},
               {{"a", "1"}}},
        Effect{"expected values that are there",
               {{"a", "1"}, {"b", "2"}, {"c", "3"}},
               TagBatch()
                   .update("c", "z", {.expected_value = "3"})
                   .set("b", "y", {.expected_value = "2"})
                   .erase("a", {.must_exist = true, .expected_value = "1"}),
               {{"b", "y"}, {"c", "z"}},
               {{"a", std::nullopt}, {"b", "y"}, {"c", "z"}}},
        Effect{
            "keys are sorted as bytes",
            {{"Z", "1"}, {"a", "2"}, {"é", "3"}},
            TagBatch().set("\U0001F600", "6").set("z", "4").set("A", "5").set("\x7f", "7"),
            {{"A", "5"}, {"Z", "1"}, {"a", "2"}, {"z", "4"}, {"\x7f", "7"}, {"é", "3"}, {"\U0001F600", "6"}},
            {{"A", "5"}, {"z", "4"}, {"\x7f", "7"}, {"\U0001F600", "6"}}},
        Effect{"a key that a rule no longer allows can be deleted",
               {{"a#b", "old"}, {kLongKey, "old"}},
               TagBatch().erase("a#b").erase(kLongKey, {.expected_value = "old"}),
               {},
               {{"a#b", std::nullopt}, {kLongKey, std::nullopt}}},
        Effect{"and stays as long as nobody touches it",
               {{"a#b", "x/y"}},
               TagBatch().set("a", "1"),
               {{"a", "1"}, {"a#b", "x/y"}},
               {{"a", "1"}}}));

// --- What a batch may not do. ---

struct Refusal {
  const char* name;
  Tags before;
  TagBatch batch;
  std::vector<Violation> violations;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.name;
}

class BatchRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(BatchRefusal, NamesEveryViolation) {
  const Refusal& refusal = GetParam();
  EXPECT_EQ(plan(refusal.before, refusal.batch), (Outcome{refusal.violations, {}, {}}));
}

INSTANTIATE_TEST_SUITE_P(
    Preconditions, BatchRefusal,
    testing::Values(Refusal{"create of a key that exists",
                            {{"a", "1"}},
                            TagBatch().create("a", "2"),
                            {now(violation_of(0, kCreate, "a", key_exists), "1")}},
                    Refusal{"create with the equal value too",
                            {{"a", "1"}},
                            TagBatch().create("a", "1"),
                            {now(violation_of(0, kCreate, "a", key_exists), "1")}},
                    Refusal{"update of a key that is missing",
                            {{"b", "1"}},
                            TagBatch().update("a", "2"),
                            {violation_of(0, kUpdate, "a", key_missing)}},
                    Refusal{"delete of a key that must exist",
                            {},
                            TagBatch().erase("a", {.must_exist = true}),
                            {violation_of(0, kErase, "a", key_missing)}},
                    Refusal{"another value than expected",
                            {{"a", "1"}, {"b", "2"}, {"c", "3"}},
                            TagBatch()
                                .update("a", "x", {.expected_value = "0"})
                                .set("b", "x", {.expected_value = ""})
                                .erase("c", {.expected_value = "33"}),
                            {now(violation_of(0, kUpdate, "a", value_mismatch, Subject::value), "1"),
                             now(violation_of(1, kSet, "b", value_mismatch, Subject::value), "2"),
                             now(violation_of(2, kErase, "c", value_mismatch, Subject::value), "3")}},
                    Refusal{"another value than expected, where the batch would change nothing",
                            {{"a", "1"}},
                            TagBatch().set("a", "1", {.expected_value = "2"}),
                            {now(violation_of(0, kSet, "a", value_mismatch, Subject::value), "1")}},
                    Refusal{
                        "an absent key never has the expected value",
                        {},
                        TagBatch().set("a", "x", {.expected_value = ""}).erase("b", {.expected_value = ""}),
                        {violation_of(0, kSet, "a", value_mismatch, Subject::value),
                         violation_of(1, kErase, "b", value_mismatch, Subject::value)}},
                    Refusal{"both rules of an absent key",
                            {},
                            TagBatch()
                                .update("a", "x", {.expected_value = "1"})
                                .erase("b", {.must_exist = true, .expected_value = "1"}),
                            {violation_of(0, kUpdate, "a", key_missing),
                             violation_of(0, kUpdate, "a", value_mismatch, Subject::value),
                             violation_of(1, kErase, "b", key_missing),
                             violation_of(1, kErase, "b", value_mismatch, Subject::value)}},
                    Refusal{"in the order of operations, not of keys",
                            {{"b", "2"}},
                            TagBatch().update("z", "x").create("b", "x").update("a", "x").set("c", "fine"),
                            {violation_of(0, kUpdate, "z", key_missing),
                             now(violation_of(1, kCreate, "b", key_exists), "2"),
                             violation_of(2, kUpdate, "a", key_missing)}}));

INSTANTIATE_TEST_SUITE_P(
    Form, BatchRefusal,
    testing::Values(
        Refusal{
            "malformed keys, as given",
            {},
            TagBatch()
                .create("", "v")
                .update("a#b", "v")
                .set("\xFF", "v")
                .set("a\0"s, "v")
                .set(kLongKey, "v"),
            {violation_of(0, kCreate, "", empty_key), violation_of(1, kUpdate, "a#b", forbidden_character),
             violation_of(2, kSet, "\xFF", malformed_utf8), violation_of(3, kSet, "a\0"s, contains_nul),
             violation_of(4, kSet, kLongKey, key_too_long)}},
        Refusal{"malformed values",
                {{"b", "2"}},
                TagBatch().create("a", "12:30").update("b", "\xFF").set("c", "\0"s).set("d", kLongValue),
                {violation_of(0, kCreate, "a", forbidden_character, Subject::value),
                 violation_of(1, kUpdate, "b", malformed_utf8, Subject::value),
                 violation_of(2, kSet, "c", contains_nul, Subject::value),
                 violation_of(3, kSet, "d", value_too_long, Subject::value)}},
        Refusal{"key and value of one operation",
                {},
                TagBatch().set(kLongKey + "/\0"s, kLongValue + ":"),
                {violation_of(0, kSet, kLongKey + "/\0"s, key_too_long),
                 violation_of(0, kSet, kLongKey + "/\0"s, forbidden_character),
                 violation_of(0, kSet, kLongKey + "/\0"s, contains_nul),
                 violation_of(0, kSet, kLongKey + "/\0"s, value_too_long, Subject::value),
                 violation_of(0, kSet, kLongKey + "/\0"s, forbidden_character, Subject::value)}},
        Refusal{"a key to delete has to be well formed",
                {},
                TagBatch().erase("").erase("\xFF").erase("a\0"s),
                {violation_of(0, kErase, "", empty_key), violation_of(1, kErase, "\xFF", malformed_utf8),
                 violation_of(2, kErase, "a\0"s, contains_nul)}},
        Refusal{"a value that is malformed hides no precondition",
                {{"a", "1"}},
                TagBatch().create("a", "#").update("b", "#"),
                {violation_of(0, kCreate, "a", forbidden_character, Subject::value),
                 now(violation_of(0, kCreate, "a", key_exists), "1"),
                 violation_of(1, kUpdate, "b", forbidden_character, Subject::value),
                 violation_of(1, kUpdate, "b", key_missing)}},
        Refusal{"a key that is malformed has no preconditions",
                {{"a#b", "1"}},
                TagBatch().create("a#b", "2").update("\xFF", "1").set("c:d", "x", {.expected_value = "1"}),
                {violation_of(0, kCreate, "a#b", forbidden_character),
                 violation_of(1, kUpdate, "\xFF", malformed_utf8),
                 violation_of(2, kSet, "c:d", forbidden_character)}}));

INSTANTIATE_TEST_SUITE_P(
    Repetition, BatchRefusal,
    testing::Values(
        Refusal{"whatever the operations",
                {{"a", "1"}},
                TagBatch().set("a", "2").set("b", "x").erase("a"),
                {repetition(2, kErase, "a", 0, kSet)}},
        Refusal{"once for each, naming the first",
                {},
                TagBatch().set("z", "1").set("a", "1").create("z", "1").set("a", "2").erase("z"),
                {repetition(2, kCreate, "z", 0, kSet), repetition(3, kSet, "a", 1, kSet),
                 repetition(4, kErase, "z", 0, kSet)}},
        Refusal{
            "the first is judged, a repetition is not",
            {{"a", "1"}},
            TagBatch().create("a", "x").update("b", "y").create("a", "z").update("b", "y"),
            {now(violation_of(0, kCreate, "a", key_exists), "1"), violation_of(1, kUpdate, "b", key_missing),
             repetition(2, kCreate, "a", 0, kCreate), repetition(3, kUpdate, "b", 1, kUpdate)}},
        Refusal{"form, then repetition",
                {},
                TagBatch().set("a", "1").set("a", "#"),
                {violation_of(1, kSet, "a", forbidden_character, Subject::value),
                 repetition(1, kSet, "a", 0, kSet)}},
        Refusal{"of a key that is malformed in one of them",
                {{"a#b", "1"}},
                TagBatch().set("a#b", "2").erase("a#b", {.expected_value = "0"}),
                {violation_of(0, kSet, "a#b", forbidden_character), repetition(1, kErase, "a#b", 0, kSet)}},
        Refusal{"of the empty key",
                {},
                TagBatch().erase("").set("", "1"),
                {violation_of(0, kErase, "", empty_key), violation_of(1, kSet, "", empty_key),
                 repetition(1, kSet, "", 0, kErase)}}));

TEST(BatchPlan, DistinguishesKeysByBytes) {
  EXPECT_TRUE(
      plan({}, TagBatch().set("e\u0301", "1").set("\u00E9", "2").set("E\u0301", "3")).violations.empty());
}

// --- Limits. ---

constexpr Settings kThree{.tags_per_user = 3, .operations_per_batch = 4};

TEST(TooManyTags, IsJudgedOnTheFinalState) {
  const Tags full = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_TRUE(plan(full, TagBatch().set("d", "4").erase("a"), kThree).violations.empty());
  EXPECT_TRUE(plan(full, TagBatch().set("a", "4"), kThree).violations.empty());
  EXPECT_EQ(plan(full, TagBatch().set("d", "4"), kThree).violations, std::vector{of_batch(too_many_tags)});
  EXPECT_EQ(plan({}, TagBatch().set("a", "").set("b", "").set("c", "").set("d", ""), kThree).violations,
            std::vector{of_batch(too_many_tags)});
}

TEST(TooManyTags, LetsAUserThatIsOverTheLimitChangeAndShrink) {
  const Tags over = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}};
  EXPECT_TRUE(plan(over, TagBatch().erase("a"), kThree).violations.empty());
  EXPECT_TRUE(plan(over, TagBatch().update("a", "x"), kThree).violations.empty());
  EXPECT_TRUE(plan(over, TagBatch().erase("a").create("f", "6"), kThree).violations.empty());
  EXPECT_EQ(plan(over, TagBatch().create("f", "6"), kThree).violations, std::vector{of_batch(too_many_tags)});
}

TEST(TooManyTags, LeavesRefusedOperationsOut) {
  const Tags full = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(plan(full, TagBatch().set("d", "#"), kThree).violations,
            std::vector{violation_of(0, kSet, "d", forbidden_character, Subject::value)});
  EXPECT_EQ(plan(full, TagBatch().set("d", "4", {.expected_value = "x"}), kThree).violations,
            std::vector{violation_of(0, kSet, "d", value_mismatch, Subject::value)});
  // The deletion that would have made room is refused, so there is none.
  EXPECT_EQ(plan(full, TagBatch().set("d", "4").erase("a", {.expected_value = "x"}), kThree).violations,
            (std::vector{now(violation_of(1, kErase, "a", value_mismatch, Subject::value), "1"),
                         of_batch(too_many_tags)}));
}

TEST(TooManyOperations, ComesAfterTheViolationsOfAsManyAsThereMayBe) {
  const TagBatch four = TagBatch().erase("a").erase("b").erase("c").erase("d");
  EXPECT_TRUE(plan({}, four, kThree).violations.empty());
  TagBatch five = four;
  EXPECT_EQ(plan({}, five.erase("e"), kThree).violations, std::vector{of_batch(too_many_operations)});
  const TagBatch wrong =
      TagBatch().set("a", "").set("b", "").set("c", "").update("x", "").set("d", "").set("a", "");
  EXPECT_EQ(plan({}, wrong, kThree).violations,
            (std::vector{violation_of(3, kUpdate, "x", key_missing), of_batch(too_many_operations)}));
}

TEST(TooManyOperations, DoesNotMakeAHugeBatchSlow) {
  constexpr std::size_t kHuge = 50'000;
  TagBatch batch;
  for (std::size_t i = 0; i < kHuge; ++i) batch.set(std::to_string(i * 7919 % (kHuge / 2)), "v");
  const Outcome outcome = plan({}, batch);
  EXPECT_EQ(outcome.violations, (std::vector{of_batch(too_many_operations), of_batch(too_many_tags)}))
      << "the first 1,024 are fine; the others are not looked at";
}

// --- The form alone. ---

TEST(CheckForm, JudgesWhatNeedsNoUser) {
  BatchPlanner planner(kThree);
  const TagBatch batch = TagBatch().create("a", "1").update("b", "#").set("a", "1").erase("").set(
      "c", "", {.expected_value = "x"});
  planner.check_form(batch.operations());
  EXPECT_EQ(outcome_of(planner),
            (Outcome{{violation_of(1, kUpdate, "b", forbidden_character, Subject::value),
                      repetition(2, kSet, "a", 0, kCreate), violation_of(3, kErase, "", empty_key),
                      of_batch(too_many_operations)},
                     {},
                     {}}));
  const TagBatch fine = TagBatch().update("b", "1").erase("a", {.must_exist = true});
  planner.check_form(fine.operations());
  EXPECT_EQ(outcome_of(planner), Outcome{});
}

// --- The tags of a creation. ---

Outcome plan_creation(const TagList& tags, const Settings& limits = {}) {
  BatchPlanner planner(limits);
  planner.plan_creation(tags);
  return outcome_of_creation(planner);
}

TEST(PlanCreation, SortsTheTags) {
  EXPECT_EQ(plan_creation({}), Outcome{});
  const Tags tags = {{"a", "1"}, {"b", ""}, {"c", "3"}};
  EXPECT_EQ(plan_creation({{"c", "3"}, {"a", "1"}, {"b", ""}}).tags, tags);
}

TEST(PlanCreation, NamesEveryViolationByItsPosition) {
  EXPECT_EQ(plan_creation({{"b", "#"}, {"a", "1"}, {"", ""}, {"a", "1"}}).violations,
            (std::vector{violation_of(0, kCreate, "b", forbidden_character, Subject::value),
                         violation_of(2, kCreate, "", empty_key), repetition(3, kCreate, "a", 1, kCreate)}));
}

TEST(PlanCreation, HasALimitOfTagsAndNoneOfOperations) {
  constexpr Settings kLimits{.tags_per_user = 2, .operations_per_batch = 1};
  EXPECT_TRUE(plan_creation({{"a", ""}, {"b", ""}}, kLimits).violations.empty());
  EXPECT_EQ(plan_creation({{"a", ""}, {"b", ""}, {"c", ""}}, kLimits).violations,
            std::vector{of_batch(too_many_tags)});
}

// --- The planner itself. ---

TEST(BatchPlanner, StartsAnewWithEachBatch) {
  const RecordPtr record = record_of({{"a", "1"}});
  const TagBatch wrong = TagBatch().create("a", "2");
  const TagBatch right = TagBatch().set("b", "2");
  BatchPlanner planner(Settings{});
  planner.plan(*record, wrong.operations());
  EXPECT_EQ(planner.take_violations().size(), 1u);
  EXPECT_FALSE(planner.refused());
  planner.plan(*record, wrong.operations());
  planner.plan(*record, right.operations());
  EXPECT_EQ(outcome_of(planner, *record), (Outcome{{}, {{"a", "1"}, {"b", "2"}}, {{"b", "2"}}}));
}

TEST(BatchPlanner, PlansWithoutMemoryOnceItHasGrown) {
  const RecordPtr record = record_of({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const TagBatch batch = TagBatch().set("b", "x").erase("a").create("d", "4").update("c", "3");
  BatchPlanner planner(Settings{});
  planner.plan(*record, batch.operations());
  const std::size_t before = test::allocations();
  planner.plan(*record, batch.operations());
  EXPECT_EQ(test::allocations(), before);
}

TEST(BatchPlanner, CanBeUsedAgainAfterThereWasNoMemory) {
  const RecordPtr record = record_of({{"a", "1"}});
  const TagBatch batch = TagBatch().set("b", "2");
  BatchPlanner planner(Settings{});
  {
    const test::NoMemory no_memory;
    EXPECT_THROW(planner.plan(*record, batch.operations()), std::bad_alloc);
  }
  planner.plan(*record, batch.operations());
  EXPECT_EQ(outcome_of(planner, *record), (Outcome{{}, {{"a", "1"}, {"b", "2"}}, {{"b", "2"}}}));
}

TEST(BatchPlanner, TakesATombstoneForAUserWithoutTags) {
  const RecordPtr tombstone = Record::make_tombstone(*record_of({{"a", "1"}}), 8);
  const TagBatch batch = TagBatch().create("a", "2");
  BatchPlanner planner(Settings{});
  planner.plan(*tombstone, batch.operations());
  EXPECT_EQ(outcome_of(planner, *tombstone), (Outcome{{}, {{"a", "2"}}, {{"a", "2"}}}));
}

}   // namespace
}   // namespace usertags::model
