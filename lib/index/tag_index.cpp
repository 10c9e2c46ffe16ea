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

void KeyEntry::make(std::string_view value) {
  const ValuesUsage usage(*this);
  values_.at_or_insert(value);
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

void KeyEntry::cancel(UserSet& users, bool gains_key) noexcept {
  const auto cancel = [](UserSet& set) { set.cancel_reservation(); };
  edit(users, cancel);
  if (gains_key) edit(users_, cancel);
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
void add_differences(std::span<const Transition> transitions, TagEdits& edits) {
  constexpr std::size_t kAhead = 6;
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
  TagEdits edits;
  try {
    make_values(transitions, edits);
    make_room(edits);
  } catch (const std::bad_alloc&) {
    cancel(edits);
    throw;
  }
  return edits;
}

namespace {

// Finds the sets of values, many at a time: what one look-up waits for from memory comes while others go on.
class SetSearch {
 public:
  SetSearch() noexcept = default;
  SetSearch(const SetSearch&) = delete;
  SetSearch& operator=(const SetSearch&) = delete;
  ~SetSearch() { run(); }

  // `found` has the answer when the search is over.
  void add(KeyEntry& entry, std::string_view value, UserSet*& found) noexcept {
    if (sought_.size() == sought_.capacity()) run();
    sought_.push_back(entry.sought(value, found));
  }

 private:
  void run() noexcept {
    SortedBlocks<UserSet>::find_each(sought_);
    sought_.clear();
  }

  boost::container::static_vector<SortedBlocks<UserSet>::Sought, 64> sought_;
};

}   // namespace

// The keys and values that users come to, and the entries of all keys.
void TagIndex::make_values(std::span<const Transition> transitions, TagEdits& edits) {
  const std::size_t first = edits.tags.size();
  add_differences(transitions, edits);
  const auto added = std::span(edits.tags).subspan(first);
  {
    SetSearch search;
    for (TagEdit& edit : added) {
      const std::unique_ptr<KeyEntry>* const entry = keys_.find(edit.key);
      if (entry == nullptr) continue;
      edit.entry = entry->get();
      edit.values_then = edit.entry->values().size();
      if (edit.has_key) search.add(*edit.entry, edit.new_value, edit.to);
    }
  }
  for (TagEdit& edit : added) {
    if (edit.entry == nullptr) edit.entry = &made_entry(edit.key);
    if (edit.has_key && edit.to == nullptr) edit.entry->make(edit.new_value);
  }
}

// When all values are there: making one moves others.
void TagIndex::make_room(TagEdits& edits) {
  find_sets(edits.tags);
  for (; edits.created_with_room < edits.created.size(); ++edits.created_with_room) users_.reserve();
  for (; edits.tags_with_room < edits.tags.size(); ++edits.tags_with_room) {
    const TagEdit& edit = edits.tags[edits.tags_with_room];
    if (edit.has_key) edit.entry->reserve(*edit.to, !edit.had_key);
  }
}

// Of a key that was not there; an edit before may have made it meanwhile.
KeyEntry& TagIndex::made_entry(std::string_view key) {
  auto made = std::make_unique<KeyEntry>(usage_);
  std::unique_ptr<KeyEntry>& entry = keys_.at_or_insert(key);
  if (!entry) entry = std::move(made);
  return *entry;
}

// All values are there. Of a key that has got new ones, sets may have moved since they were found.
void TagIndex::find_sets(std::span<TagEdit> edits) noexcept {
  SetSearch search;
  for (TagEdit& edit : edits) {
    if (edit.had_key) search.add(*edit.entry, edit.old_value, edit.from);
    if (edit.has_key && edit.entry->values().size() != edit.values_then)
      search.add(*edit.entry, edit.new_value, edit.to);
  }
}

void TagIndex::cancel(const TagEdits& edits) noexcept {
  for (std::size_t i = 0; i < edits.created_with_room; ++i) users_.cancel_reservation();
  for (const TagEdit& edit : std::span(edits.tags).first(edits.tags_with_room)) {
    if (edit.has_key) edit.entry->cancel(*edit.to, !edit.had_key);
  }
  for (const TagEdit& edit : edits.tags) {
    if (edit.has_key) erase_if_unused(edit.key, edit.new_value, SortedBlocks<UserSet>::kTight);
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
    if (edit.empties_old) erase_if_unused(edit.key, edit.old_value, SortedBlocks<UserSet>::kSparse);
  }
}

// `most`: SortedBlocks::erase_if.
void TagIndex::erase_if_unused(std::string_view key, std::string_view value, std::size_t most) noexcept {
  const std::unique_ptr<KeyEntry>* const entry = keys_.find(key);
  if (entry == nullptr) return;
  (*entry)->erase_if_unused(value, most);
  if ((*entry)->empty()) erase_key(key, most);
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
