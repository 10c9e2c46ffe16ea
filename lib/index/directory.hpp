// Directory: every user's versions, by the hash of the external id, in shards. Readers take no lock
// (record_table.hpp); a small lock a shard is between those who change it: the publisher, and whoever takes out
// what nobody has to see any more.
//
// A look-up is one hash, a line that its thread alone writes, and one probe. Growing moves one shard's slots,
// some thousandth of all users'.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "index/epochs.hpp"
#include "index/record_table.hpp"
#include "model/record.hpp"
#include "model/thread_annotations.hpp"

namespace usertags::index {

class Directory {
 public:
  explicit Directory(Limbo& limbo) noexcept : limbo_(limbo) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  static std::uint32_t hash(std::string_view external_id) noexcept { return slot_hash(external_id); }

  // Loading only: nobody reads yet. Throw std::bad_alloc. False where the external id is taken.
  void reserve_users(std::span<const std::uint32_t> hashes);
  bool load(std::uint32_t hash, model::RecordPtr record);

  // --- Publishing: one thread at a time, with the hash of the user's external id. ---

  // Room for a new user, so that push() cannot fail. Throws std::bad_alloc.
  void reserve_new(std::uint32_t hash);
  void cancel_new(std::uint32_t hash) noexcept;
  // What reserving room for so many new users, by their hashes, would add to heap_bytes().
  std::size_t growth(std::span<const std::uint32_t> hashes) const noexcept;
  // The version becomes the newest of its external id, by way of the link (RecordTable::push).
  void push(std::uint32_t hash, model::RecordPtr version, bool is_new, Link& link) noexcept;

  // Forgets what came before the link's version (RecordTable::unlink). Any thread, one after the other.
  void unlink(std::uint32_t hash, Link& link) noexcept;

  // --- Reading, any thread. ---

  // Calls function(const Record&) with the version of the user that is the newest up to `revision()`; false where
  // there is none or it is a tombstone. The record is there until the function returns. The revision is asked for before
  // the versions are looked for: all up to it were pushed by then. Those that are dropped on the way leave a newer one,
  // or a newer revision, with which the look-up begins anew.
  template <class Revision, class Function>
  bool visit(std::string_view external_id, Revision&& revision, Function&& function) const {
    const auto is_meant = [&](const Versions& versions) {
      return versions.newest().external_id() == external_id;
    };
    return visit_newest(Directory::hash(external_id), is_meant, revision, [&](const model::Record& record) {
      function(record);
      return true;
    });
  }
  // The same for the user of an ordinal, with the hash of its external id.
  template <class Revision, class Function>
  bool visit(std::uint32_t ordinal, std::uint32_t hash, Revision&& revision, Function&& function) const {
    const auto is_meant = [&](const Versions& versions) { return leads_to(versions, ordinal); };
    return visit_newest(hash, is_meant, revision, [&](const model::Record& record) {
      if (record.ordinal() != ordinal) return false;   // a later user of the same external id
      function(record);
      return true;
    });
  }

  // Fetch what a look-up or a push waits for; the records when their slots have had time to come. Of the thread that
  // reserves, or under an EpochGuard.
  void prefetch(std::uint32_t hash) const noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
    shards_[shard_of(hash)].records.prefetch(hash);
  }
  void prefetch_record(std::uint32_t hash) const noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
    shards_[shard_of(hash)].records.prefetch_record(hash);
  }

  // Of the tables. Links are not counted: they are there while a group is published, or a snapshot lives.
  std::size_t heap_bytes() const noexcept { return table_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 256;

  struct alignas(64) Shard {
    mutable model::Mutex mutex;   // of those who change it
    RecordTable records USERTAGS_GUARDED_BY(mutex);
    std::size_t awaited USERTAGS_GUARDED_BY(mutex) = 0;   // new users that room is kept for
  };

  static std::size_t shard_of(std::uint32_t hash) noexcept { return hash >> 24; }

  // Whether a version of the user is among them.
  static bool leads_to(Versions versions, std::uint32_t ordinal) noexcept {
    while (versions && versions.newest().ordinal() != ordinal) versions = versions.older();
    return bool{versions};
  }

  template <class IsMeant, class Revision, class Function>
  bool visit_newest(std::uint32_t hash, IsMeant&& is_meant, Revision&& revision,
                    Function&& function) const USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
    const EpochGuard reading;
    while (true) {
      const std::uint64_t visible = revision();
      Versions versions = shards_[shard_of(hash)].records.find(hash, is_meant);
      if (!versions) return false;
      while (versions && versions.newest().revision() > visible) versions = versions.older();
      if (versions) return !versions.newest().is_tombstone() && function(versions.newest());
      // The user came later; or what was visible was dropped meanwhile, which only a newer moment allows.
      if (revision() == visible) return false;
    }
  }

  void reserve(Shard& shard, std::size_t users) USERTAGS_REQUIRES(shard.mutex);

  Limbo& limbo_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> table_bytes_{0};
};

}   // namespace usertags::index
