#include "index/tag_index.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <new>
#include <utility>

#include "model/record.hpp"

namespace usertags::index {

void KeyEntry::append(std::string_view value, UserSet users) {
  const ValuesUsage usage(*this);
  const std::size_t bytes = users.heap_bytes();
  values_.append(value, std::move(users));
  usage_->heap_bytes += bytes;
}

void KeyEntry::set_users(UserSet users) noexcept {
  usage_->heap_bytes += users.heap_bytes();
  users_ = std::move(users);
}

UserSet& KeyEntry::at_or_insert(std::string_view value) {
  const ValuesUsage usage(*this);
  return values_.at_or_insert(value);
}

UserSet& KeyEntry::reserve(std::string_view value, bool gains_key) {
  UserSet& users = at_or_insert(value);
  try {
    reserve(users, gains_key);
  } catch (const std::bad_alloc&) {
    erase_if_unused(value, SortedBlocks<UserSet>::kTight);
    throw;
  }
  return users;
}

void KeyEntry::reserve(UserSet& users, bool gains_key) {
  const auto reserve = [](UserSet& set) { set.reserve(); };
  if (gains_key) edit(users_, reserve);
  try {
    edit(users, reserve);
  } catch (const std::bad_alloc&) {
    if (gains_key) edit(users_, [](UserSet& set) { set.cancel_reservation(); });
    throw;
  }
}

void KeyEntry::cancel(std::string_view value, bool gains_key) noexcept {
  const auto cancel = [](UserSet& users) { users.cancel_reservation(); };
  edit(*values_.find(value), cancel);
  if (gains_key) edit(users_, cancel);
  erase_if_unused(value, SortedBlocks<UserSet>::kTight);
}

void KeyEntry::add(UserSet& users, bool gains_key, std::uint32_t ordinal) noexcept {
  const auto add = [ordinal](UserSet& set) { set.add(ordinal); };
  edit(users, add);
  if (gains_key) edit(users_, add);
}

void KeyEntry::remove(UserSet& users, bool loses_key, std::uint32_t ordinal) noexcept {
  const auto remove = [ordinal](UserSet& set) { set.remove(ordinal); };
  edit(users, remove);
  if (loses_key) edit(users_, remove);
}

void KeyEntry::erase_if_unused(std::string_view value, std::size_t most) noexcept {
  const ValuesUsage usage(*this);
  values_.erase_if(value, most, [this](const UserSet& users) {
    const bool is_unused = users.empty() && !users.is_reserved();
    if (is_unused) usage_->heap_bytes -= users.heap_bytes();
    return is_unused;
  });
}

namespace {

using model::Record;

// Walks both versions in the order of their keys. Most of their tags are the same.
void append_differences(const Record* before, const Record& after, std::vector<TagEdit>& edits) {
  std::string_view old_tags = before == nullptr ? std::string_view() : before->tag_texts();
  std::string_view new_tags = after.tag_texts();
  while (true) {
    model::take_common_tags(old_tags, new_tags);
    if (old_tags.empty() && new_tags.empty()) return;
    std::string_view old_rest = old_tags;
    std::string_view new_rest = new_tags;
    const Tag old_tag = old_tags.empty() ? Tag() : model::take_tag(old_rest);
    const Tag new_tag = new_tags.empty() ? Tag() : model::take_tag(new_rest);
    TagEdit& edit = edits.emplace_back();
    edit.ordinal = after.ordinal();
    edit.had_key = !old_tags.empty() && (new_tags.empty() || old_tag.key <= new_tag.key);
    edit.has_key = !new_tags.empty() && (old_tags.empty() || new_tag.key <= old_tag.key);
    edit.key = edit.had_key ? old_tag.key : new_tag.key;
    if (edit.had_key) {
      edit.old_value = old_tag.value;
      old_tags = old_rest;
    }
    if (edit.has_key) {
      edit.new_value = new_tag.value;
      new_tags = new_rest;
    }
  }
}

}   // namespace

// Versions are fetched ahead: they come from the processor of the thread that judged.
TagEdits differences(std::span<const Transition> transitions) {
  constexpr std::size_t kAhead = 6;
  TagEdits edits;
  edits.tags.reserve(transitions.size());
  for (std::size_t i = 0; i < transitions.size(); ++i) {
    if (i + kAhead < transitions.size()) {
      Record::prefetch(transitions[i + kAhead].before.get());
      Record::prefetch(transitions[i + kAhead].after.get());
    }
    const Transition& transition = transitions[i];
    if (!transition.before) edits.created.push_back(transition.after->ordinal());
    if (transition.after->is_tombstone()) edits.deleted.push_back(transition.after->ordinal());
    append_differences(transition.before.get(), *transition.after, edits.tags);
  }
  return edits;
}

namespace {

// How many edits ahead memory is fetched: a set first, then what it refers to.
constexpr std::size_t kNear = 6;
constexpr std::size_t kFar = 12;

void prefetch(std::span<const TagEdit> edits, std::size_t current) noexcept {
  if (current + kFar < edits.size()) {
    __builtin_prefetch(edits[current + kFar].from);
    __builtin_prefetch(edits[current + kFar].to);
  }
  if (current + kNear < edits.size()) {
    const TagEdit& edit = edits[current + kNear];
    if (edit.from != nullptr) edit.from->prefetch();
    if (edit.to != nullptr) edit.to->prefetch();
  }
}

}   // namespace

TagEdits TagIndex::prepare(std::span<const Transition> transitions) {
  TagEdits edits = differences(transitions);
  find_sets(edits.tags);
  std::size_t users = 0;
  std::size_t tags = 0;
  try {
    for (; users < edits.created.size(); ++users) users_.reserve();
    for (; tags < edits.tags.size(); ++tags) reserve(edits.tags[tags]);
  } catch (const std::bad_alloc&) {
    for (; users > 0; --users) users_.cancel_reservation();
    cancel(std::span(edits.tags).first(tags));
    throw;
  }
  for (TagEdit& edit : edits.tags) {   // now that all values are made, sets stay where they are
    if (edit.entry->values().size() == edit.values_then) continue;
    if (edit.has_key) edit.to = edit.entry->find(edit.new_value);
    if (edit.had_key) edit.from = edit.entry->find(edit.old_value);
  }
  return edits;
}

// Those that are there; keys and values that are new are made later.
void TagIndex::find_sets(std::span<TagEdit> edits) noexcept {
  constexpr std::size_t kAtOnce = 32;
  boost::container::static_vector<SortedBlocks<UserSet>::Sought, 2 * kAtOnce> sought;
  for (; !edits.empty(); edits = edits.subspan(std::min(kAtOnce, edits.size()))) {
    const auto some = edits.first(std::min(kAtOnce, edits.size()));
    sought.clear();
    for (TagEdit& edit : some) {
      const std::unique_ptr<KeyEntry>* const entry = keys_.find(edit.key);
      if (entry == nullptr) continue;
      edit.entry = entry->get();
      edit.values_then = edit.entry->values().size();
      if (edit.had_key) sought.push_back(edit.entry->sought(edit.old_value));
      if (edit.has_key) sought.push_back(edit.entry->sought(edit.new_value));
    }
    SortedBlocks<UserSet>::find_each(sought);
    auto found = sought.begin();
    for (TagEdit& edit : some) {
      if (edit.entry == nullptr) continue;
      if (edit.had_key) edit.from = (found++)->found;
      if (edit.has_key) edit.to = (found++)->found;
    }
  }
}

void TagIndex::reserve(TagEdit& edit) {
  if (!edit.has_key) {
    if (edit.entry == nullptr) edit.entry = keys_.find(edit.key)->get();   // made by an edit before this one
    return;
  }
  if (edit.to != nullptr && edit.entry->values().size() == edit.values_then)
    return edit.entry->reserve(*edit.to, !edit.had_key);
  std::unique_ptr<KeyEntry>& entry = keys_.at_or_insert(edit.key);
  try {
    if (!entry) entry = std::make_unique<KeyEntry>(usage_);
    edit.entry = entry.get();
    edit.to = &entry->reserve(edit.new_value, !edit.had_key);
  } catch (const std::bad_alloc&) {
    if (!entry || entry->empty()) erase_key(edit.key, SortedBlocks<UserSet>::kTight);
    throw;
  }
}

void TagIndex::cancel(const TagEdits& edits) noexcept {
  for (std::size_t i = 0; i < edits.created.size(); ++i) users_.cancel_reservation();
  cancel(std::span(edits.tags));
}

void TagIndex::cancel(std::span<const TagEdit> edits) noexcept {
  for (const TagEdit& edit : edits) {
    if (!edit.has_key) continue;
    KeyEntry& entry = **keys_.find(edit.key);
    entry.cancel(edit.new_value, !edit.had_key);
    if (entry.empty()) erase_key(edit.key, SortedBlocks<UserSet>::kTight);
  }
}

// Values and keys that fall empty are erased at the end: until then the edits' sets have to stay.
void TagIndex::publish(TagEdits&& edits) noexcept {
  bool empties_any = false;
  for (const std::uint32_t ordinal : edits.created) users_.add(ordinal);
  for (std::size_t i = 0; i < edits.tags.size(); ++i) {
    prefetch(edits.tags, i);
    TagEdit& edit = edits.tags[i];
    if (edit.has_key) edit.entry->add(*edit.to, !edit.had_key, edit.ordinal);
    if (!edit.had_key) continue;
    edit.entry->remove(*edit.from, !edit.has_key, edit.ordinal);
    edit.empties_old = edit.from->empty();
    empties_any = empties_any || edit.empties_old;
  }
  for (const std::uint32_t ordinal : edits.deleted) users_.remove(ordinal);
  if (!empties_any) return;
  for (const TagEdit& edit : edits.tags) {
    if (edit.empties_old) erase_if_unused(edit.key, edit.old_value);
  }
}

void TagIndex::erase_if_unused(std::string_view key, std::string_view value) noexcept {
  const std::unique_ptr<KeyEntry>* const entry = keys_.find(key);
  if (entry == nullptr) return;
  (*entry)->erase_if_unused(value, SortedBlocks<UserSet>::kSparse);
  if ((*entry)->empty()) erase_key(key, SortedBlocks<UserSet>::kSparse);
}

// With what it still counts: the room of its only leaf.
void TagIndex::erase_key(std::string_view key, std::size_t most) noexcept {
  keys_.erase_if(key, most, [](const std::unique_ptr<KeyEntry>& entry) {
    if (entry) entry->release_usage();
    return true;
  });
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
  return {.keys = keys_.size(),
          .values = usage_.values,
          .heap_bytes = keys_.heap_bytes() + keys_.size() * (sizeof(KeyEntry) + 16) + usage_.heap_bytes +
                        users_.heap_bytes()};
}

namespace {

// Containers that bitmaps do not have yet, and what comes into them.
class NewContainers {
 public:
  void add(const UserSet& users, std::uint32_t ordinal) {
    if (users.lacks_container_of(ordinal)) ++members_[{&users, ordinal >> 16}];
  }
  std::size_t bytes() const noexcept {
    std::size_t bytes = 0;
    for (const auto& [container, members] : members_) bytes += UserSet::bytes_of_container(members);
    return bytes;
  }

 private:
  boost::unordered_flat_map<std::pair<const UserSet*, std::uint32_t>, std::size_t> members_;
};

}   // namespace

// Sets are as they were before the edits. A value that one user has, who leaves it, goes if nobody comes.
std::int64_t TagIndex::growth(const TagEdits& edits) const {
  NewContainers containers;
  std::size_t freed = 0;
  for (const std::uint32_t ordinal : edits.created) containers.add(users_, ordinal);
  for (const TagEdit& edit : edits.tags) {
    if (edit.has_key) containers.add(*edit.to, edit.ordinal);
    if (edit.has_key && !edit.had_key) containers.add(edit.entry->users(), edit.ordinal);
    const bool goes = edit.had_key && edit.from->size() == 1 && !edit.from->is_reserved();
    if (goes) freed += PackedText::block_bytes(edit.old_value.size());
  }
  return static_cast<std::int64_t>(containers.bytes()) - static_cast<std::int64_t>(freed);
}

}   // namespace usertags::index
