// RecordTable: the newest version of each user by the hash of the external id, in slots (slot_table.hpp) that
// are read without a lock (epochs.hpp).
//
//   slot ─▶ record                        a version that nobody has to see behind
//   slot ─▶ link ─▶ older ─▶ …            a version whose predecessor somebody may still have to see
//              └─▶ record
//
// A link lies with the publication that brought its version, and goes with it: so a record bears no link of its
// own, and in steady state there is none. A chain may hold several users, one after the other, that had the
// same external id, with tombstones between them.
//
// One thread at a time changes the table; the caller sees to that. Any number of threads read meanwhile, each
// under an EpochGuard. They ask for the visible revision before they load what leads to versions, slots and links: so all
// that is visible was pushed by then. A version that was unlinked meanwhile they may miss, and look again
// (Directory::visit).
//
// - Growing copies the slots, and shows the copy. Whoever is in the old ones sees the table as it was.
// - Erasing moves slots back, past those who look for them. `shifts_` is odd meanwhile, and another when it is
//   done: who finds nothing and sees that it changed looks again.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>

#include "index/epochs.hpp"
#include "index/slot_table.hpp"
#include "model/page_runs.hpp"
#include "model/record.hpp"

namespace usertags::index {

struct Link;

// The versions of one external id, newest first: a word that leads to a record or to a link.
class Versions {
 public:
  Versions() noexcept = default;
  explicit Versions(std::uintptr_t word) noexcept : word_(word) {}
  static Versions alone(const model::Record& version) noexcept;
  static Versions linked(const Link& link) noexcept;

  explicit operator bool() const noexcept { return word_ != 0; }
  bool operator==(const Versions&) const = default;
  std::uintptr_t word() const noexcept { return word_; }

  bool is_linked() const noexcept { return (word_ & kIsLink) != 0; }
  Link& link() const noexcept;   // of one that is
  const model::Record& newest() const noexcept;
  Versions older() const noexcept;

 private:
  static constexpr std::uintptr_t kIsLink = 1;   // records and links lie at even addresses

  std::uintptr_t word_ = 0;
};

// A version with its predecessors. Empty, until its version is pushed on top of another.
struct Link {
  const model::Record* version = nullptr;
  std::atomic<std::uintptr_t> older{0};   // a Versions
  model::RecordPtr dropped;               // what nobody has to see any more, when the link is taken out
};

static_assert(alignof(Link) > 1 && alignof(model::Record) > 1);

inline Versions Versions::alone(const model::Record& version) noexcept {
  return Versions(reinterpret_cast<std::uintptr_t>(&version));
}
inline Versions Versions::linked(const Link& link) noexcept {
  return Versions(reinterpret_cast<std::uintptr_t>(&link) | kIsLink);
}
inline Link& Versions::link() const noexcept {
  return *reinterpret_cast<Link*>(word_ - kIsLink);
}
inline const model::Record& Versions::newest() const noexcept {
  return is_linked() ? *link().version : *reinterpret_cast<const model::Record*>(word_);
}
inline Versions Versions::older() const noexcept {
  return is_linked() ? Versions(link().older.load(std::memory_order_seq_cst)) : Versions();
}

class RecordTable {
 public:
  RecordTable() noexcept = default;
  RecordTable(const RecordTable&) = delete;
  RecordTable& operator=(const RecordTable&) = delete;
  ~RecordTable();   // every link was taken out

  // --- Reading, under an EpochGuard. ---

  // The versions of the external id with this hash for which matches(Versions) holds.
  template <class Matches>
  Versions find(std::uint32_t hash, Matches&& matches) const {
    while (true) {
      const std::uint32_t shifts = shifts_.load(std::memory_order_acquire);
      const Slots* const slots = slots_.load(std::memory_order_seq_cst);
      if (slots == nullptr) return {};
      if (const Place found = find_in(*slots, hash, matches); found.versions) return found.versions;
      if (shifts % 2 == 0 && shifts == shifts_.load(std::memory_order_acquire)) return {};
      std::this_thread::yield();
    }
  }

  // Fetch into the cache what a find will look at: its slots first; when they are there, the record.
  void prefetch(std::uint32_t hash) const noexcept;
  void prefetch_record(std::uint32_t hash) const noexcept;

  // --- For the thread that changes it. ---

  std::size_t size() const noexcept { return size_; }
  std::size_t heap_bytes() const noexcept { return memory_bytes(capacity()); }
  // What it will take once reserve() has made room for so many external ids.
  std::size_t heap_bytes_for(std::size_t items) const noexcept {
    return memory_bytes(slots::capacity_for(capacity(), items, Growth::by_a_quarter));
  }
  // Room for so many external ids. Throws std::bad_alloc, with nothing changed.
  void reserve(std::size_t items, Limbo& limbo);

  // A new external id: there is room. False where it is not new.
  bool insert(std::uint32_t hash, model::RecordPtr record) noexcept;
  // The version becomes the newest of its external id; where there was one, on top of it and through the link,
  // which stays where it is until it was unlinked, and nobody sees it.
  void push(std::uint32_t hash, model::RecordPtr version, Link& link) noexcept;
  // Takes out what push() made of the link, if anything; those that were pushed before it are out. Nobody has
  // to see what was before its version. Where that is a tombstone, and the newest, the external id is erased.
  // The caller keeps the link and a reference to its version until nobody sees them.
  void unlink(std::uint32_t hash, Link& link) noexcept;

 private:
  using Slot = std::atomic<std::uint64_t>;
  static std::size_t memory_bytes(std::size_t slots) noexcept {
    return model::PageRun::memory_bytes(slots * sizeof(Slot));
  }

  struct Slots final : Garbage {
    explicit Slots(std::size_t size)
        : capacity(size), memory(size * sizeof(Slot)), slot(static_cast<Slot*>(memory.at())) {
      std::uninitialized_value_construct_n(slot, size);
    }
    const std::size_t capacity;
    const model::PageRun memory;
    Slot* const slot;

    std::uint64_t load(std::size_t place) const noexcept {
      return slot[place].load(std::memory_order_seq_cst);
    }
    void store(std::size_t place, std::uint64_t word) noexcept {
      slot[place].store(word, std::memory_order_seq_cst);
    }
    std::size_t after(std::size_t place) const noexcept { return slots::after(place, capacity); }
  };

  static Versions versions_in(std::uint64_t slot) noexcept { return Versions(slots::address_in(slot)); }
  static std::uint64_t slot_of(std::uint32_t hash, Versions versions) noexcept {
    return slots::make(slots::tag_of(hash), versions.word());
  }

  struct Place {
    std::size_t number = 0;
    Versions versions;   // none: it is free
  };
  template <class Matches>
  static Place find_in(const Slots& slots, std::uint32_t hash, Matches&& matches) {
    for (std::size_t place = slots::home_of(hash, slots.capacity);; place = slots.after(place)) {
      const std::uint64_t slot = slots.load(place);
      if (slot == 0) return {place, {}};
      if (slots::tag_in(slot) == slots::tag_of(hash) && matches(versions_in(slot)))
        return {place, versions_in(slot)};
    }
  }

  Slots* slots() const noexcept { return slots_.load(std::memory_order_relaxed); }
  std::size_t capacity() const noexcept { return slots() == nullptr ? 0 : slots()->capacity; }
  Place place_of(std::uint32_t hash, std::string_view external_id) const noexcept;   // there are slots
  void add(const Place& free, std::uint32_t hash, model::RecordPtr record) noexcept;
  static void prefetch(Versions versions) noexcept;
  static void insert_new(Slots& slots, std::uint64_t slot, std::uint32_t hash) noexcept;
  void erase(std::size_t place) noexcept;

  std::atomic<Slots*> slots_{nullptr};   // owned
  std::atomic<std::uint32_t> shifts_{0};
  std::size_t size_ = 0;
};

}   // namespace usertags::index
