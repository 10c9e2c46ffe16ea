#include "index/user_set.hpp"

#include <cassert>
#include <cstring>
#include <new>
#include <utility>

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

UserSet& UserSet::operator=(UserSet&& other) noexcept {
  if (this != &other) {
    release();
    new (this) UserSet(std::move(other));
  }
  return *this;
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
  return (members * sizeof(std::uint32_t) + 8 + 15) / 16 * 16;
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

}   // namespace usertags::index
