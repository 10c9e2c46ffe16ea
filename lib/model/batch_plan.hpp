// What a batch does to a user: pure, and the heart of the semantics (docs/semantics.md, "A batch of tag
// operations"). Every violation is found at once, in operation order; a batch is a set, so each precondition
// is judged against the tags before it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/tag.hpp>
#include <usertags/tag_batch.hpp>

#include "model/merge_patch.hpp"
#include "model/record.hpp"

namespace usertags::model {

// Reused from batch to batch, so that planning allocates only while it grows. What it hands out are views
// into batch and record, valid as long as these are and until the next call. Throws std::bad_alloc.
class BatchPlanner {
 public:
  explicit BatchPlanner(const Limits& limits) noexcept : limits_(limits) {}

  // Judges the batch against `before`. With violations, deltas and tags are empty.
  void plan(const Record& before, std::span<const Operation> operations);
  // Judges the tags of a creation: form, duplicates, count.
  void plan_creation(const TagList& tags);

  // The form of a batch alone: judged before the user is looked up, and reported even where there is none.
  // plan() includes it.
  void check_form(std::span<const Operation> operations);

  std::span<const Violation> violations() const noexcept { return violations_; }
  std::vector<Violation> take_violations() noexcept { return std::move(violations_); }
  bool refused() const noexcept { return !violations_.empty(); }
  bool changes_anything() const noexcept { return !deltas_.empty(); }
  std::span<const TagDelta> deltas() const noexcept {
    return deltas_;
  }                                                              // sorted by key; only what really changes
  std::span<const Tag> tags() const noexcept { return tags_; }   // sorted by key; the state afterwards

 private:
  Limits limits_;
  std::vector<Violation> violations_;
  std::vector<TagDelta> deltas_;
  std::vector<Tag> tags_;
  std::vector<std::size_t> order_;   // operations by key, then by position
};

}   // namespace usertags::model
