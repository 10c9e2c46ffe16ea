// Record: one version of one user, immutable, in one block of memory.
//
//   Record     header, with the id's 16 bytes | external id | tags
//   a tag      key length, 1 byte | value length, 1 byte; 255: it is in 2 more bytes, little-endian |
//              key | value
//
// Tags are sorted bytewise by key, each key once. External id and tags are hashed as they lie here (digest.hpp),
// so the layout of tags is part of the file format.
// A Record is counted by reference, from any thread. A tombstone is the last version of a deleted user: it
// has id and external id, and no tags; it never reaches a host.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <usertags/tag.hpp>
#include <usertags/user.hpp>

#include "model/bytes.hpp"
#include "model/typeid.hpp"

namespace usertags::model {

class RecordPtr;
class RecordBlocks;   // record_blocks.hpp
struct RecordBlock;
struct TagDelta;   // change.hpp

class Record {
 public:
  // What the layout has room for. The rules of keys and values ask for less, but a file may hold anything.
  static constexpr std::size_t kMaxTags = 0xFFFE;
  static constexpr std::size_t kMaxKeyBytes = 0xFF;
  static constexpr std::size_t kMaxValueBytes = 0xFFFF;
  static constexpr std::size_t kMaxExternalIdBytes = 0xFFFF;
  static bool has_room_for(std::string_view external_id, std::span<const Tag> tags) noexcept;

  // Makes the version of a user. `tags` are sorted by key, each once; there is room for them. Throws
  // std::bad_alloc.
  static RecordPtr make(std::uint32_t ordinal, std::uint64_t revision, const Uuid& id,
                        std::string_view external_id, std::span<const Tag> tags);
  // The version that follows on one. `deltas` are sorted by key, each key once; what one of them has as `before` is a
  // view of this version's value. There is room for what comes of it. It takes one of the blocks, if any are given.
  // Throws std::bad_alloc.
  static RecordPtr make_next(const Record& before, std::uint64_t revision, std::span<const TagDelta> deltas,
                             RecordBlocks* blocks = nullptr);
  static bool has_room_for(const Record& before, std::span<const TagDelta> deltas) noexcept;
  static RecordPtr make_tombstone(const Record& last_version, std::uint64_t revision);
  // The same version in a block of its own, with a count of its own: whoever counts a reference writes into
  // what all readers of the user look at. Throws std::bad_alloc.
  RecordPtr copy() const;

  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  std::uint32_t ordinal() const noexcept { return ordinal_; }
  std::uint64_t revision() const noexcept { return revision_; }
  const Uuid& uuid() const noexcept { return uuid_; }
  UserId id() const noexcept;   // its text
  std::string_view external_id() const noexcept { return {text(), external_id_bytes_}; }
  bool is_tombstone() const noexcept { return tag_count_ == kTombstone; }
  std::size_t tag_count() const noexcept { return is_tombstone() ? 0 : tag_count_; }
  std::uint16_t hashed_tag_count() const noexcept { return tag_count_; }   // of a tombstone 65,535
  TagIterator begin() const noexcept { return TagIterator(*this); }
  TagIterator end() const noexcept { return {}; }
  std::optional<std::string_view> find(std::string_view key) const noexcept;

  // Where the first tag begins: for TagIterator.
  const char* tag_bytes() const noexcept { return text() + external_id_bytes_; }
  // All tags, as they lie there: where two versions have the same bytes, they have the same tags.
  std::string_view tag_texts() const noexcept { return texts().substr(external_id_bytes_); }
  // External id and tags, as they are hashed.
  std::string_view texts() const noexcept { return {text(), size() - offsetof(Record, text_)}; }
  // All but the ordinal: of equal versions alike.
  std::string_view version_bytes() const noexcept {
    return {reinterpret_cast<const char*>(&revision_), size() - offsetof(Record, revision_)};
  }
  // What the record takes in memory, the allocator's own bytes estimated.
  std::size_t memory_bytes() const noexcept;

  // Fetches it into the cache, or what of it is looked at first: two lines have most users whole.
  static void prefetch(const Record* record) noexcept {
    __builtin_prefetch(record);
    __builtin_prefetch(reinterpret_cast<const char*>(record) + 64);
  }

  // A new record has one reference.
  void add_reference() const noexcept { references_.fetch_add(kReference, std::memory_order_relaxed); }
  void drop_reference() const noexcept {
    if (drops_last_reference()) free();
  }
  // With the last one, the block comes to these.
  void drop_reference(RecordBlocks& blocks) const noexcept {
    if (drops_last_reference()) free(blocks);
  }

 private:
  // References are counted in twos; the lowest bit is set where the block is one of a slab.
  static constexpr std::uint32_t kReference = 2;

  static constexpr std::uint16_t kTombstone = std::numeric_limits<std::uint16_t>::max();

  // In size_: so much, or more. The tags of such a record are walked to tell.
  static constexpr std::size_t kNotTold = std::numeric_limits<std::uint16_t>::max();

  Record(bool is_of_slab, std::uint32_t ordinal, std::uint64_t revision, const Uuid& uuid,
         std::size_t external_id_bytes, std::size_t tag_count, std::size_t size) noexcept
      : references_(kReference + (is_of_slab ? 1 : 0)),
        ordinal_(ordinal),
        revision_(revision),
        uuid_(uuid),
        external_id_bytes_(static_cast<std::uint16_t>(external_id_bytes)),
        tag_count_(static_cast<std::uint16_t>(tag_count)),
        size_(static_cast<std::uint16_t>(std::min(size, kNotTold))) {}
  // For copy(): all but the count is copied in.
  Record() noexcept {}   // NOLINT(modernize-use-equals-default): nothing is to be written, zeros neither
  ~Record() = default;
  // A header: the space for external id and tags behind it is not written.
  static Record* allocate(std::uint32_t ordinal, std::uint64_t revision, const Uuid& id,
                          std::size_t external_id_bytes, std::size_t tag_count, std::size_t tag_bytes,
                          RecordBlocks* blocks = nullptr);
  void free() const noexcept;
  void free(RecordBlocks& blocks) const noexcept;
  bool drops_last_reference() const noexcept {
    return is_last_reference() || is_one(references_.fetch_sub(kReference, std::memory_order_acq_rel));
  }
  // Then nobody else can count another: whoever drops it saves the write, which costs more than a look.
  bool is_last_reference() const noexcept { return is_one(references_.load(std::memory_order_acquire)); }
  static bool is_one(std::uint32_t references) noexcept { return references / kReference == 1; }
  RecordBlock block() const noexcept;
  std::size_t block_bytes() const noexcept;   // that were asked for

  const char* text() const noexcept { return reinterpret_cast<const char*>(this) + offsetof(Record, text_); }
  char* text() noexcept { return reinterpret_cast<char*>(this) + offsetof(Record, text_); }
  // Of the whole block.
  std::size_t size() const noexcept { return size_ < kNotTold ? size_ : walked_size(); }
  std::size_t walked_size() const noexcept;

  mutable std::atomic<std::uint32_t> references_{kReference};
  std::uint32_t ordinal_;
  std::uint64_t revision_;
  Uuid uuid_;
  std::uint16_t external_id_bytes_;
  std::uint16_t tag_count_;
  std::uint16_t size_;              // of the whole
  [[maybe_unused]] char text_[2];   // the first of it; the block goes on
};

// A value length of this, or more, is in two more bytes.
inline constexpr std::size_t kLongValueBytes = 0xFF;

// Reads the tag at `at`, and moves on to the next.
inline Tag read_tag(const char*& at) noexcept {
  const std::size_t key_bytes = static_cast<std::uint8_t>(at[0]);
  std::size_t value_bytes = static_cast<std::uint8_t>(at[1]);
  const char* key = at + 2;
  if (value_bytes == kLongValueBytes) [[unlikely]] {
    value_bytes = load_number<std::uint16_t>(key);
    key += sizeof(std::uint16_t);
  }
  at = key + key_bytes + value_bytes;
  return {{key, key_bytes}, {key + key_bytes, value_bytes}};
}

// Takes the first tag off a version's tag_texts(), or off what is left of them: there is one.
inline Tag take_tag(std::string_view& tags) noexcept {
  const char* next = tags.data();
  const Tag tag = read_tag(next);
  tags.remove_prefix(static_cast<std::size_t>(next - tags.data()));
  return tag;
}

// Takes off those that both begin with.
void take_common_tags(std::string_view& left, std::string_view& right) noexcept;

// A counted reference inside the engine; SnapshotRef is the same for hosts.
class RecordPtr {
 public:
  RecordPtr() noexcept = default;
  static RecordPtr adopt(const Record* record) noexcept { return RecordPtr(record); }
  static RecordPtr share(const Record& record) noexcept {
    record.add_reference();
    return RecordPtr(&record);
  }
  RecordPtr(const RecordPtr& other) noexcept : record_(other.record_) {
    if (record_ != nullptr) record_->add_reference();
  }
  RecordPtr(RecordPtr&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  RecordPtr& operator=(RecordPtr other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~RecordPtr() {
    if (record_ != nullptr) record_->drop_reference();
  }

  // Drops the reference, if there is one, as Record::drop_reference() does.
  void drop(RecordBlocks& blocks) noexcept {
    if (record_ != nullptr) std::exchange(record_, nullptr)->drop_reference(blocks);
  }

  const Record* get() const noexcept { return record_; }
  const Record& operator*() const noexcept { return *record_; }
  const Record* operator->() const noexcept { return record_; }
  explicit operator bool() const noexcept { return record_ != nullptr; }
  const Record* detach() noexcept { return std::exchange(record_, nullptr); }

 private:
  explicit RecordPtr(const Record* adopted) noexcept : record_(adopted) {}

  const Record* record_ = nullptr;
};

// The way from records to what hosts hold.
class UserAccess {
 public:
  static User user(RecordPtr record) noexcept { return User(SnapshotRef(record.detach())); }
  static UserView view(const Record& record) noexcept { return UserView(record); }
  static const Record& record(const User& user) noexcept { return *user.snapshot_.get(); }
};

}   // namespace usertags::model
