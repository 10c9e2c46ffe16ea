// Record: one version of one user, immutable, in one block of memory.
//
//   Record     header | id, 31 bytes | external id | tags
//   a tag      key length, 1 byte | value length, 2 bytes little-endian | key | value
//
// Tags are sorted bytewise by key, each key once. All bytes from the revision on are the input of the user's
// hash (digest.hpp), so their layout is part of the file format.
// A Record is counted by reference, from any thread. A tombstone is the last version of a deleted user: it
// has id and external id, and no tags; it never reaches a host.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <usertags/tag.hpp>
#include <usertags/user.hpp>

#include "model/typeid.hpp"

namespace usertags::model {

static_assert(std::endian::native == std::endian::little, "records are hashed as they lie in memory");

class RecordPtr;

class Record {
 public:
  // Makes the version of a user. `tags` are sorted by key and valid. Throws std::bad_alloc.
  static RecordPtr make(std::uint32_t ordinal, std::uint64_t revision, std::string_view id,
                        std::string_view external_id, std::span<const Tag> tags);
  static RecordPtr make_tombstone(const Record& last_version, std::uint64_t revision);

  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  std::uint32_t ordinal() const noexcept { return ordinal_; }
  std::uint64_t revision() const noexcept { return revision_; }
  std::string_view id() const noexcept { return {text(), kUserIdBytes}; }
  std::string_view external_id() const noexcept { return {text() + kUserIdBytes, external_id_bytes_}; }
  bool is_tombstone() const noexcept { return tag_count_ == kTombstone; }
  std::size_t tag_count() const noexcept { return is_tombstone() ? 0 : tag_count_; }
  TagIterator begin() const noexcept { return TagIterator(*this); }
  TagIterator end() const noexcept { return {}; }
  std::optional<std::string_view> find(std::string_view key) const noexcept;

  // Where the first tag begins: for TagIterator.
  const char* tag_bytes() const noexcept { return text() + kUserIdBytes + external_id_bytes_; }
  // The input of the user's hash.
  std::string_view hashed_bytes() const noexcept;
  // What the record takes in memory, the allocator's own bytes estimated.
  std::size_t memory_bytes() const noexcept;

  static constexpr std::size_t kMaxTags = 0xFFFE;

 private:
  friend class RecordPtr;
  friend void retain(const Record*) noexcept;
  friend void release(const Record*) noexcept;
  static constexpr std::uint16_t kTombstone = 0xFFFF;

  Record() = default;
  static Record* allocate(std::size_t size);
  const char* text() const noexcept { return reinterpret_cast<const char*>(this) + kHeaderBytes; }
  char* text() noexcept { return reinterpret_cast<char*>(this) + kHeaderBytes; }

  mutable std::atomic<std::uint32_t> references_{1};
  std::uint32_t ordinal_ = 0;
  std::uint64_t revision_ = 0;   // hashed from here
  std::uint32_t size_ = 0;       // of the whole block
  std::uint16_t external_id_bytes_ = 0;
  std::uint16_t tag_count_ = 0;

  static constexpr std::size_t kHeaderBytes = 24;
};

static_assert(sizeof(Record) == 24);

inline void retain(const Record* record) noexcept {
  record->references_.fetch_add(1, std::memory_order_relaxed);
}

// A counted reference inside the engine; SnapshotRef is the same for hosts.
class RecordPtr {
 public:
  RecordPtr() noexcept = default;
  static RecordPtr adopt(const Record* record) noexcept { return RecordPtr(record); }
  static RecordPtr share(const Record& record) noexcept {
    retain(&record);
    return RecordPtr(&record);
  }
  RecordPtr(const RecordPtr& other) noexcept : record_(other.record_) {
    if (record_ != nullptr) retain(record_);
  }
  RecordPtr(RecordPtr&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  RecordPtr& operator=(RecordPtr other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~RecordPtr() {
    if (record_ != nullptr) release(record_);
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
