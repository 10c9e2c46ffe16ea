// From an entry of an outer log to the group that it was.
#pragma once

#include "sqlite/state.hpp"
#include "store/load/replay.hpp"
#include "store/memory/memory.hpp"
#include "store/write/outer_log.hpp"
#include "store/write/pending_group.hpp"

namespace usertags::store {

// The entry of a group that is sealed, on its way from the state `before`. Throws std::bad_alloc.
Entry entry_of(const sqlite::State& before, const PendingGroup& group);

// Makes the group that the entry was, behind `committed`, which memory shows: its state is that of who wrote it,
// to the last checksum. Throws Failure (corrupt_store) where the entry does not belong there, or says what no
// store writes; std::bad_alloc. The group is then of no use.
class EntryReplay {
 public:
  explicit EntryReplay(const Memory& memory) noexcept : memory_(memory) {}

  void run(const Entry& entry, const sqlite::State& committed, PendingGroup& group);

 private:
  void add_segment(const Entry::Text& text, PendingGroup& group);
  void add_change(const model::Change& change, PendingGroup& group);
  model::RecordPtr living(std::uint32_t ordinal, const PendingGroup& group) const;
  bool is_new(const model::Record& user, const PendingGroup& group) const;
  bool is_taken(std::string_view external_id, const PendingGroup& group) const;
  void add_tokens(const Entry& entry, PendingGroup& group) const;

  const Memory& memory_;
  Replay replay_;
  model::SegmentDecoder decoder_;
};

}   // namespace usertags::store
