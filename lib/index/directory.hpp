// Directory: every user's versions, by the hash of the external id, in shards of their own small locks.
//
// A shard keeps one record an external id: its newest version. Predecessors that somebody may still have to
// see stand beside it, in a map from version to predecessor that is empty in steady state, so that a record
// bears no link. A chain may hold several users, one after the other, that had the same external id, with
// tombstones between them.
//
// A look-up is one hash, one lock, one probe (slot_table.hpp). Growing moves one shard's slots, some
// thousandth of all users'.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "index/slot_table.hpp"
#include "model/record.hpp"
#include "model/thread_annotations.hpp"

namespace usertags::index {

using RecordTable = SlotTable<model::RecordPtr, &model::Record::external_id>;

class Directory {
 public:
  static std::uint32_t hash(std::string_view external_id) noexcept { return slot_hash(external_id); }

  // Loading only: nobody reads yet. Throw std::bad_alloc. False where the external id is taken.
  void reserve_users(std::span<const std::uint32_t> hashes);
  bool load(std::uint32_t hash, model::RecordPtr record);

  // --- Publishing: one thread at a time, with the hash of the user's external id. ---

  // Room for a version of this user, so that push() cannot fail. Throws std::bad_alloc.
  void reserve(std::uint32_t hash, bool is_new);
  void cancel(std::uint32_t hash, bool is_new) noexcept;
  // What reserving room for so many new users, by their hashes, would add to heap_bytes().
  std::size_t growth(std::span<const std::uint32_t> hashes) const noexcept;
  // The version becomes the newest of its external id; what was it becomes its predecessor.
  void push(std::uint32_t hash, model::RecordPtr version, bool is_new) noexcept;

  // Fetch what a look-up or a push waits for; the records when their slots have had time to come.
  void prefetch(std::uint32_t hash) const noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
    shards_[shard_of(hash)].records.prefetch(hash);
  }
  void prefetch_record(std::uint32_t hash) const noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
    shards_[shard_of(hash)].records.prefetch_item(hash);
  }

  // Forgets what came before the version; with a tombstone that is still the newest, the entry as a whole.
  // Any thread.
  void drop_predecessor(std::uint32_t hash, const model::Record& version) noexcept;

  // --- Reading, any thread. ---

  // Calls function(const Record&) under the shard's lock with the version of the user that is the newest up
  // to `revision`; false where there is none or it is a tombstone. `revision()` is asked for under the lock:
  // a predecessor that was needed before the revision moved on is dropped under the same lock afterwards.
  template <class Revision, class Function>
  bool visit(std::string_view external_id, Revision&& revision, Function&& function) const {
    const std::uint32_t hash = Directory::hash(external_id);
    const auto is_meant = [&](const Shard&, const model::Record& newest) {
      return newest.external_id() == external_id;
    };
    return visit_newest(hash, is_meant, revision, [&](const model::Record& record) {
      function(record);
      return true;
    });
  }
  // The same for the user of an ordinal, with the hash of its external id.
  template <class Revision, class Function>
  bool visit(std::uint32_t ordinal, std::uint32_t hash, Revision&& revision, Function&& function) const {
    // Called under the shard's lock, which the analysis does not see here.
    const auto is_meant = [&](const Shard& shard, const model::Record& newest)
                              USERTAGS_NO_THREAD_SAFETY_ANALYSIS { return shard.leads_to(newest, ordinal); };
    return visit_newest(hash, is_meant, revision, [&](const model::Record& record) {
      if (record.ordinal() != ordinal) return false;   // a later user of the same external id
      function(record);
      return true;
    });
  }

  // Of the tables. Predecessors are not counted: they are there while a group is published, or a snapshot
  // lives.
  std::size_t heap_bytes() const noexcept { return table_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 256;

  using Predecessors = boost::unordered_flat_map<const model::Record*, model::RecordPtr>;

  struct alignas(64) Shard {
    mutable model::Mutex mutex;
    RecordTable records USERTAGS_GUARDED_BY(mutex);
    Predecessors predecessors USERTAGS_GUARDED_BY(mutex);
    std::size_t awaited USERTAGS_GUARDED_BY(mutex) = 0;         // versions that room is kept for, …
    std::size_t awaited_users USERTAGS_GUARDED_BY(mutex) = 0;   // … and those of them that are new users

    void make_room_for_predecessor() USERTAGS_REQUIRES(mutex);
    void release_large_room() noexcept USERTAGS_REQUIRES(mutex);
    const model::Record* predecessor_of(const model::Record& version) const noexcept USERTAGS_REQUIRES(mutex);
    // Whether a version of the user stands in the chain that begins with `newest`.
    bool leads_to(const model::Record& newest, std::uint32_t ordinal) const noexcept USERTAGS_REQUIRES(mutex);
  };

  static std::size_t shard_of(std::uint32_t hash) noexcept { return hash >> 24; }

  template <class IsMeant, class Revision, class Function>
  bool visit_newest(std::uint32_t hash, IsMeant&& is_meant, Revision&& revision, Function&& function) const {
    const Shard& shard = shards_[shard_of(hash)];
    const model::MutexLock lock(shard.mutex);
    const std::size_t place =
        shard.records.find(hash, [&](const model::Record& newest) { return is_meant(shard, newest); });
    if (place == RecordTable::kNone) return false;
    const model::Record* version = &shard.records.at(place);
    const std::uint64_t visible = revision();
    while (version->revision() > visible) {
      version = shard.predecessor_of(*version);
      if (version == nullptr) return false;
    }
    return !version->is_tombstone() && function(*version);
  }

  void reserve(Shard& shard, std::size_t users) USERTAGS_REQUIRES(shard.mutex);

  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> table_bytes_{0};
};

}   // namespace usertags::index
