#include "model/record.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <new>

#include <usertags/user.hpp>

namespace usertags::model {

namespace {

std::size_t stored_bytes(std::span<const Tag> tags) noexcept {
  std::size_t bytes = 0;
  for (const Tag& tag : tags) {
    const std::size_t lengths = tag.value.size() < kLongValueBytes ? 2 : 4;
    bytes += lengths + tag.key.size() + tag.value.size();
  }
  return bytes;
}

char* append(std::string_view text, char* out) noexcept {
  return std::ranges::copy(text, out).out;
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
  const bool lengths_fit = std::ranges::all_of(tags, [](const Tag& tag) {
    return tag.key.size() <= kMaxKeyBytes && tag.value.size() <= kMaxValueBytes;
  });
  return lengths_fit;
}

Record* Record::allocate(std::uint32_t ordinal, std::uint64_t revision, const Uuid& id,
                         std::string_view external_id, std::size_t tag_count, std::size_t tag_bytes) {
  static_assert(sizeof(Record) == 40 && offsetof(Record, text_) == 38);
  const std::size_t size = offsetof(Record, text_) + external_id.size() + tag_bytes;
  auto* record = new (::operator new(std::max(size, sizeof(Record))))
      Record(ordinal, revision, id, external_id.size(), tag_count, size);
  append(external_id, record->text());
  return record;
}

void Record::free() const noexcept {
  this->~Record();
  ::operator delete(const_cast<Record*>(this));
}

RecordPtr Record::make(std::uint32_t ordinal, std::uint64_t revision, const Uuid& id,
                       std::string_view external_id, std::span<const Tag> tags) {
  assert(has_room_for(external_id, tags) && strictly_ascending(tags));
  Record* record = allocate(ordinal, revision, id, external_id, tags.size(), stored_bytes(tags));
  char* out = record->text() + external_id.size();
  for (const Tag& tag : tags) out = append(tag, out);
  return RecordPtr::adopt(record);
}

RecordPtr Record::make_tombstone(const Record& last_version, std::uint64_t revision) {
  return RecordPtr::adopt(allocate(last_version.ordinal(), revision, last_version.uuid(),
                                   last_version.external_id(), kTombstone, 0));
}

RecordPtr Record::copy() const {
  constexpr std::size_t kFirst = offsetof(Record, ordinal_);   // behind the count, which others write
  const std::size_t bytes = std::max(size(), sizeof(Record));
  auto* const block = static_cast<char*>(::operator new(bytes));
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

std::size_t Record::walked_size() const noexcept {
  const char* end = tag_bytes();
  for (std::size_t left = tag_count(); left != 0; --left) read_tag(end);
  return static_cast<std::size_t>(end - reinterpret_cast<const char*>(this));
}

std::size_t Record::memory_bytes() const noexcept {
  return heap_bytes(size());
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
