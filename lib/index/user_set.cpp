#include "index/user_set.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <iterator>
#include <new>
#include <utility>

#include "model/bytes.hpp"

namespace usertags::index {

UserSet::UserSet(std::span<const std::uint32_t> ordinals) : UserSet() {
  const auto count = static_cast<std::uint32_t>(ordinals.size());
  if (count > kMaxArray)
    to_bitmap(ordinals);
  else if (count > kMaxInline)
    to_array(count);
  size_ = count;
  if (kind_ != kBitmap) std::ranges::copy(ordinals, list().begin());
}

// Whichever of the union's members is in use, its bytes are what moves.
UserSet::UserSet(UserSet&& other) noexcept
    : size_(other.size_), kind_(other.kind_), capacity_(other.capacity_), reserved_(other.reserved_) {
  std::memcpy(inline_, other.inline_, sizeof inline_);
  other.size_ = 0;
  other.kind_ = kInline;
  other.reserved_ = 0;
}

void UserSet::release() noexcept {
  if (kind_ == kArray) ::operator delete(array_);
  if (kind_ == kBitmap) roaring_bitmap_free(bitmap_);
}

bool UserSet::contains(std::uint32_t ordinal) const noexcept {
  if (kind_ == kBitmap) return roaring_bitmap_contains(bitmap_, ordinal);
  return std::ranges::binary_search(list(), ordinal);
}

std::uint32_t UserSet::last() const noexcept {
  if (kind_ == kBitmap) return roaring_bitmap_maximum(bitmap_);
  return size_ == 0 ? 0 : list().back();
}

void UserSet::reserve() {
  const std::uint32_t needed = size_ + reserved_ + 1;
  if (kind_ != kBitmap && needed > capacity()) {
    if (needed <= kMaxArray)
      to_array(std::min(std::max(needed, capacity() + capacity() / 2), kMaxArray));
    else
      to_bitmap(list());
  }
  ++reserved_;
}

void UserSet::cancel_reservation() noexcept {
  if (--reserved_ != 0) return;
  shrink();
  try {
    if (kind_ == kArray && capacity_ > size_) to_array(size_);
  } catch (const std::bad_alloc&) {   // it keeps its room
  }
}

void UserSet::add(std::uint32_t ordinal) noexcept {
  assert(reserved_ > 0 && !contains(ordinal));
  --reserved_;
  if (kind_ == kBitmap) {
    roaring_bitmap_add(bitmap_, ordinal);
    ++size_;
    return;
  }
  const std::span<std::uint32_t> before = list();
  const auto place = std::ranges::lower_bound(before, ordinal);
  const auto index = static_cast<std::size_t>(place - before.begin());
  std::uint32_t* const members = before.data();
  std::memmove(members + index + 1, members + index, (size_ - index) * sizeof(std::uint32_t));
  members[index] = ordinal;
  ++size_;
}

void UserSet::remove(std::uint32_t ordinal) noexcept {
  assert(contains(ordinal));
  if (kind_ == kBitmap) {
    roaring_bitmap_remove(bitmap_, ordinal);
  } else {
    const std::span<std::uint32_t> members = list();
    const auto place = std::ranges::lower_bound(members, ordinal);
    std::copy(place + 1, members.end(), place);
  }
  --size_;
  if (reserved_ == 0) shrink();
}

void UserSet::to_array(std::uint32_t capacity) {
  auto* const array = static_cast<std::uint32_t*>(::operator new(capacity * sizeof(std::uint32_t)));
  if (kind_ == kBitmap)
    roaring_bitmap_to_uint32_array(bitmap_, array);
  else
    std::ranges::copy(list(), array);
  release();
  array_ = array;
  kind_ = kArray;
  capacity_ = capacity & 0x3FFU;
}

void UserSet::to_bitmap(std::span<const std::uint32_t> members) {
  roaring_bitmap_t* const bitmap = roaring_bitmap_of_ptr(members.size(), members.data());
  if (bitmap == nullptr) throw std::bad_alloc();
  roaring_bitmap_shrink_to_fit(bitmap);
  release();
  bitmap_ = bitmap;
  kind_ = kBitmap;
}

// Saves memory where it can be had; without memory to do it, the set stays as it is.
void UserSet::shrink() noexcept {
  try {
    if (kind_ == kBitmap && size_ <= kMinBitmap) to_array(size_);
  } catch (const std::bad_alloc&) {
    return;
  }
  if (kind_ != kArray || size_ > kMaxInline) return;
  std::uint32_t members[kMaxInline] = {};
  std::ranges::copy(list(), members);
  release();
  std::ranges::copy(members, inline_);
  kind_ = kInline;
}

namespace {

// A container covers 65,536 ordinals, with two bytes a member, or a bit each where that is less.
constexpr std::size_t kContainerBytes = 2 * 16 + 11;   // two blocks' bookkeeping, pointer, key, type
constexpr std::size_t kFullContainer = 8192;

std::size_t bytes_of_array(std::size_t members) noexcept {
  return model::heap_bytes(members * sizeof(std::uint32_t));
}

}   // namespace

// A bitmap that few members are left in is an array when it is loaded again, and counts as much.
std::size_t UserSet::heap_bytes() const noexcept {
  if (kind_ == kInline) return 0;
  if (kind_ == kArray) return bytes_of_array(capacity_);
  const auto containers = static_cast<std::size_t>(bitmap_->high_low_container.size);
  const std::size_t members = std::size_t{size_} + reserved_;
  const std::size_t bytes = sizeof(roaring_bitmap_t) + containers * kContainerBytes +
                            std::min(2 * members, containers * kFullContainer);
  return members <= kMaxArray ? std::max(bytes, bytes_of_array(members)) : bytes;
}

std::size_t UserSet::bytes_of_container(std::size_t members) noexcept {
  return kContainerBytes + std::min(2 * members, kFullContainer);
}

bool UserSet::lacks_container_of(std::uint32_t ordinal) const noexcept {
  if (kind_ != kBitmap) return false;
  const roaring_array_t& containers = bitmap_->high_low_container;
  const std::span<const std::uint16_t> keys(containers.keys, static_cast<std::size_t>(containers.size));
  return !std::ranges::binary_search(keys, static_cast<std::uint16_t>(ordinal >> 16));
}

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
