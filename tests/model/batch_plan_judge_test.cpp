// BatchPlanner against the rules written a second time.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/batch_plan.hpp"
#include "planned.hpp"

namespace usertags::model {
namespace {

using namespace planned;
using enum Violation::Reason;

// Keys and values with the rules that they break, so that the second judge knows without looking at bytes.
struct Text {
  std::string text;
  std::vector<Reason> broken;
  std::vector<Reason> broken_to_erase;
};

const std::vector<Text> kKeys = {
    {"a", {}, {}},
    {"ab", {}, {}},
    {"b", {}, {}},
    {"é", {}, {}},
    {"\U0001F600", {}, {}},
    {"B", {}, {}},
    {"a#", {forbidden_character}, {}},
    {kLongKey, {key_too_long}, {}},
    {"", {empty_key}, {empty_key}},
    {"\xC3", {malformed_utf8}, {malformed_utf8}},
    {"a\0:"s, {forbidden_character, contains_nul}, {contains_nul}},
};
constexpr std::size_t kKeysOfOldRows = 8;   // the first ones can be in a user already

const std::vector<Text> kValues = {
    {"1", {}, {}},
    {"2", {}, {}},
    {"", {}, {}},
    {"#", {forbidden_character}, {}},
    {kLongValue, {value_too_long}, {}},
    {"\xFF", {malformed_utf8}, {}},
};

// Good ones more often than bad ones.
std::size_t some_index(std::size_t good, std::size_t all) {
  const bool any = *rc::gen::weightedElement<bool>({{5, false}, {1, true}});
  return *rc::gen::inRange<std::size_t>(0, any ? all : good);
}
const Text& some_key() {
  return kKeys[some_index(6, kKeys.size())];
}
const Text& some_value() {
  return kValues[some_index(3, kValues.size())];
}

Tags some_tags() {
  Tags tags;
  for (std::size_t i = 0; i < kKeysOfOldRows; ++i) {
    if (*rc::gen::arbitrary<bool>()) tags[kKeys[i].text] = kValues[*rc::gen::inRange<std::size_t>(0, 5)].text;
  }
  return tags;
}

struct Drawn {
  Operation operation;
  const Text* key;
  const Text* value;
};

Drawn some_operation() {
  const Text& key = some_key();
  const auto kind = *rc::gen::element(kCreate, kUpdate, kSet, kErase);
  const Text& value = kind == kErase ? kValues[2] : some_value();
  Operation operation{kind, false, key.text, value.text, std::nullopt};
  if (kind == kErase) operation.must_exist = *rc::gen::arbitrary<bool>();
  if (kind != kCreate && *rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
    operation.expected_value = some_value().text;
  }
  return {operation, &key, &value};
}

// One operation after the other, each looking back at all before it.
class NaiveJudge {
 public:
  NaiveJudge(const Tags& before, const Settings& limits) : before_(before), limits_(limits), after_(before) {}

  void judge(const Drawn& drawn) {
    const Operation& operation = drawn.operation;
    const std::size_t index = seen_.size();
    if (index >= limits_.operations_per_batch) return seen_.push_back(operation);
    std::vector<Violation> found;
    const auto add = [&](Reason reason, Subject subject) -> Violation& {
      found.push_back(violation_of(index, operation.kind, operation.key, reason, subject));
      return found.back();
    };
    const auto& broken = operation.kind == kErase ? drawn.key->broken_to_erase : drawn.key->broken;
    for (const Reason reason : broken) add(reason, Subject::key);
    for (const Reason reason : drawn.value->broken) add(reason, Subject::value);
    const auto first = std::ranges::find(seen_, operation.key, &Operation::key);
    if (first != seen_.end()) {
      Violation& violation = add(duplicate_key, Subject::key);
      violation.first_index = static_cast<std::size_t>(first - seen_.begin());
      violation.first_operation = first->kind;
    } else if (broken.empty()) {
      judge_preconditions(operation, add);
    }
    if (found.empty()) carry_out(operation);
    violations_.insert(violations_.end(), found.begin(), found.end());
    seen_.push_back(operation);
  }

  Outcome outcome() {
    if (seen_.size() > limits_.operations_per_batch) violations_.push_back(of_batch(too_many_operations));
    if (after_.size() > limits_.tags_per_user && after_.size() > before_.size()) {
      violations_.push_back(of_batch(too_many_tags));
    }
    if (!violations_.empty()) return {violations_, {}, {}};
    return {{}, after_, difference()};
  }

 private:
  void judge_preconditions(const Operation& operation, const auto& add) {
    const auto current = before_.find(operation.key);
    const bool exists = current != before_.end();
    if (operation.kind == kCreate && exists) add(key_exists, Subject::key).current = current->second;
    if ((operation.kind == kUpdate || operation.must_exist) && !exists) add(key_missing, Subject::key);
    if (!operation.expected_value) return;
    if (!exists) {
      add(value_mismatch, Subject::value);
    } else if (current->second != *operation.expected_value) {
      add(value_mismatch, Subject::value).current = current->second;
    }
  }

  void carry_out(const Operation& operation) {
    if (operation.kind == kErase) {
      after_.erase(operation.key);
    } else {
      after_[operation.key] = operation.value;
    }
  }

  Deltas difference() const {
    Deltas deltas;
    for (const auto& [key, value] : after_) {
      const auto old = before_.find(key);
      if (old == before_.end() || old->second != value) deltas[key] = value;
    }
    for (const auto& [key, value] : before_) {
      if (!after_.contains(key)) deltas[key] = std::nullopt;
    }
    return deltas;
  }

  Tags before_;
  const Settings limits_;
  Tags after_;
  std::vector<Operation> seen_;
  std::vector<Violation> violations_;
};

Settings some_limits() {
  return {.tags_per_user = *rc::gen::inRange<std::size_t>(1, 9),
          .operations_per_batch = *rc::gen::inRange<std::size_t>(1, 12)};
}

void agrees_with_the_naive_judge() {
  const Tags before = some_tags();
  const Settings limits = some_limits();
  NaiveJudge judge(before, limits);
  std::vector<Operation> operations;
  for (auto left = *rc::gen::inRange(0, 13); left > 0; --left) {
    const Drawn drawn = some_operation();
    judge.judge(drawn);
    operations.push_back(drawn.operation);
  }
  const RecordPtr record = record_of(before);
  BatchPlanner planner(limits);
  planner.plan(*record, operations);
  const Outcome expected = judge.outcome();
  const Outcome planned = outcome_of(planner, *record);
  RC_ASSERT(testing::PrintToString(planned.violations) == testing::PrintToString(expected.violations));
  RC_ASSERT(planned == expected);
}

RC_GTEST_PROP(BatchPlan, AgreesWithTheNaiveJudge, ()) {
  for (int batch = 0; batch < 20; ++batch) agrees_with_the_naive_judge();
}

// A batch is a set: the order of its operations decides nothing but the numbers in its violations.
RC_GTEST_PROP(BatchPlan, DoesNotDependOnTheOrderOfOperations, ()) {
  const Tags before = some_tags();
  std::vector<Operation> operations;
  for (auto left = *rc::gen::inRange(0, 6); left > 0; --left)
    operations.push_back(some_operation().operation);
  const RecordPtr record = record_of(before);
  BatchPlanner planner(Settings{});
  planner.plan(*record, operations);
  const Outcome forwards = outcome_of(planner, *record);
  std::ranges::reverse(operations);
  planner.plan(*record, operations);
  const Outcome backwards = outcome_of(planner, *record);
  RC_ASSERT(forwards.tags == backwards.tags);
  RC_ASSERT(forwards.deltas == backwards.deltas);
  RC_ASSERT(forwards.violations.empty() == backwards.violations.empty());
}

}   // namespace
}   // namespace usertags::model
