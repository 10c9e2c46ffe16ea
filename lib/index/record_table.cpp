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
  constexpr std::size_t kAhead = 16;   // slots; their records are fetched meanwhile
  auto grown = std::make_unique<Slots>(slots::capacity_for(capacity(), items, Growth::by_a_quarter));
  std::unique_ptr<Slots> old(slots());
  for (std::size_t place = 0; old != nullptr && place < old->capacity; ++place) {
    if (place + kAhead < old->capacity) prefetch(versions_in(old->load(place + kAhead)));
    const std::uint64_t slot = old->load(place);
    if (slot != 0) insert_new(*grown, slot, slot_hash(versions_in(slot).newest().external_id()));
  }
  slots_.store(grown.release(), std::memory_order_seq_cst);
  if (old != nullptr) limbo.put(std::move(old));
}

void RecordTable::insert_new(Slots& slots, std::uint64_t slot, std::uint32_t hash) noexcept {
  std::size_t place = slots::home_of(hash, slots.capacity);
  while (slots.load(place) != 0) place = slots.after(place);
  slots.slot[place].store(slot, std::memory_order_relaxed);   // nobody sees them yet
}

RecordTable::Place RecordTable::place_of(std::uint32_t hash, std::string_view external_id) const noexcept {
  return find_in(*slots(), hash,
                 [&](Versions versions) { return versions.newest().external_id() == external_id; });
}

bool RecordTable::insert(std::uint32_t hash, RecordPtr record) noexcept {
  const Place place = place_of(hash, record->external_id());
  if (place.versions) return false;
  add(place, hash, std::move(record));
  return true;
}

void RecordTable::add(const Place& free, std::uint32_t hash, RecordPtr record) noexcept {
  assert(slots::has_room(capacity(), size_ + 1));
  slots()->store(free.number, slot_of(hash, Versions::alone(*record.detach())));
  ++size_;
}

void RecordTable::push(std::uint32_t hash, RecordPtr version, Link& link) noexcept {
  const Place place = place_of(hash, version->external_id());
  if (!place.versions) return add(place, hash, std::move(version));
  link.version = version.detach();
  link.older.store(place.versions.word(), std::memory_order_seq_cst);
  slots()->store(place.number, slot_of(hash, Versions::linked(link)));
}

void RecordTable::unlink(std::uint32_t hash, Link& link) noexcept {
  if (link.version == nullptr) return;
  const Record& version = *link.version;
  const Versions older = Versions::linked(link).older();
  assert(older && !older.is_linked());
  link.dropped = RecordPtr::adopt(&older.newest());
  const Place place = place_of(hash, version.external_id());
  Versions above = place.versions;
  if (above != Versions::linked(link)) {
    while (above.older() != Versions::linked(link)) above = above.older();
    return above.link().older.store(Versions::alone(version).word(), std::memory_order_seq_cst);
  }
  if (!version.is_tombstone()) return slots()->store(place.number, slot_of(hash, Versions::alone(version)));
  erase(place.number);
  version.drop_reference();
}

void RecordTable::erase(std::size_t place) noexcept {
  Slots& all = *slots();
  shifts_.fetch_add(1, std::memory_order_seq_cst);
  slots::erase(
      place, all.capacity, [&](std::size_t at) { return all.load(at); },
      [&](std::size_t at, std::uint64_t slot) { all.store(at, slot); },
      [](std::uint64_t slot) { return slot_hash(versions_in(slot).newest().external_id()); });
  shifts_.fetch_add(1, std::memory_order_seq_cst);
  --size_;
}

void RecordTable::prefetch(std::uint32_t hash) const noexcept {
  const Slots* const all = slots_.load(std::memory_order_seq_cst);
  if (all != nullptr) __builtin_prefetch(&all->slot[slots::home_of(hash, all->capacity)]);
}

void RecordTable::prefetch_record(std::uint32_t hash) const noexcept {
  const Slots* const all = slots_.load(std::memory_order_seq_cst);
  if (all == nullptr) return;
  const auto is_first = [](Versions) { return true; };   // of this hash: most likely the right one
  const Versions first = find_in(*all, hash, is_first).versions;
  if (!first) return;
  prefetch(first);
}

void RecordTable::prefetch(Versions versions) noexcept {
  const char* const at = reinterpret_cast<const char*>(versions.word());   // of a record, or of a link
  __builtin_prefetch(at);
  __builtin_prefetch(at + 64);
}

}   // namespace usertags::index
