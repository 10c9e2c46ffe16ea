// Sets of users, as ordinals: those that the tag index keeps (UserSet), and those that a question makes
// (Ordinals).
#pragma once

#include <roaring/roaring.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace usertags::index {

// UserSet: a set of ordinals in 16 bytes and what it needs beside them.
//
//   up to 2 members     in the object itself
//   up to 256           a sorted array on the heap
//   beyond              a CRoaring bitmap (roaringbitmap.org); back to an array at half of that
//
// A sorted array of 256 takes 1 KiB. The same members spread over a million users would take CRoaring 16
// containers of their own, each with its header and its block on the heap.
//
// Adding is in two steps, so that it cannot fail after a commit: reserve() allocates, add() does not.
// CRoaring is exempt: adding to a bitmap may allocate, and before release 4 it aborts where it gets no
// memory.
class UserSet {
 public:
  UserSet() noexcept : inline_{} {}
  // Of ascending ordinals, each once, with no room to spare. Throws std::bad_alloc.
  explicit UserSet(std::span<const std::uint32_t> ordinals);
  UserSet(UserSet&& other) noexcept;
  // They change places: containers move many, and this is a few instructions.
  UserSet& operator=(UserSet&& other) noexcept {
    std::array<std::byte, sizeof(UserSet)> mine;
    std::memcpy(mine.data(), static_cast<const void*>(this), sizeof(UserSet));
    std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof(UserSet));
    std::memcpy(static_cast<void*>(&other), mine.data(), sizeof(UserSet));
    return *this;
  }
  ~UserSet() { release(); }

  std::uint32_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  bool contains(std::uint32_t ordinal) const noexcept;

  // Makes room for one more member than there are and are reserved for. Throws std::bad_alloc.
  void reserve();
  // Takes it back, with the room that it took.
  void cancel_reservation() noexcept;
  bool is_reserved() const noexcept { return reserved_ != 0; }

  // Uses a reservation. The ordinal is not a member.
  void add(std::uint32_t ordinal) noexcept;
  // The ordinal is a member.
  void remove(std::uint32_t ordinal) noexcept;

  // Calls visitor(ordinal) for the members from `first` on, in order, until it answers false.
  template <class Visitor>
  void visit_from(std::uint32_t first, Visitor&& visitor) const;

  // For set operations, which take a large set by its containers (65,536 ordinals each, of those that have
  // members), and a small one by its members, ascending. Ordinals below are made of both.
  bool is_large() const noexcept { return kind_ == kBitmap; }
  std::uint64_t containers() const noexcept {
    return is_large() ? static_cast<std::uint64_t>(bitmap_->high_low_container.size) : 0;
  }
  std::span<const std::uint32_t> few() const noexcept {
    return kind_ == kBitmap ? std::span<const std::uint32_t>() : list();
  }
  std::uint32_t last() const noexcept;   // the greatest member; 0 where there is none

  // Fetches into the cache what a change looks at first.
  void prefetch() const noexcept {
    if (kind_ == kArray) __builtin_prefetch(array_);
    if (kind_ == kBitmap) __builtin_prefetch(bitmap_);
  }

  // The allocator's own bytes estimated, and the fill of a bitmap's containers, with the members that it is
  // reserved for.
  std::size_t heap_bytes() const noexcept;
  // What adding a member would take beyond that, because no member is near it: a container with so many.
  bool lacks_container_of(std::uint32_t ordinal) const noexcept;
  static std::size_t bytes_of_container(std::size_t members) noexcept;

  static constexpr std::uint32_t kMaxInline = 2;
  static constexpr std::uint32_t kMaxArray = 256;
  static constexpr std::uint32_t kMinBitmap = kMaxArray / 2;

 private:
  friend class Ordinals;
  friend std::uint64_t count_common(const UserSet& left, const UserSet& right) noexcept;
  enum Kind : std::uint32_t { kInline, kArray, kBitmap };

  const roaring_bitmap_t* bitmap() const noexcept { return kind_ == kBitmap ? bitmap_ : nullptr; }
  std::span<std::uint32_t> list() noexcept { return {kind_ == kInline ? inline_ : array_, size_}; }
  std::span<const std::uint32_t> list() const noexcept {
    return {kind_ == kInline ? inline_ : array_, size_};
  }
  std::uint32_t capacity() const noexcept { return kind_ == kInline ? kMaxInline : capacity_; }
  void to_array(std::uint32_t capacity);
  void to_bitmap(std::span<const std::uint32_t> members);
  void shrink() noexcept;
  void release() noexcept;

  union {
    std::uint32_t inline_[kMaxInline];
    std::uint32_t* array_;
    roaring_bitmap_t* bitmap_;
  };
  std::uint32_t size_ = 0;
  std::uint32_t kind_ : 2 = kInline;
  std::uint32_t capacity_ : 10 = 0;   // of the array
  std::uint32_t reserved_ : 20 = 0;
};

static_assert(sizeof(UserSet) == 16);

template <class Visitor>
void UserSet::visit_from(std::uint32_t first, Visitor&& visitor) const {
  if (kind_ != kBitmap) {
    const std::span<const std::uint32_t> members = list();
    for (auto member = std::ranges::lower_bound(members, first); member != members.end(); ++member) {
      if (!visitor(*member)) return;
    }
    return;
  }
  roaring_uint32_iterator_t iterator;
  roaring_init_iterator(bitmap_, &iterator);
  roaring_move_uint32_iterator_equalorlarger(&iterator, first);
  while (iterator.has_value && visitor(iterator.current_value)) roaring_advance_uint32_iterator(&iterator);
}

// Ordinals: a set of users that an evaluation makes, and its algebra with the index' own sets. Always a
// CRoaring bitmap: it lives for one question only.
//
// Everything that makes or changes one throws std::bad_alloc where CRoaring tells that memory ran out; before
// release 4 it ends the process at some places instead.
class Ordinals {
 public:
  Ordinals();                                                       // none
  static Ordinals range(std::uint32_t first, std::uint32_t last);   // both included
  static Ordinals of(std::vector<std::uint32_t> members);           // in any order, each once

  Ordinals copy() const;
  std::uint64_t size() const noexcept;
  bool empty() const noexcept;

  Ordinals common_with(const Ordinals& others) const;
  Ordinals common_with(const UserSet& set) const;
  Ordinals without(const Ordinals& others) const;
  Ordinals without(const UserSet& set) const;
  void add(const Ordinals& others);
  void add(const UserSet& set);
  void add_members(const std::vector<std::uint32_t>& members);   // in any order
  void set(std::uint32_t ordinal, bool is_member);
  void remove_up_to(std::uint32_t last);
  std::uint64_t count_common(const UserSet& set) const noexcept;

  // Appends the first members, until there are `limit` in the list.
  void append_first(std::size_t limit, std::vector<std::uint32_t>& members) const;

 private:
  struct Free {
    void operator()(roaring_bitmap_t* bitmap) const noexcept { roaring_bitmap_free(bitmap); }
  };
  explicit Ordinals(roaring_bitmap_t* owned);   // null: std::bad_alloc

  std::unique_ptr<roaring_bitmap_t, Free> bitmap_;   // null only when moved from
};

std::uint64_t count_common(const UserSet& left, const UserSet& right) noexcept;

}   // namespace usertags::index
