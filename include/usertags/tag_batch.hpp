// TagBatch: the tag operations that are applied to one user together, or not at all.
//
//   usertags::TagBatch batch;
//   batch.create("department", "engineering")   // the key must not exist
//       .update("tier", "gold")                 // the key must exist
//       .set("seen", "2026")                    // either
//       .erase("trial");                        // removes the key; an absent one is fine
//
// A batch is a set, not a script: each key appears once, and every precondition is judged against the user as
// it was before the batch. Nothing is checked here; the call that takes the batch reports every violation at
// once. A batch is a plain value that owns its strings. Const use from many threads is safe. Adding an
// operation may throw std::bad_alloc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/export.hpp>

namespace usertags {

// Guards of an update or a set.
struct ValueOptions {
  std::optional<std::string> expected_value{};   // the key must have exactly this value before the batch
};

// Guards of an erase.
struct EraseOptions {
  bool must_exist = false;                       // else an absent key is fine
  std::optional<std::string> expected_value{};   // implies that the key exists
};

// One operation, as the batch keeps it. Its position in the batch is the `index` of a Violation.
struct Operation {
  OperationKind kind{};                          // what it does to its key
  bool must_exist = false;                       // of erase; create and update say it by their kind
  std::string key{};                             // as it was given
  std::string value{};                           // empty for erase
  std::optional<std::string> expected_value{};   // of update, set and erase: the guard

  bool operator==(const Operation&) const = default;
};

// Operations on the tags of one user, to be applied together.
class TagBatch {
 public:
  // Each adds one operation, and answers the batch.
  TagBatch& create(std::string_view key, std::string_view value) & {
    return add(OperationKind::create, key, value);
  }
  TagBatch& update(std::string_view key, std::string_view value, const ValueOptions& options = {}) & {
    return add(OperationKind::update, key, value, options.expected_value);
  }
  TagBatch& set(std::string_view key, std::string_view value, const ValueOptions& options = {}) & {
    return add(OperationKind::set, key, value, options.expected_value);
  }
  TagBatch& erase(std::string_view key, const EraseOptions& options = {}) & {
    return add(OperationKind::erase, key, {}, options.expected_value, options.must_exist);
  }

  // On a temporary, by value: `store.apply(user, TagBatch().set("tier", "gold"))` keeps nothing dangling.
  TagBatch create(std::string_view key, std::string_view value) && { return std::move(create(key, value)); }
  TagBatch update(std::string_view key, std::string_view value, const ValueOptions& options = {}) && {
    return std::move(update(key, value, options));
  }
  TagBatch set(std::string_view key, std::string_view value, const ValueOptions& options = {}) && {
    return std::move(set(key, value, options));
  }
  TagBatch erase(std::string_view key, const EraseOptions& options = {}) && {
    return std::move(erase(key, options));
  }

  // The operations, in the order in which they were added. clear() removes them all.
  std::span<const Operation> operations() const noexcept USERTAGS_LIFETIMEBOUND { return operations_; }
  std::size_t size() const noexcept { return operations_.size(); }
  bool empty() const noexcept { return operations_.empty(); }
  void clear() noexcept { operations_.clear(); }

  bool operator==(const TagBatch&) const = default;

 private:
  TagBatch& add(OperationKind kind, std::string_view key, std::string_view value,
                const std::optional<std::string>& expected_value = {}, bool must_exist = false) {
    operations_.push_back({kind, must_exist, std::string(key), std::string(value), expected_value});
    return *this;
  }

  std::vector<Operation> operations_;
};

}   // namespace usertags
