#include "model/batch_plan.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>

#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"

namespace usertags::model {

using Reason = Violation::Reason;
using Subject = Violation::Subject;

namespace {

// In the order in which the violations of one operation, or of the whole batch, are reported.
enum class Stage : std::uint8_t { form_of_key, form_of_value, repetition, precondition };

Stage stage_of(const Violation& violation) noexcept {
  switch (violation.reason) {
    case Reason::key_exists:
    case Reason::key_missing:
    case Reason::value_mismatch:
    case Reason::too_many_tags: return Stage::precondition;
    case Reason::duplicate_key: return Stage::repetition;
    case Reason::empty_key:
    case Reason::key_too_long:
    case Reason::value_too_long:
    case Reason::forbidden_character:
    case Reason::malformed_utf8:
    case Reason::contains_nul:
    case Reason::too_many_operations: break;
  }
  return violation.subject == Subject::value ? Stage::form_of_value : Stage::form_of_key;
}

}   // namespace

// What a kind asks of the user's tag, and makes of it. All that planning knows of kinds.
BatchPlanner::Meaning BatchPlanner::meaning_of(OperationKind kind) noexcept {
  switch (kind) {
    case OperationKind::create: return {.must_be_absent = true};
    case OperationKind::update: return {.must_exist = true};
    case OperationKind::set: return {};
    case OperationKind::erase: return {.removes = true};
  }
  std::unreachable();
}

void BatchPlanner::plan(const Record& before, std::span<const Operation> operations) {
  begin(operations);
  tag_count_ = before.tag_count();
  merge(before.begin());
  check_tag_count(before.tag_count());
  finish();
}

void BatchPlanner::plan_creation(const TagList& tags) {
  begin(tags.size());
  for (const auto& [key, value] : tags) {
    check_texts(steps_.emplace_back(Step{.key = key,
                                         .value = value,
                                         .index = steps_.size(),
                                         .kind = OperationKind::create,
                                         .meaning = meaning_of(OperationKind::create)}));
  }
  find_repetitions();
  tag_count_ = 0;
  merge(TagIterator());
  check_tag_count(0);
  finish();
  for (const TagDelta& delta : deltas_) tags_.push_back({delta.key, *delta.value});
}

void BatchPlanner::check_form(std::span<const Operation> operations) {
  begin(operations);
  finish();
}

void BatchPlanner::begin(std::size_t operations) {
  violations_.clear();
  deltas_.clear();
  tags_.clear();
  steps_.clear();
  steps_.reserve(operations);
}

// All of the form: what can be told without the user. Of a batch with too many operations only as many are
// looked at as it may have: the limit bounds work and answer.
void BatchPlanner::begin(std::span<const Operation> operations) {
  const std::size_t given = operations.size();
  const bool too_many = given > operations_per_batch_;
  if (too_many) operations = operations.first(operations_per_batch_);
  begin(operations.size());
  for (const Operation& operation : operations) {
    Meaning meaning = meaning_of(operation.kind);
    meaning.must_exist |= operation.must_exist;
    check_texts(steps_.emplace_back(
        Step{.key = operation.key,
             .value = operation.value,
             .expected_value = operation.expected_value ? &*operation.expected_value : nullptr,
             .index = steps_.size(),
             .kind = operation.kind,
             .meaning = meaning}));
  }
  find_repetitions();
  if (too_many) refuse_batch(Reason::too_many_operations, operations_per_batch_, given);
}

void BatchPlanner::check_texts(Step& step) {
  const bool erases = step.meaning.removes;
  for (const BrokenRule& rule : erases ? check_key_to_erase(step.key) : check_key(step.key)) {
    tell(rule, refuse(step, rule.reason, Subject::key));
    step.key_refused = true;
  }
  if (erases) return;
  for (const BrokenRule& rule : check_value(step.value))
    tell(rule, refuse(step, rule.reason, Subject::value));
}

void BatchPlanner::find_repetitions() {
  if (std::ranges::adjacent_find(steps_, std::ranges::greater_equal{}, &Step::key) == steps_.end())
    return;   // they ascend
  std::ranges::sort(steps_, {}, [](const Step& step) { return std::tie(step.key, step.index); });
  const Step* first = &steps_.front();
  for (Step& step : std::span(steps_).subspan(1)) {
    if (step.key != first->key) {
      first = &step;
      continue;
    }
    Violation& violation = refuse(step, Reason::duplicate_key, Subject::key);
    violation.first_index = first->index;
    violation.first_operation = first->kind;
    step.key_refused = true;
  }
}

// Both are sorted by key. A step whose key is refused leaves the user's tag of that key, should there be one,
// to the steps that follow.
void BatchPlanner::merge(TagIterator before) {
  constexpr TagIterator kEnd;
  for (Step& step : steps_) {
    if (step.key_refused) continue;
    while (before != kEnd && before->key < step.key) ++before;
    if (before != kEnd && before->key == step.key) {
      settle(step, before->value);
      ++before;
    } else {
      settle(step, std::nullopt);
    }
  }
}

void BatchPlanner::settle(Step& step, const Current& current) {
  check_preconditions(step, current);
  if (step.refused) return;
  if (step.meaning.removes) {
    if (!current) return;
    deltas_.push_back({step.key, std::nullopt, current});
    --tag_count_;
  } else if (current != step.value) {
    deltas_.push_back({step.key, step.value, current});
    if (!current) ++tag_count_;
  }
}

void BatchPlanner::check_preconditions(Step& step, const Current& current) {
  if (step.meaning.must_be_absent && current) {
    refuse(step, Reason::key_exists, Subject::key).current = *current;
  }
  if (step.meaning.must_exist && !current) refuse(step, Reason::key_missing, Subject::key);
  if (step.expected_value != nullptr && current != *step.expected_value) {
    refuse(step, Reason::value_mismatch, Subject::value).current = current;
  }
}

// A user that is over the limit, because it was higher once, may keep what it has.
void BatchPlanner::check_tag_count(std::size_t before) {
  if (tag_count_ > tags_per_user_ && tag_count_ > before)
    refuse_batch(Reason::too_many_tags, tags_per_user_, tag_count_);
}

void BatchPlanner::finish() {
  if (!refused()) return;
  deltas_.clear();
  std::ranges::sort(violations_, {}, [](const Violation& violation) {
    const std::size_t index = violation.index.value_or(std::numeric_limits<std::size_t>::max());
    return std::tuple(index, stage_of(violation), violation.reason);
  });
}

Violation& BatchPlanner::refuse(Step& step, Reason reason, Subject subject) {
  step.refused = true;
  Violation& violation = violations_.emplace_back();
  violation.reason = reason;
  violation.subject = subject;
  violation.index = step.index;
  violation.operation = step.kind;
  violation.key = beginning(step.key, Violation::kMaxKeyBytes);
  return violation;
}

void BatchPlanner::refuse_batch(Reason reason, std::size_t limit, std::size_t found) {
  Violation& violation = violations_.emplace_back();
  violation.reason = reason;
  violation.limit = limit;
  violation.found = found;
}

}   // namespace usertags::model
