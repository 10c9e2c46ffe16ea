#include "index/creation_order.hpp"

#include <algorithm>
#include <cassert>

namespace usertags::index {

// Leaves are made where users come, never in a gap: so a leaf without users is one of the last.
void CreationOrder::reserve(std::uint32_t ordinal) {
  const std::uint32_t number = leaf_number(ordinal);
  if (leaves_.empty() || leaves_.rbegin()->first < number) {
    leaves_.emplace_hint(leaves_.end(), number, std::make_unique<Leaf>());
  }
}

std::size_t CreationOrder::growth(std::uint32_t first_ordinal, std::uint32_t last_ordinal) const noexcept {
  std::uint32_t leaves = leaf_number(last_ordinal) - leaf_number(first_ordinal) + 1;
  if (!leaves_.empty() && leaves_.rbegin()->first >= leaf_number(first_ordinal)) --leaves;
  return leaves * (sizeof(Leaf) + 16);
}

void CreationOrder::append(Place place, std::uint64_t id) noexcept {
  const auto found = leaves_.find(leaf_number(place.ordinal));
  assert(found != leaves_.end());
  Leaf& leaf = *found->second;
  const std::size_t slot = slot_of(place.ordinal);
  assert(slot >= leaf.used);
  std::fill(leaf.ids.begin() + static_cast<std::ptrdiff_t>(leaf.used),
            leaf.ids.begin() + static_cast<std::ptrdiff_t>(slot) + 1, id);
  leaf.hashes[slot] = place.hash;
  leaf.living[slot] = true;
  leaf.used = slot + 1;
}

// The newest leaf stays: it may yet be appended to.
void CreationOrder::remove(std::uint32_t ordinal) noexcept {
  const auto found = leaves_.find(leaf_number(ordinal));
  if (found == leaves_.end()) return;
  Leaf& leaf = *found->second;
  leaf.living[slot_of(ordinal)] = false;
  if (leaf.used == kLeafUsers && leaf.living.none()) leaves_.erase(found);
}

std::uint64_t CreationOrder::last_id() const noexcept {
  if (leaves_.empty()) return 0;
  const Leaf& newest = *leaves_.rbegin()->second;
  return newest.used == 0 ? 0 : newest.ids[newest.used - 1];
}

std::optional<CreationOrder::Place> CreationOrder::find_ordinal(std::uint32_t ordinal) const noexcept {
  const auto found = leaves_.find(leaf_number(ordinal));
  if (found == leaves_.end()) return std::nullopt;
  const Leaf& leaf = *found->second;
  const std::size_t slot = slot_of(ordinal);
  if (slot >= leaf.used || !leaf.living[slot]) return std::nullopt;
  return Place{ordinal, leaf.hashes[slot]};
}

std::optional<CreationOrder::Place> CreationOrder::find_id(std::uint64_t id) const noexcept {
  // The first leaf whose last id is not below: leaves without users can only be the last ones.
  const auto leaf = std::ranges::partition_point(leaves_, [id](const auto& entry) {
    return entry.second->used > 0 && entry.second->ids[entry.second->used - 1] < id;
  });
  if (leaf == leaves_.end()) return std::nullopt;
  const Leaf& users = *leaf->second;
  const auto end = users.ids.begin() + static_cast<std::ptrdiff_t>(users.used);
  for (auto at = std::lower_bound(users.ids.begin(), end, id); at != end && *at == id; ++at) {
    const auto slot = static_cast<std::size_t>(at - users.ids.begin());
    if (users.living[slot]) return Place{ordinal_at(leaf->first, slot), users.hashes[slot]};
  }
  return std::nullopt;
}

std::size_t CreationOrder::heap_bytes() const noexcept {
  return leaves_.size() * (sizeof(Leaf) + 16) + leaves_.capacity() * sizeof(Leaves::value_type);
}

}   // namespace usertags::index
