#include "index/record_table.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace usertags::index {

using model::Record;
using model::RecordPtr;

namespace {

bool has_room(std::size_t capacity, std::size_t records) noexcept {
  return records <= capacity / 5 * 4;
}

}   // namespace

std::uint32_t RecordTable::hash(std::string_view external_id) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits(external_id.data(), external_id.size()));
}

// Programs on today's 64-bit systems get no addresses beyond 48 bits, unless they ask for them.
std::uint64_t RecordTable::make_slot(std::uint64_t tag, const Record* record) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(record);
  static_assert(sizeof address == 8);
  assert(address >> kAddressBits == 0);
  return tag << kAddressBits | address;
}

RecordTable::~RecordTable() {
  for (std::size_t place = 0; place < capacity_; ++place) {
    if (const std::uint64_t slot = load(place)) RecordPtr::adopt(record_in(slot));
  }
}

void RecordTable::reserve(std::size_t records) {
  if (has_room(capacity_, records)) return;
  const std::size_t capacity = std::max(records / 4 * 5 + 10, capacity_ / 4 * 5);
  auto slots = std::make_unique<Slot[]>(capacity);
  const std::size_t old_capacity = std::exchange(capacity_, capacity);
  const auto old_slots = std::exchange(slots_, std::move(slots));
  size_ = 0;
  for (std::size_t place = 0; place < old_capacity; ++place) {
    const std::uint64_t slot = old_slots[place].load(std::memory_order_relaxed);
    if (slot == 0) continue;
    const Record* const record = record_in(slot);
    insert(hash(record->external_id()), RecordPtr::adopt(record));
  }
}

void RecordTable::insert(std::uint32_t hash, RecordPtr record) noexcept {
  assert(has_room(capacity_, size_ + 1));
  std::size_t place = home_of(hash);
  while (load(place) != 0) place = after(place);
  store(place, make_slot(tag_of(hash), record.detach()));
  ++size_;
}

RecordPtr RecordTable::replace(std::size_t place, RecordPtr record) noexcept {
  const std::uint64_t slot = load(place);
  store(place, make_slot(tag_in(slot), record.detach()));
  return RecordPtr::adopt(record_in(slot));
}

RecordPtr RecordTable::erase(std::size_t place) noexcept {
  RecordPtr erased = RecordPtr::adopt(&at(place));
  for (std::size_t next = after(place); load(next) != 0; next = after(next)) {
    const std::size_t home = home_of(hash(at(next).external_id()));
    if (distance(home, next) < distance(place, next)) continue;   // it would stand before its home
    store(place, load(next));
    place = next;
  }
  store(place, 0);
  --size_;
  return erased;
}

void RecordTable::prefetch(std::uint32_t hash) const noexcept {
  if (capacity_ != 0) __builtin_prefetch(&slots_[home_of(hash)]);
}

void RecordTable::prefetch_record(std::uint32_t hash) const noexcept {
  if (capacity_ == 0) return;
  for (std::size_t place = home_of(hash);; place = after(place)) {
    const std::uint64_t slot = load(place);
    if (slot == 0) return;
    if (tag_in(slot) != tag_of(hash)) continue;
    const char* const record = reinterpret_cast<const char*>(record_in(slot));
    __builtin_prefetch(record);
    __builtin_prefetch(record + 64);
    return;
  }
}

}   // namespace usertags::index
