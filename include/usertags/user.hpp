// User: an immutable snapshot of one user, as it was at one revision.
//
//   if (auto user = store.find("user_ext_123")) {
//     for (auto [key, value] : user->tags()) use(key, value);
//     if (user->tag("tier") == "gold") reward(user->id());
//     use("plan", user->tag("plan").value_or("none"));
//   }
//
// Lifetime: a User, a TagsView and a TagValue each own a counted reference to the snapshot. So they outlive
// each other, the store, and later changes of the user. The string_views that they hand out live as long as
// any of them does. Copying counts a reference, and never fails. Const use from many threads is safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <usertags/export.hpp>
#include <usertags/tag.hpp>
#include <usertags/user_id.hpp>

namespace usertags {

namespace model {
class Record;       // the snapshot itself: one contiguous block of memory
class UserAccess;   // the engine's way to make Users
USERTAGS_EXPORT void retain(const Record*) noexcept;
USERTAGS_EXPORT void release(const Record*) noexcept;
}   // namespace model

// A counted reference to a snapshot; empty only when moved from. The classes below are made of it; hosts have
// no use for it.
class SnapshotRef {
 public:
  // Copying counts a reference.
  SnapshotRef() noexcept = default;
  SnapshotRef(const SnapshotRef& other) noexcept : record_(other.record_) {
    if (record_ != nullptr) model::retain(record_);
  }
  SnapshotRef(SnapshotRef&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  SnapshotRef& operator=(SnapshotRef other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~SnapshotRef() {
    if (record_ != nullptr) model::release(record_);
  }

  // The snapshot; none: nullptr.
  const model::Record* get() const noexcept { return record_; }
  explicit operator bool() const noexcept { return record_ != nullptr; }

 private:
  friend class model::UserAccess;
  explicit SnapshotRef(const model::Record* adopted) noexcept : record_(adopted) {}

  const model::Record* record_ = nullptr;
};

// Walks the tags of one snapshot in bytewise order of their keys.
class USERTAGS_EXPORT TagIterator {
 public:
  // Values are made on the way: a reference is a Tag.
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using value_type = Tag;
  using difference_type = std::ptrdiff_t;
  using reference = Tag;
  using pointer = const Tag*;

  // The end of any snapshot; and the beginning of this one, which has to outlive it.
  TagIterator() noexcept = default;
  explicit TagIterator(const model::Record& record) noexcept;

  // Only before the end. The texts live as long as the snapshot.
  Tag operator*() const noexcept { return tag_; }
  const Tag* operator->() const noexcept { return &tag_; }
  TagIterator& operator++() noexcept {
    if (--remaining_ != 0) load();
    return *this;
  }
  TagIterator operator++(int) noexcept {
    TagIterator before = *this;
    ++*this;
    return before;
  }
  // Compares iterators of one snapshot only; the default-made iterator is the end of any.
  bool operator==(const TagIterator& other) const noexcept { return remaining_ == other.remaining_; }

 private:
  void load() noexcept;

  const char* next_ = nullptr;
  std::size_t remaining_ = 0;
  Tag tag_;
};

// The tags of a user: a sorted range of Tag that keeps the snapshot alive, so that
// `for (auto [key, value] : store.find(x)->tags())` is safe.
class USERTAGS_EXPORT TagsView {
 public:
  // The tags, in bytewise order of keys.
  TagIterator begin() const noexcept { return snapshot_ ? TagIterator(*snapshot_.get()) : TagIterator(); }
  TagIterator end() const noexcept { return {}; }
  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }

 private:
  friend class User;
  explicit TagsView(SnapshotRef snapshot) noexcept : snapshot_(std::move(snapshot)) {}

  SnapshotRef snapshot_;
};

// One value, which keeps its snapshot alive. Compares with and converts to std::string_view.
class TagValue {
 public:
  // A value that is no user's, as the default of value_or(). It does not own the text, which must live as long:
  // a literal does.
  TagValue(const char* text) noexcept : value_(text) {}
  TagValue(std::string_view text) noexcept : value_(text) {}
  TagValue(const std::string& text USERTAGS_LIFETIMEBOUND) noexcept : value_(text) {}
  TagValue(std::string&&) = delete;

  // The text, which lives as long as any reference to the snapshot.
  std::string_view view() const noexcept { return value_; }
  operator std::string_view() const noexcept { return value_; }
  // The same bytes.
  friend bool operator==(const TagValue& left, std::string_view right) noexcept {
    return left.value_ == right;
  }

 private:
  friend class User;
  TagValue(SnapshotRef snapshot, std::string_view value) noexcept
      : snapshot_(std::move(snapshot)), value_(value) {}

  SnapshotRef snapshot_;
  std::string_view value_;
};

// A snapshot of one user. One that was moved from may only be assigned to, or destroyed.
class USERTAGS_EXPORT User {
 public:
  UserId id() const noexcept;   // the store's name of the user: never another one's
  std::string_view external_id() const noexcept USERTAGS_LIFETIMEBOUND;   // the host's name of the user
  std::uint64_t revision() const noexcept;                                // of the user's last change
  // All tags, by key; the view keeps the snapshot alive.
  TagsView tags() const noexcept { return TagsView(snapshot_); }
  std::optional<TagValue> tag(std::string_view key) const noexcept;   // none: the user lacks the key

  // The same user at the same revision with the same tags.
  bool operator==(const User& other) const noexcept;

 private:
  friend class model::UserAccess;
  explicit User(SnapshotRef snapshot) noexcept : snapshot_(std::move(snapshot)) {}

  SnapshotRef snapshot_;
};

// What `UserTagStore::read` hands to its function: a user without a counted reference. The view, and all that
// it hands out, is valid only until that function returns.
class USERTAGS_EXPORT UserView {
 public:
  // A range of Tag, in bytewise order of keys.
  class Tags {
   public:
    // Made by tags().
    explicit Tags(const model::Record& record) noexcept : record_(&record) {}
    // The tags.
    TagIterator begin() const noexcept { return TagIterator(*record_); }
    TagIterator end() const noexcept { return {}; }

   private:
    const model::Record* record_;
  };

  // As in User, but nothing of it keeps the snapshot alive.
  UserId id() const noexcept;
  std::string_view external_id() const noexcept;
  std::uint64_t revision() const noexcept;
  Tags tags() const noexcept { return Tags(*record_); }
  std::optional<std::string_view> tag(std::string_view key) const noexcept;

 private:
  friend class model::UserAccess;
  explicit UserView(const model::Record& record) noexcept : record_(&record) {}

  const model::Record* record_;
};

}   // namespace usertags
