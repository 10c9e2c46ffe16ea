#include "index/creation_order.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace usertags::index {

CreationOrder::~CreationOrder() {
  for (Entry& entry : entries()) delete entry.leaf.load(std::memory_order_relaxed);
  delete leaves_.load(std::memory_order_relaxed);
}

std::span<CreationOrder::Entry> CreationOrder::entries() const noexcept {
  const Leaves* const leaves = leaves_.load(std::memory_order_seq_cst);
  if (leaves == nullptr) return {};
  return {leaves->entries.get(), leaves->size.load(std::memory_order_acquire)};
}

std::span<CreationOrder::Entry>::iterator CreationOrder::entry_from(std::span<Entry> entries,
                                                                    std::uint32_t number) noexcept {
  return std::ranges::partition_point(entries, [&](const Entry& entry) { return entry.number < number; });
}

CreationOrder::Entry* CreationOrder::entry_of(std::uint32_t ordinal) const noexcept {
  const std::span<Entry> all = entries();
  const auto entry = entry_from(all, leaf_number(ordinal));
  return entry == all.end() || entry->number != leaf_number(ordinal) ? nullptr : &*entry;
}

// Entries of leaves that are gone are left behind.
CreationOrder::Leaves& CreationOrder::list_with_room() {
  Leaves* const list = leaves_.load(std::memory_order_relaxed);
  const std::span<Entry> all = entries();
  if (list != nullptr && all.size() < list->capacity) return *list;
  auto grown = std::make_unique<Leaves>(held_ + held_ / 2 + 4);
  std::size_t size = 0;
  for (const Entry& entry : all) {
    Leaf* const leaf = entry.leaf.load(std::memory_order_relaxed);
    if (leaf == nullptr) continue;
    Entry& copy = grown->entries[size++];
    copy.number = entry.number;
    copy.last_id.store(entry.last_id.load(std::memory_order_relaxed), std::memory_order_relaxed);
    copy.leaf.store(leaf, std::memory_order_relaxed);
  }
  grown->size.store(size, std::memory_order_relaxed);
  Leaves& shown = *grown;
  leaves_.store(grown.release(), std::memory_order_seq_cst);
  if (list != nullptr) limbo_.put(std::unique_ptr<Leaves>(list));
  return shown;
}

// Leaves are made where users come, never in a gap: so a leaf without users is one of the last.
void CreationOrder::reserve(std::uint32_t ordinal) {
  const std::uint32_t number = leaf_number(ordinal);
  const std::span<Entry> all = entries();
  if (!all.empty() && all.back().number >= number) return;
  auto leaf = std::make_unique<Leaf>();
  Leaves& list = list_with_room();
  const std::size_t size = list.size.load(std::memory_order_relaxed);
  Entry& entry = list.entries[size];
  entry.number = number;
  entry.leaf.store(leaf.release(), std::memory_order_relaxed);
  list.size.store(size + 1, std::memory_order_release);
  ++held_;
}

std::size_t CreationOrder::growth(std::uint32_t first_ordinal, std::uint32_t last_ordinal) const noexcept {
  std::uint32_t leaves = leaf_number(last_ordinal) - leaf_number(first_ordinal) + 1;
  const std::span<const Entry> all = entries();
  if (!all.empty() && all.back().number >= leaf_number(first_ordinal)) --leaves;
  return leaves * (sizeof(Leaf) + 16);
}

void CreationOrder::append(Place place, std::uint64_t id) noexcept {
  Entry* const entry = entry_of(place.ordinal);
  assert(entry != nullptr);
  Leaf& leaf = *entry->leaf.load(std::memory_order_relaxed);
  const std::size_t slot = slot_of(place.ordinal);
  const std::size_t used = leaf.used.load(std::memory_order_relaxed);
  assert(slot >= used);
  std::fill(leaf.ids.begin() + static_cast<std::ptrdiff_t>(used),
            leaf.ids.begin() + static_cast<std::ptrdiff_t>(slot) + 1, id);
  leaf.hashes[slot] = place.hash;
  leaf.living[slot / kWordBits].fetch_or(std::uint64_t{1} << slot % kWordBits, std::memory_order_release);
  leaf.used.store(slot + 1, std::memory_order_release);
  entry->last_id.store(id, std::memory_order_release);
}

// The newest leaf stays: it may yet be appended to.
void CreationOrder::remove(std::uint32_t ordinal) noexcept {
  Entry* const entry = entry_of(ordinal);
  Leaf* const leaf = entry == nullptr ? nullptr : entry->leaf.load(std::memory_order_relaxed);
  if (leaf == nullptr) return;
  const std::size_t slot = slot_of(ordinal);
  leaf->living[slot / kWordBits].fetch_and(~(std::uint64_t{1} << slot % kWordBits),
                                           std::memory_order_release);
  const auto is_empty = [](const auto& word) { return word.load(std::memory_order_relaxed) == 0; };
  if (leaf->used.load(std::memory_order_relaxed) < kLeafUsers || !std::ranges::all_of(leaf->living, is_empty))
    return;
  entry->leaf.store(nullptr, std::memory_order_seq_cst);
  limbo_.put(std::unique_ptr<Leaf>(leaf));
  --held_;
}

std::uint64_t CreationOrder::last_id() const noexcept {
  const std::span<const Entry> all = entries();
  return all.empty() ? 0 : all.back().last_id.load(std::memory_order_relaxed);
}

std::optional<CreationOrder::Place> CreationOrder::find_ordinal(std::uint32_t ordinal) const noexcept {
  const Entry* const entry = entry_of(ordinal);
  const Leaf* const leaf = entry == nullptr ? nullptr : entry->leaf.load(std::memory_order_seq_cst);
  if (leaf == nullptr) return std::nullopt;
  const std::size_t slot = slot_of(ordinal);
  if (slot >= leaf->used.load(std::memory_order_acquire) || !leaf->lives(slot)) return std::nullopt;
  return Place{ordinal, leaf->hashes[slot]};
}

std::optional<CreationOrder::Place> CreationOrder::find_id(std::uint64_t id) const noexcept {
  // The first leaf whose last id is not below: leaves without users can only be the last ones.
  const std::span<const Entry> all = entries();
  const auto entry = std::ranges::partition_point(all, [id](const Entry& one) {
    const std::uint64_t last = one.last_id.load(std::memory_order_acquire);
    return last != 0 && last < id;
  });
  const Leaf* const leaf = entry == all.end() ? nullptr : entry->leaf.load(std::memory_order_seq_cst);
  if (leaf == nullptr) return std::nullopt;
  const auto end =
      leaf->ids.begin() + static_cast<std::ptrdiff_t>(leaf->used.load(std::memory_order_acquire));
  for (auto at = std::lower_bound(leaf->ids.begin(), end, id); at != end && *at == id; ++at) {
    const auto slot = static_cast<std::size_t>(at - leaf->ids.begin());
    if (leaf->lives(slot)) return Place{ordinal_at(entry->number, slot), leaf->hashes[slot]};
  }
  return std::nullopt;
}

std::size_t CreationOrder::heap_bytes() const noexcept {
  const Leaves* const list = leaves_.load(std::memory_order_relaxed);
  return held_ * (sizeof(Leaf) + 16) + (list == nullptr ? 0 : list->capacity * sizeof(Entry));
}

}   // namespace usertags::index
