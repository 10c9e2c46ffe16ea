#include "index/tag_index.hpp"

#include <new>

namespace usertags::index {
namespace {

using model::Record;

// Calls visitor(old_tag, new_tag) for each key that a step adds, changes or removes; null where the user does
// not have the key before or after it.
template <class Visitor>
void for_each_difference(const Record* before, const Record& after, Visitor&& visitor) {
  auto old_tag = before == nullptr ? TagIterator() : before->begin();
  auto new_tag = after.begin();
  constexpr TagIterator kEnd;
  while (old_tag != kEnd && new_tag != kEnd) {
    const bool same_key = old_tag->key == new_tag->key;
    const bool has_old = same_key || old_tag->key < new_tag->key;
    const bool has_new = same_key || !has_old;
    if (!same_key || old_tag->value != new_tag->value)
      visitor(has_old ? old_tag.operator->() : nullptr, has_new ? new_tag.operator->() : nullptr);
    if (has_old) ++old_tag;
    if (has_new) ++new_tag;
  }
  for (; old_tag != kEnd; ++old_tag) visitor(old_tag.operator->(), nullptr);
  for (; new_tag != kEnd; ++new_tag) visitor(nullptr, new_tag.operator->());
}

}   // namespace

void TagIndex::prepare(const Record* before, const Record& after) {
  std::size_t reserved = 0;
  if (before == nullptr) users_.reserve();
  try {
    for_each_difference(before, after, [&](const Tag* old_tag, const Tag* new_tag) {
      if (new_tag == nullptr) return;
      reserve(*new_tag, old_tag == nullptr);
      ++reserved;
    });
  } catch (const std::bad_alloc&) {
    if (before == nullptr) users_.cancel_reservation();
    for_each_difference(before, after, [&](const Tag* old_tag, const Tag* new_tag) {
      if (new_tag == nullptr || reserved == 0) return;
      cancel(*new_tag, old_tag == nullptr);
      --reserved;
    });
    throw;
  }
}

void TagIndex::cancel(const Record* before, const Record& after) noexcept {
  if (before == nullptr) users_.cancel_reservation();
  for_each_difference(before, after, [&](const Tag* old_tag, const Tag* new_tag) {
    if (new_tag != nullptr) cancel(*new_tag, old_tag == nullptr);
  });
}

void TagIndex::publish(const Record* before, const Record& after) noexcept {
  if (before == nullptr) users_.add(after.ordinal());
  if (after.is_tombstone()) users_.remove(after.ordinal());
  for_each_difference(before, after, [&](const Tag* old_tag, const Tag* new_tag) {
    const std::string_view key = (old_tag == nullptr ? new_tag : old_tag)->key;
    KeyEntry& entry = **keys_.find(key);
    if (new_tag != nullptr) entry.add(new_tag->value, old_tag == nullptr, after.ordinal());
    if (old_tag != nullptr) entry.remove(old_tag->value, new_tag == nullptr, after.ordinal());
    if (entry.empty()) keys_.erase(key);
  });
}

void TagIndex::reserve(const Tag& tag, bool gains_key) {
  std::unique_ptr<KeyEntry>& entry = keys_.at_or_insert(tag.key);
  try {
    if (!entry) entry = std::make_unique<KeyEntry>();
    entry->reserve(tag.value, gains_key);
  } catch (const std::bad_alloc&) {
    if (!entry || entry->empty()) keys_.erase(tag.key);
    throw;
  }
}

void TagIndex::cancel(const Tag& tag, bool gains_key) noexcept {
  KeyEntry& entry = **keys_.find(tag.key);
  entry.cancel(tag.value, gains_key);
  if (entry.empty()) keys_.erase(tag.key);
}

const KeyEntry* TagIndex::find(std::string_view key) const noexcept {
  const std::unique_ptr<KeyEntry>* entry = keys_.find(key);
  return entry == nullptr ? nullptr : entry->get();
}

const UserSet* TagIndex::find(std::string_view key, std::string_view value) const noexcept {
  const KeyEntry* entry = find(key);
  return entry == nullptr ? nullptr : entry->values().find(value);
}

TagIndex::Figures TagIndex::figures() const noexcept {
  Figures figures{.keys = keys_.size(), .values = 0, .heap_bytes = keys_.heap_bytes() + users_.heap_bytes()};
  keys_.visit_from({}, [&](std::string_view, const std::unique_ptr<KeyEntry>& entry) {
    figures.values += entry->values().size();
    figures.heap_bytes += sizeof(KeyEntry) + 16 + entry->heap_bytes();
    return true;
  });
  return figures;
}

}   // namespace usertags::index
