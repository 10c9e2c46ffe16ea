// What a BatchPlanner says, as values that outlive it and can be compared, and violations made by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "make_record.hpp"
#include "model/batch_plan.hpp"

namespace usertags {

inline void PrintTo(const Violation& violation, std::ostream* out) {
  const auto number = [](const auto& value) { return value ? std::to_string(*value) : "-"; };
  *out << number(violation.index) << ' ' << (violation.operation ? to_string(*violation.operation) : "-")
       << ' ' << testing::PrintToString(violation.key) << ": " << to_string(violation.reason) << " ("
       << to_string(violation.subject) << "), now " << violation.current.value_or("-") << ", first "
       << number(violation.first_index) << ' '
       << (violation.first_operation ? to_string(*violation.first_operation) : "-");
}

namespace model::planned {

using namespace std::string_literals;
using Reason = Violation::Reason;
using Subject = Violation::Subject;
using Tags = std::map<std::string, std::string>;
using Deltas = std::map<std::string, std::optional<std::string>>;

inline RecordPtr record_of(const Tags& tags) {
  std::vector<Tag> views;
  for (const auto& [key, value] : tags) views.push_back({key, value});
  return test::make_record(views);
}

// What a planner says, as values that outlive it.
struct Outcome {
  std::vector<Violation> violations;
  Tags tags;
  Deltas deltas;

  bool operator==(const Outcome&) const = default;
};

// Which have a test of their own.
inline void strip_numbers(Violation& violation) {
  violation.limit = violation.found = violation.position = std::nullopt;
  violation.character.reset();
}

// Without the tags.
inline Outcome outcome_of(const BatchPlanner& planner) {
  Outcome outcome;
  outcome.violations.assign(planner.violations().begin(), planner.violations().end());
  for (Violation& violation : outcome.violations) strip_numbers(violation);
  for (const auto& [key, value, before] : planner.deltas()) {
    outcome.deltas.emplace(key, value ? std::optional(std::string(*value)) : std::nullopt);
  }
  EXPECT_TRUE(std::ranges::is_sorted(planner.deltas(), {}, &TagDelta::key));
  EXPECT_EQ(outcome.deltas.size(), planner.deltas().size());
  EXPECT_EQ(planner.refused(), !outcome.violations.empty());
  EXPECT_EQ(planner.changes_anything(), !outcome.deltas.empty());
  return outcome;
}

// Of a batch for a user, with the tags that the version has which follows.
inline Outcome outcome_of(const BatchPlanner& planner, const Record& before) {
  Outcome outcome = outcome_of(planner);
  if (planner.refused()) return outcome;
  const RecordPtr after = Record::make_next(before, before.revision() + 1, planner.deltas());
  EXPECT_TRUE(std::ranges::is_sorted(*after, {}, &Tag::key));
  EXPECT_EQ(std::ranges::distance(*after), static_cast<std::ptrdiff_t>(after->tag_count()));
  for (const auto& [key, value] : *after) outcome.tags.emplace(key, value);
  EXPECT_EQ(outcome.tags.size(), after->tag_count());
  return outcome;
}

inline Outcome outcome_of_creation(const BatchPlanner& planner) {
  Outcome outcome = outcome_of(planner);
  for (const auto& [key, value] : planner.tags()) outcome.tags.emplace(key, value);
  EXPECT_TRUE(std::ranges::is_sorted(planner.tags(), {}, &Tag::key));
  EXPECT_EQ(outcome.tags.size(), planner.tags().size());
  return outcome;
}

inline Violation violation_of(std::size_t index, OperationKind kind, std::string key, Reason reason,
                              Subject subject = Subject::key) {
  Violation violation;
  violation.reason = reason;
  violation.subject = subject;
  violation.index = index;
  violation.operation = kind;
  violation.key = std::move(key);
  return violation;
}

inline Violation of_batch(Reason reason) {
  Violation violation;
  violation.reason = reason;
  return violation;
}

inline constexpr auto kCreate = OperationKind::create;
inline constexpr auto kUpdate = OperationKind::update;
inline constexpr auto kSet = OperationKind::set;
inline constexpr auto kErase = OperationKind::erase;

inline const std::string kLongKey(51, 'k');
inline const std::string kLongValue(201, 'v');

}   // namespace model::planned
}   // namespace usertags
