// What a batch does to a user: pure, and the heart of the semantics (docs/semantics.md, "A batch of tag
// operations"). Every violation is found at once; a batch is a set, so each precondition is judged against
// the tags before it.
//
// Operations are sorted by key, once, and merged with the user's tags, which are sorted already, in one pass.
//
// Violations come in the order of the operations; those of one operation in the order: form of the key, form
// of the value, repetition of the key, precondition; those of the whole batch come last. Each rule is judged
// for itself: updating an absent key with an expected value is both key_missing and value_mismatch. But
// preconditions are judged only where the key is well formed and is not a repetition, and the number of tags
// is judged on what the operations that are not refused would lead to.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/settings.hpp>
#include <usertags/tag.hpp>
#include <usertags/tag_batch.hpp>

#include "model/change.hpp"
#include "model/record.hpp"

namespace usertags::model {

// Reused from batch to batch, so that planning allocates only while it grows. What it hands out are views
// into batch and record, valid as long as these are and until the next call. Throws std::bad_alloc.
class BatchPlanner {
 public:
  explicit BatchPlanner(const Settings& settings = {}) noexcept { use(settings); }
  // From now on.
  void use(const Settings& settings) noexcept {
    tags_per_user_ = settings.tags_per_user;
    operations_per_batch_ = settings.operations_per_batch;
  }

  // Judges the batch against `before`. With violations, deltas and tags are empty.
  void plan(const Record& before, std::span<const Operation> operations);
  // Judges the tags of a creation: as creating each of them for a user who has none, but without the limit of
  // operations.
  void plan_creation(const TagList& tags);

  // The form of a batch alone: judged before the user is looked up, and reported even where there is none.
  // plan() includes it.
  void check_form(std::span<const Operation> operations);

  std::span<const Violation> violations() const noexcept { return violations_; }
  std::vector<Violation> take_violations() noexcept { return std::exchange(violations_, {}); }
  bool refused() const noexcept { return !violations_.empty(); }
  bool changes_anything() const noexcept { return !deltas_.empty(); }
  // Sorted by key; only what really changes: for Record::make_next().
  std::span<const TagDelta> deltas() const noexcept { return deltas_; }
  // Sorted by key; of a creation.
  std::span<const Tag> tags() const noexcept { return tags_; }

 private:
  struct Meaning {
    bool must_be_absent = false;
    bool must_exist = false;
    bool removes = false;   // and else writes its value
  };
  static Meaning meaning_of(OperationKind kind) noexcept;

  struct Step {
    std::string_view key;
    std::string_view value;
    const std::string* expected_value = nullptr;   // null: any
    std::size_t index = 0;
    OperationKind kind{};
    Meaning meaning{};
    bool key_refused = false;   // malformed, or a repetition
    bool refused = false;
  };
  using Current = std::optional<std::string_view>;   // the user's value of a step's key

  void begin(std::size_t operations);
  void begin(std::span<const Operation> operations);
  void check_texts(Step& step);
  void find_repetitions();
  void merge(TagIterator before);
  void settle(Step& step, const Current& current);
  void check_preconditions(Step& step, const Current& current);
  void check_tag_count(std::size_t before);
  void finish();
  Violation& refuse(Step& step, Violation::Reason reason, Violation::Subject subject);
  void refuse_batch(Violation::Reason reason, std::size_t limit, std::size_t found);

  std::size_t tags_per_user_ = 0;
  std::size_t operations_per_batch_ = 0;
  std::vector<Violation> violations_;
  std::vector<TagDelta> deltas_;
  std::size_t tag_count_ = 0;   // what the steps that are not refused would lead to
  std::vector<Tag> tags_;
  std::vector<Step> steps_;   // as given; then by key, and for one key as given
};

}   // namespace usertags::model
