#include "model/record.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <new>

#include <usertags/user.hpp>

#include "model/change.hpp"
#include "model/copy_blocks.hpp"
#include "model/record_blocks.hpp"
#include "model/text.hpp"

namespace usertags::model {

namespace {

std::size_t stored_bytes(std::string_view key, std::string_view value) noexcept {
  return (value.size() < kLongValueBytes ? 2 : 4) + key.size() + value.size();
}

std::size_t stored_bytes(std::span<const Tag> tags) noexcept {
  std::size_t bytes = 0;
  for (const Tag& tag : tags) bytes += stored_bytes(tag.key, tag.value);
  return bytes;
}

// What the deltas make of a version's tags.
struct TagsAfter {
  std::size_t count = 0;
  std::size_t bytes = 0;
};

TagsAfter tags_after(const Record& before, std::span<const TagDelta> deltas) noexcept {
  TagsAfter after{before.tag_count(), before.tag_texts().size()};
  for (const TagDelta& delta : deltas) {
    if (delta.before) after = {after.count - 1, after.bytes - stored_bytes(delta.key, *delta.before)};
    if (delta.value) after = {after.count + 1, after.bytes + stored_bytes(delta.key, *delta.value)};
  }
  return after;
}

bool has_room_for(std::string_view key, std::string_view value) noexcept {
  return key.size() <= Record::kMaxKeyBytes && value.size() <= Record::kMaxValueBytes;
}

// Where the tag of a delta's key stands among the tags of the version before; where there is none, the place for it.
std::string_view place_of(const TagDelta& delta, std::string_view tags) noexcept {
  if (delta.before) {
    const std::size_t bytes = stored_bytes(delta.key, *delta.before);
    return {delta.before->data() + delta.before->size() - bytes, bytes};
  }
  while (!tags.empty()) {
    std::string_view rest = tags;
    if (take_tag(rest).key > delta.key) break;
    tags = rest;
  }
  return tags.substr(0, 0);
}

char* append(std::string_view text, char* out) noexcept {
  return out + text.copy(out, text.size());   // a call: short texts are copied faster than by a loop
}

char* append(const Tag& tag, char* out) noexcept {
  *out++ = static_cast<char>(tag.key.size());
  *out++ = static_cast<char>(std::min(tag.value.size(), kLongValueBytes));
  if (tag.value.size() >= kLongValueBytes) {
    const auto value_bytes = static_cast<std::uint16_t>(tag.value.size());
    std::memcpy(out, &value_bytes, sizeof value_bytes);
    out += sizeof value_bytes;
  }
  return append(tag.value, append(tag.key, out));
}

[[maybe_unused]] bool strictly_ascending(std::span<const Tag> tags) noexcept {
  return std::ranges::adjacent_find(tags, std::ranges::greater_equal{}, &Tag::key) == tags.end();
}

}   // namespace

bool Record::has_room_for(std::string_view external_id, std::span<const Tag> tags) noexcept {
  if (external_id.size() > kMaxExternalIdBytes || tags.size() > kMaxTags) return false;
  return std::ranges::all_of(tags, [](const Tag& tag) { return model::has_room_for(tag.key, tag.value); });
}

bool Record::has_room_for(const Record& before, std::span<const TagDelta> deltas) noexcept {
  if (tags_after(before, deltas).count > kMaxTags) return false;
  return std::ranges::all_of(deltas, [](const TagDelta& delta) {
    return !delta.value || model::has_room_for(delta.key, *delta.value);
  });
}

Record* Record::allocate(std::uint32_t ordinal, std::uint64_t revision, const Uuid& id,
                         std::size_t external_id_bytes, std::size_t tag_count, std::size_t tag_bytes,
                         RecordBlocks* blocks) {
  static_assert(sizeof(Record) == 40 && offsetof(Record, text_) == 38);
  const std::size_t size = offsetof(Record, text_) + external_id_bytes + tag_bytes;
  const std::size_t bytes = std::max(size, sizeof(Record));
  const RecordBlock block = blocks == nullptr ? RecordSlabs::take(bytes) : blocks->take(bytes);
  return new (block.at) Record(block.is_of_slab, ordinal, revision, id, external_id_bytes, tag_count, size);
}

RecordBlock Record::block() const noexcept {
  return {const_cast<Record*>(this), references_.load(std::memory_order_relaxed) % kReference != 0};
}

std::size_t Record::block_bytes() const noexcept {
  return std::max(size(), sizeof(Record));
}

void Record::free() const noexcept {
  const RecordBlock freed = block();
  const std::size_t bytes = block_bytes();
  this->~Record();
  freed.is_of_slab ? RecordSlabs::give(freed) : CopyBlocks::give(freed.at, bytes);
}

void Record::free(RecordBlocks& blocks) const noexcept {
  const RecordBlock freed = block();
  const std::size_t bytes = block_bytes();
  this->~Record();
  blocks.give(freed, bytes);
}

RecordPtr Record::make(std::uint32_t ordinal, std::uint64_t revision, const Uuid& id,
                       std::string_view external_id, std::span<const Tag> tags) {
  assert(has_room_for(external_id, tags) && strictly_ascending(tags));
  Record* record = allocate(ordinal, revision, id, external_id.size(), tags.size(), stored_bytes(tags));
  char* out = append(external_id, record->text());
  for (const Tag& tag : tags) out = append(tag, out);
  return RecordPtr::adopt(record);
}

// What no delta is about is copied as it lies there.
RecordPtr Record::make_next(const Record& before, std::uint64_t revision, std::span<const TagDelta> deltas,
                            RecordBlocks* blocks) {
  assert(has_room_for(before, deltas));
  const TagsAfter after = tags_after(before, deltas);
  Record* record = allocate(before.ordinal(), revision, before.uuid(), before.external_id().size(),
                            after.count, after.bytes, blocks);
  char* out = append(before.external_id(), record->text());
  std::string_view left = before.tag_texts();   // not copied yet
  for (const TagDelta& delta : deltas) {
    const std::string_view place = place_of(delta, left);
    out = append(left.substr(0, static_cast<std::size_t>(place.data() - left.data())), out);
    if (delta.value) out = append(Tag{delta.key, *delta.value}, out);
    left.remove_prefix(static_cast<std::size_t>(place.data() + place.size() - left.data()));
  }
  append(left, out);
  return RecordPtr::adopt(record);
}

RecordPtr Record::make_tombstone(const Record& last_version, std::uint64_t revision) {
  Record* record = allocate(last_version.ordinal(), revision, last_version.uuid(),
                            last_version.external_id().size(), kTombstone, 0);
  append(last_version.external_id(), record->text());
  return RecordPtr::adopt(record);
}

RecordPtr Record::copy() const {
  constexpr std::size_t kFirst = offsetof(Record, ordinal_);   // behind the count, which others write
  const std::size_t bytes = block_bytes();
  auto* const block = static_cast<char*>(CopyBlocks::take(bytes));
  auto* const copied = new (block) Record();
  std::memcpy(block + kFirst, reinterpret_cast<const char*>(this) + kFirst, bytes - kFirst);
  return RecordPtr::adopt(copied);
}

UserId Record::id() const noexcept {
  UserId id;
  static_assert(UserId::kCharacters == kUserIdBytes);
  write_user_id(uuid_, id.characters_.data());
  return id;
}

std::optional<std::string_view> Record::find(std::string_view key) const noexcept {
  const char* at = tag_bytes();
  for (std::size_t left = tag_count(); left != 0; --left) {
    const Tag tag = read_tag(at);
    if (tag.key == key) return tag.value;
  }
  return std::nullopt;
}

namespace {

// Of the tags at the beginning, how much the whole ones among the first bytes take.
std::size_t bytes_of_whole(std::string_view tags, std::size_t bytes) noexcept {
  const char* const end = tags.data() + bytes;
  const char* whole = tags.data();
  for (const char* next = whole; next < end;) {
    read_tag(next);
    if (next <= end) whole = next;
  }
  return static_cast<std::size_t>(whole - tags.data());
}

}   // namespace

// Equal tags are equal bytes; what the last of these begin may go on otherwise.
void take_common_tags(std::string_view& left, std::string_view& right) noexcept {
  std::size_t bytes = common_bytes(left, right);
  if (bytes != std::min(left.size(), right.size())) bytes = bytes_of_whole(left, bytes);
  left.remove_prefix(bytes);
  right.remove_prefix(bytes);
}

std::size_t Record::walked_size() const noexcept {
  const char* end = tag_bytes();
  for (std::size_t left = tag_count(); left != 0; --left) read_tag(end);
  return static_cast<std::size_t>(end - reinterpret_cast<const char*>(this));
}

std::size_t Record::memory_bytes() const noexcept {
  return RecordSlabs::memory_bytes(size());
}

// The one definition of each, for hosts, who see no more than their declarations in <usertags/user.hpp>.
void retain(const Record* record) noexcept {
  record->add_reference();
}
void release(const Record* record) noexcept {
  record->drop_reference();
}

}   // namespace usertags::model

namespace usertags {

TagIterator::TagIterator(const model::Record& record) noexcept
    : next_(record.tag_bytes()), remaining_(record.tag_count()) {
  if (remaining_ != 0) load();
}

void TagIterator::load() noexcept {
  tag_ = model::read_tag(next_);
}

std::size_t TagsView::size() const noexcept {
  return snapshot_ ? snapshot_.get()->tag_count() : 0;
}

// A User that was moved from has empty texts, revision 0, and no tags.
UserId User::id() const noexcept {
  return snapshot_ ? snapshot_.get()->id() : UserId();
}

std::string_view User::external_id() const noexcept {
  return snapshot_ ? snapshot_.get()->external_id() : std::string_view();
}

std::uint64_t User::revision() const noexcept {
  return snapshot_ ? snapshot_.get()->revision() : 0;
}

std::optional<TagValue> User::tag(std::string_view key) const noexcept {
  if (!snapshot_) return std::nullopt;
  const std::optional<std::string_view> value = snapshot_.get()->find(key);
  if (!value) return std::nullopt;
  return TagValue(snapshot_, *value);
}

bool User::operator==(const User& other) const noexcept {
  const model::Record* const mine = snapshot_.get();
  const model::Record* const its = other.snapshot_.get();
  if (mine == its) return true;
  return mine != nullptr && its != nullptr && mine->version_bytes() == its->version_bytes();
}

UserId UserView::id() const noexcept {
  return record_->id();
}
std::string_view UserView::external_id() const noexcept {
  return record_->external_id();
}
std::uint64_t UserView::revision() const noexcept {
  return record_->revision();
}

std::optional<std::string_view> UserView::tag(std::string_view key) const noexcept {
  return record_->find(key);
}

}   // namespace usertags
