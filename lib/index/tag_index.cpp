#include "index/tag_index.hpp"

#include <cassert>
#include <new>

namespace usertags::index {
namespace {

using model::Record;

// What a step takes and gives: removed(tag, lost_key) and added(tag, new_key), where the flag says that the
// user loses or gains the key with it.
template <class Removed, class Added>
void for_each_difference(const Record* before, const Record& after, Removed&& removed, Added&& added) {
  auto old_tag = before == nullptr ? TagIterator() : before->begin();
  auto new_tag = after.begin();
  constexpr TagIterator kEnd;
  while (old_tag != kEnd || new_tag != kEnd) {
    const bool has_old = old_tag != kEnd && (new_tag == kEnd || old_tag->key <= new_tag->key);
    const bool has_new = new_tag != kEnd && (old_tag == kEnd || new_tag->key <= old_tag->key);
    const bool changed = !(has_old && has_new && old_tag->value == new_tag->value);
    if (has_old && changed) removed(*old_tag, !has_new);
    if (has_new && changed) added(*new_tag, !has_old);
    if (has_old) ++old_tag;
    if (has_new) ++new_tag;
  }
}

constexpr auto kNothing = [](const Tag&, bool) {};

}   // namespace

void TagIndex::prepare(const Record* before, const Record& after) {
  std::size_t reserved = 0;
  try {
    for_each_difference(before, after, kNothing, [&](const Tag& tag, bool new_key) {
      reserve(tag, new_key);
      ++reserved;
    });
  } catch (const std::bad_alloc&) {
    for_each_difference(before, after, kNothing, [&](const Tag& tag, bool new_key) {
      if (reserved > 0) {
        release(tag, new_key);
        --reserved;
      }
    });
    throw;
  }
}

void TagIndex::cancel(const Record* before, const Record& after) noexcept {
  for_each_difference(before, after, kNothing, [&](const Tag& tag, bool new_key) { release(tag, new_key); });
}

void TagIndex::publish(const Record* before, const Record& after) noexcept {
  for_each_difference(
      before, after, [&](const Tag& tag, bool lost_key) { remove(tag, lost_key, after.ordinal()); },
      [&](const Tag& tag, bool new_key) { add(tag, new_key, after.ordinal()); });
}

void TagIndex::reserve(const Tag& tag, bool new_key) {
  std::unique_ptr<KeyEntry>& entry = keys_.at_or_insert(tag.key);
  try {
    if (!entry) entry = std::make_unique<KeyEntry>();
    const std::size_t values = entry->values.size();
    UserSet& users = entry->values.at_or_insert(tag.value);
    value_count_ += entry->values.size() - values;
    users.reserve();
    try {
      if (new_key) entry->users.reserve();
    } catch (const std::bad_alloc&) {
      users.cancel_reservation();
      throw;
    }
  } catch (const std::bad_alloc&) {
    if (entry)
      erase_if_unused(*entry, tag);
    else
      keys_.erase(tag.key);
    throw;
  }
}

void TagIndex::release(const Tag& tag, bool new_key) noexcept {
  KeyEntry& entry = **keys_.find(tag.key);
  entry.values.find(tag.value)->cancel_reservation();
  if (new_key) entry.users.cancel_reservation();
  erase_if_unused(entry, tag);
}

void TagIndex::add(const Tag& tag, bool new_key, std::uint32_t ordinal) noexcept {
  KeyEntry& entry = **keys_.find(tag.key);
  entry.values.find(tag.value)->add(ordinal);
  if (new_key) entry.users.add(ordinal);
}

void TagIndex::remove(const Tag& tag, bool lost_key, std::uint32_t ordinal) noexcept {
  KeyEntry& entry = **keys_.find(tag.key);
  entry.values.find(tag.value)->remove(ordinal);
  if (lost_key) entry.users.remove(ordinal);
  erase_if_unused(entry, tag);
}

// An entry stays while it has users, or awaits some.
void TagIndex::erase_if_unused(KeyEntry& entry, const Tag& tag) noexcept {
  const UserSet* users = entry.values.find(tag.value);
  if (users != nullptr && users->empty() && !users->is_reserved()) {
    entry.values.erase(tag.value);
    --value_count_;
  }
  if (entry.values.empty()) keys_.erase(tag.key);
}

const TagIndex::KeyEntry* TagIndex::find(std::string_view key) const noexcept {
  const std::unique_ptr<KeyEntry>* entry = keys_.find(key);
  return entry == nullptr ? nullptr : entry->get();
}

const UserSet* TagIndex::find(std::string_view key, std::string_view value) const noexcept {
  const KeyEntry* entry = find(key);
  return entry == nullptr ? nullptr : entry->values.find(value);
}

std::size_t TagIndex::heap_bytes() const noexcept {
  std::size_t bytes = keys_.heap_bytes();
  keys_.visit_from({}, [&](std::string_view, const std::unique_ptr<KeyEntry>& entry) {
    bytes += sizeof(KeyEntry) + entry->values.heap_bytes() + entry->users.heap_bytes();
    entry->values.visit_from({}, [&](std::string_view, const UserSet& users) {
      bytes += users.heap_bytes();
      return true;
    });
    return true;
  });
  return bytes;
}

}   // namespace usertags::index
