#include "index/ordinals.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <new>

namespace usertags::index {
namespace {

// A comparison sort of very many costs more than a look at every word that they could be in.
constexpr std::size_t kFewMembers = 1024;

void sort_few_or_many(std::vector<std::uint32_t>& members) {
  if (members.size() <= kFewMembers) {
    std::ranges::sort(members);
    return;
  }
  const auto [first, last] = std::ranges::minmax(members);
  std::vector<std::uint64_t> words((last - first) / 64 + 1);
  for (const std::uint32_t member : members)
    words[(member - first) / 64] |= std::uint64_t{1} << (member - first) % 64;
  auto place = members.begin();
  for (std::size_t word = 0; word < words.size(); ++word) {
    for (std::uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
      *place++ =
          first + static_cast<std::uint32_t>(64 * word + static_cast<unsigned>(std::countr_zero(bits)));
    }
  }
}

}   // namespace

Ordinals::Ordinals(roaring_bitmap_t* owned) : bitmap_(owned) {
  if (!bitmap_) throw std::bad_alloc();
}

Ordinals::Ordinals() : Ordinals(roaring_bitmap_create()) {}

Ordinals Ordinals::range(std::uint32_t first, std::uint32_t last) {
  return Ordinals(roaring_bitmap_from_range(first, std::uint64_t{last} + 1, 1));
}

Ordinals Ordinals::of(std::vector<std::uint32_t> members) {
  sort_few_or_many(members);
  return Ordinals(roaring_bitmap_of_ptr(members.size(), members.data()));
}

Ordinals Ordinals::copy() const {
  return Ordinals(roaring_bitmap_copy(bitmap_.get()));
}

std::uint64_t Ordinals::size() const noexcept {
  return roaring_bitmap_get_cardinality(bitmap_.get());
}

bool Ordinals::empty() const noexcept {
  return roaring_bitmap_is_empty(bitmap_.get());
}

Ordinals Ordinals::common_with(const Ordinals& others) const {
  return Ordinals(roaring_bitmap_and(bitmap_.get(), others.bitmap_.get()));
}

Ordinals Ordinals::common_with(const UserSet& set) const {
  if (set.bitmap() != nullptr) return Ordinals(roaring_bitmap_and(bitmap_.get(), set.bitmap()));
  std::vector<std::uint32_t> members;
  std::ranges::copy_if(set.few(), std::back_inserter(members),
                       [&](std::uint32_t member) { return roaring_bitmap_contains(bitmap_.get(), member); });
  return Ordinals(roaring_bitmap_of_ptr(members.size(), members.data()));
}

Ordinals Ordinals::without(const Ordinals& others) const {
  return Ordinals(roaring_bitmap_andnot(bitmap_.get(), others.bitmap_.get()));
}

Ordinals Ordinals::without(const UserSet& set) const {
  if (set.bitmap() != nullptr) return Ordinals(roaring_bitmap_andnot(bitmap_.get(), set.bitmap()));
  Ordinals rest = copy();
  for (const std::uint32_t member : set.few()) roaring_bitmap_remove(rest.bitmap_.get(), member);
  return rest;
}

void Ordinals::add(const Ordinals& others) {
  roaring_bitmap_or_inplace(bitmap_.get(), others.bitmap_.get());
}

void Ordinals::add(const UserSet& set) {
  if (set.bitmap() != nullptr) return roaring_bitmap_or_inplace(bitmap_.get(), set.bitmap());
  for (const std::uint32_t member : set.few()) roaring_bitmap_add(bitmap_.get(), member);
}

void Ordinals::add_members(const std::vector<std::uint32_t>& members) {
  roaring_bitmap_add_many(bitmap_.get(), members.size(), members.data());
}

void Ordinals::set(std::uint32_t ordinal, bool is_member) {
  if (is_member)
    roaring_bitmap_add(bitmap_.get(), ordinal);
  else
    roaring_bitmap_remove(bitmap_.get(), ordinal);
}

void Ordinals::remove_up_to(std::uint32_t last) {
  roaring_bitmap_remove_range(bitmap_.get(), 0, std::uint64_t{last} + 1);
}

std::uint64_t Ordinals::count_common(const UserSet& set) const noexcept {
  if (set.bitmap() != nullptr) return roaring_bitmap_and_cardinality(bitmap_.get(), set.bitmap());
  return static_cast<std::uint64_t>(std::ranges::count_if(
      set.few(), [&](std::uint32_t member) { return roaring_bitmap_contains(bitmap_.get(), member); }));
}

void Ordinals::append_first(std::size_t limit, std::vector<std::uint32_t>& members) const {
  const std::size_t before = members.size();
  const std::size_t count = std::min(limit - before, static_cast<std::size_t>(size()));
  members.resize(before + count);
  roaring_uint32_iterator_t iterator;
  roaring_init_iterator(bitmap_.get(), &iterator);
  roaring_read_uint32_iterator(&iterator, members.data() + before, static_cast<std::uint32_t>(count));
}

std::uint64_t count_common(const UserSet& left, const UserSet& right) noexcept {
  if (left.bitmap() != nullptr && right.bitmap() != nullptr)
    return roaring_bitmap_and_cardinality(left.bitmap(), right.bitmap());
  const bool left_is_smaller = left.size() <= right.size();
  const UserSet& larger = left_is_smaller ? right : left;
  return static_cast<std::uint64_t>(std::ranges::count_if(
      (left_is_smaller ? left : right).few(), [&](std::uint32_t member) { return larger.contains(member); }));
}

}   // namespace usertags::index
