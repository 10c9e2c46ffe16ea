// Ordinals: a set of users that an evaluation makes, and its algebra with the index' own sets. Always a
// CRoaring bitmap: it lives for one question only.
//
// Everything that makes or changes one throws std::bad_alloc where CRoaring tells that memory ran out; before
// release 4 it ends the process at some places instead.
#pragma once

#include <roaring/roaring.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "index/user_set.hpp"

namespace usertags::index {

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
