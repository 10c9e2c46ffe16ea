// Directory: every user's versions, by the hash of the external id, in shards of their own small locks.
//
// A shard keeps one entry an external id: its newest version. Predecessors that somebody may still have to
// see stand beside it, in a map from version to predecessor that is empty in steady state, so that a record
// bears no link. A chain may hold several users, one after the other, that had the same external id, with
// tombstones between them.
//
// A look-up is one hash, one lock, one probe: the bucket and the record are the two cache lines it waits for.
// A rehash moves one shard's entries, some thousandth of all users.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "model/record.hpp"
#include "model/thread_annotations.hpp"

namespace usertags::index {

class Directory {
 public:
  // 32 bits of XXH3-64; the upper ones choose the shard.
  static std::uint32_t hash(std::string_view external_id) noexcept;

  // Throws std::bad_alloc. Loading only: nobody reads yet. False where the external id is taken.
  bool load(model::RecordPtr record);
  void reserve(std::size_t users);

  // --- Publishing: one thread at a time. ---

  // Room for a version of this user, so that push() cannot fail. Throws std::bad_alloc.
  void reserve(const model::Record& version);
  void cancel(const model::Record& version) noexcept;
  // The version becomes the newest of its external id; what was it becomes its predecessor.
  void push(model::RecordPtr version) noexcept;
  // Forgets what came before the version; with a tombstone that is still the newest, the entry as a whole.
  void drop_predecessor(const model::Record& version) noexcept;

  // --- Reading, any thread. ---

  // Calls function(const Record&) under the shard's lock with the version of the user that is the newest up
  // to `revision`; false where there is none or it is a tombstone. `revision()` is asked for under the lock:
  // a predecessor that was needed before the revision moved on is dropped under the same lock afterwards.
  template <class Revision, class Function>
  bool visit(std::string_view external_id, Revision&& revision, Function&& function) const {
    return visit_key(ByExternalId{hash(external_id), external_id}, revision,
                     [&](const model::Record& record) {
                       function(record);
                       return true;
                     });
  }
  // The same for the user of an ordinal, with the hash of its external id.
  template <class Revision, class Function>
  bool visit(std::uint32_t ordinal, std::uint32_t hash, Revision&& revision, Function&& function) const {
    return visit_key(ByOrdinal{hash, ordinal}, revision, [&](const model::Record& record) {
      if (record.ordinal() != ordinal) return false;   // a later user of the same external id
      function(record);
      return true;
    });
  }

  std::size_t heap_bytes() const noexcept;

 private:
  static constexpr std::size_t kShards = 256;

  struct ByExternalId {
    std::uint32_t hash;
    std::string_view external_id;
  };
  struct ByOrdinal {
    std::uint32_t hash;
    std::uint32_t ordinal;
  };

  // The key of an entry is its external id, the same for all versions: replacing one leaves the set in order.
  struct Entry {
    mutable model::RecordPtr newest;
  };
  using Predecessors = boost::unordered_flat_map<const model::Record*, model::RecordPtr>;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Entry& entry) const noexcept {
      return Directory::hash(entry.newest->external_id());
    }
    std::size_t operator()(const ByExternalId& key) const noexcept { return key.hash; }
    std::size_t operator()(const ByOrdinal& key) const noexcept { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const Predecessors* predecessors = nullptr;

    bool operator()(const Entry& left, const Entry& right) const noexcept {
      return left.newest->external_id() == right.newest->external_id();
    }
    bool operator()(const Entry& entry, const ByExternalId& key) const noexcept {
      return entry.newest->external_id() == key.external_id;
    }
    bool operator()(const ByExternalId& key, const Entry& entry) const noexcept {
      return (*this)(entry, key);
    }
    bool operator()(const Entry& entry, const ByOrdinal& key) const noexcept;
    bool operator()(const ByOrdinal& key, const Entry& entry) const noexcept { return (*this)(entry, key); }
  };
  using Entries = boost::unordered_flat_set<Entry, Hash, Equal>;

  struct alignas(64) Shard {
    mutable model::Mutex mutex;
    Predecessors predecessors USERTAGS_GUARDED_BY(mutex);
    Entries entries USERTAGS_GUARDED_BY(mutex){0, Hash(), Equal{&predecessors}};
    std::size_t awaited USERTAGS_GUARDED_BY(mutex) = 0;   // versions that room is kept for

    void make_room() USERTAGS_REQUIRES(mutex);
  };

  static std::size_t shard_of(std::uint32_t hash) noexcept { return hash >> 24; }

  template <class Key, class Revision, class Function>
  bool visit_key(const Key& key, Revision&& revision, Function&& function) const {
    const Shard& shard = shards_[shard_of(key.hash)];
    const model::MutexLock lock(shard.mutex);
    const auto entry = shard.entries.find(key);
    if (entry == shard.entries.end()) return false;
    const model::Record* version = entry->newest.get();
    const std::uint64_t newest = revision();
    while (version->revision() > newest) {
      const auto older = shard.predecessors.find(version);
      if (older == shard.predecessors.end()) return false;
      version = older->second.get();
    }
    return !version->is_tombstone() && function(*version);
  }

  std::array<Shard, kShards> shards_;
};

}   // namespace usertags::index
