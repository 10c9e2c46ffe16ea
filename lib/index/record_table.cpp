#include "index/record_table.hpp"

#include <utility>

namespace usertags::index {

using model::Record;
using model::RecordPtr;

RecordTable::~RecordTable() {
  const std::unique_ptr<Slots> last(slots());
  for (std::size_t place = 0; place < capacity(); ++place) {
    const Versions versions = versions_in(last->load(place));
    if (!versions) continue;
    assert(!versions.is_linked());
    RecordPtr::adopt(&versions.newest());
  }
}

void RecordTable::reserve(std::size_t items, Limbo& limbo) {
  if (slots::has_room(capacity(), items)) return;
  auto grown = std::make_unique<Slots>(slots::capacity_for(capacity(), items, Growth::by_a_quarter));
  std::unique_ptr<Slots> old(slots());
  for (std::size_t place = 0; old != nullptr && place < old->capacity; ++place) {
    const std::uint64_t slot = old->load(place);
    if (slot != 0) insert_new(*grown, slot, slot_hash(versions_in(slot).newest().external_id()));
  }
  slots_.store(grown.release(), std::memory_order_seq_cst);
  if (old != nullptr) limbo.put(std::move(old));
}

void RecordTable::insert_new(Slots& slots, std::uint64_t slot, std::uint32_t hash) noexcept {
  std::size_t place = slots::home_of(hash, slots.capacity);
  while (slots.load(place) != 0) place = slots.after(place);
  slots.store(place, slot);
}

std::size_t RecordTable::place_of(std::uint32_t hash, std::string_view external_id) const noexcept {
  const Slots* const all = slots();
  if (all == nullptr) return kNone;
  for (std::size_t place = slots::home_of(hash, all->capacity);; place = all->after(place)) {
    const std::uint64_t slot = all->load(place);
    if (slot == 0) return kNone;
    if (slots::tag_in(slot) != slots::tag_of(hash)) continue;
    if (versions_in(slot).newest().external_id() == external_id) return place;
  }
}

bool RecordTable::insert(std::uint32_t hash, RecordPtr record) noexcept {
  if (place_of(hash, record->external_id()) != kNone) return false;
  assert(slots::has_room(capacity(), size_ + 1));
  insert_new(*slots(), slot_of(hash, Versions::alone(*record.detach())), hash);
  ++size_;
  return true;
}

void RecordTable::push(std::uint32_t hash, RecordPtr version, Link& link) noexcept {
  const std::size_t place = place_of(hash, version->external_id());
  if (place == kNone) {
    insert(hash, std::move(version));
    return;
  }
  link.version = version.detach();
  link.older.store(versions_in(slots()->load(place)).word(), std::memory_order_seq_cst);
  slots()->store(place, slot_of(hash, Versions::linked(link)));
}

void RecordTable::unlink(std::uint32_t hash, Link& link) noexcept {
  if (link.version == nullptr) return;
  const Record& version = *link.version;
  const Versions older = Versions::linked(link).older();
  assert(older && !older.is_linked());
  link.dropped = RecordPtr::adopt(&older.newest());
  const std::size_t place = place_of(hash, version.external_id());
  Versions above = versions_in(slots()->load(place));
  if (above != Versions::linked(link)) {
    while (above.older() != Versions::linked(link)) above = above.older();
    return above.link().older.store(Versions::alone(version).word(), std::memory_order_seq_cst);
  }
  if (!version.is_tombstone()) return slots()->store(place, slot_of(hash, Versions::alone(version)));
  erase(place);
  version.drop_reference();
}

void RecordTable::erase(std::size_t place) noexcept {
  Slots& all = *slots();
  shifts_.fetch_add(1, std::memory_order_seq_cst);
  for (std::size_t next = all.after(place); all.load(next) != 0; next = all.after(next)) {
    const std::uint64_t slot = all.load(next);
    const std::size_t home =
        slots::home_of(slot_hash(versions_in(slot).newest().external_id()), all.capacity);
    if (slots::distance(home, next, all.capacity) < slots::distance(place, next, all.capacity))
      continue;   // it would stand before its home
    all.store(place, slot);
    place = next;
  }
  all.store(place, 0);
  shifts_.fetch_add(1, std::memory_order_seq_cst);
  --size_;
}

void RecordTable::prefetch(std::uint32_t hash) const noexcept {
  if (const Slots* const all = slots()) __builtin_prefetch(&all->slot[slots::home_of(hash, all->capacity)]);
}

void RecordTable::prefetch_record(std::uint32_t hash) const noexcept {
  const Slots* const all = slots();
  if (all == nullptr) return;
  for (std::size_t place = slots::home_of(hash, all->capacity);; place = all->after(place)) {
    const std::uint64_t slot = all->load(place);
    if (slot == 0) return;
    if (slots::tag_in(slot) != slots::tag_of(hash)) continue;
    const char* const at =
        reinterpret_cast<const char*>(slots::address_in(slot));   // of a record, or of a link
    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
    return;
  }
}

}   // namespace usertags::index
