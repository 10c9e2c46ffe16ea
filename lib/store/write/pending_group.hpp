// PendingGroup: what the writes of one group come to, decided and not yet committed. It is the overlay in
// which later writes of the group see earlier ones; dropping it leaves no trace of them. The changes of a
// transaction can be taken back from it, up to its end.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/projection.hpp"
#include "model/change.hpp"
#include "model/record.hpp"
#include "sqlite/state.hpp"

namespace usertags::store {

class PendingGroup {
 public:
  // Starts over, after `committed`, at a time, and lived time.
  void begin(const sqlite::State& committed, std::int64_t now_ms, std::int64_t lived_ms);

  // The user as this group leaves it so far: null where the group has nothing of it, a tombstone where the
  // group deleted it.
  const model::Record* find(std::string_view external_id) const;
  const model::Record* find_ordinal(std::uint32_t ordinal) const;   // throws std::bad_alloc
  const model::Token* find_token(std::string_view token) const;

  // Notes a change, and brings the state up to it. `state().revision + 1` is its revision. The note must live
  // as long as the group. Throws std::bad_alloc, and then has noted nothing.
  void add(model::ChangeKind kind, index::Transition transition, std::string_view patch,
           std::string_view note);

  // Remembers a token, whose number and time it gives; the text must live as long as the group. Likewise.
  void remember(model::Token token);

  // A transaction: what is added behind its beginning becomes one, or is taken back.
  struct Beginning {
    sqlite::State state;
    std::size_t changes = 0;
    std::size_t patch_bytes = 0;
    std::size_t tokens = 0;
    std::int64_t growth = 0;
  };
  Beginning begin_transaction() const;
  void end_transaction(const Beginning& beginning) noexcept;
  void take_back(const Beginning& beginning) noexcept;

  // Chains the log's entries, when all are there; checksum(i) and state() are right from then on.
  void seal() noexcept;

  bool empty() const noexcept { return entries_.empty() && tokens_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }   // changes
  bool has_changes() const noexcept { return !entries_.empty(); }
  std::size_t patch_bytes() const noexcept { return patches_.size(); }
  std::int64_t growth() const noexcept { return growth_; }   // of memory (memory_budget.hpp)

  // For the projection to prepare. It keeps the records alive from then on; the group only looks at them.
  std::vector<index::Transition> take_transitions() noexcept { return std::move(transitions_); }

  // As it will be when the group is committed.
  sqlite::State& state() noexcept { return state_; }
  const sqlite::State& state() const noexcept { return state_; }

  // The log's entries; checksum(i) is chained up to it; version(i) is what the entry leads to.
  model::Change change(std::size_t index) const noexcept;
  std::uint64_t checksum(std::size_t index) const noexcept { return entries_[index].checksum; }
  const model::Record& version(std::size_t index) const noexcept { return *entries_[index].version; }

  std::span<const model::Token> tokens() const noexcept { return tokens_; }

 private:
  struct Entry {
    const model::Record* version;
    const model::Record* version_before;   // of the external id in this group; null: there was none
    model::ChangeKind kind;
    std::size_t patch_begin;
    std::size_t patch_size;
    std::string_view note;
    std::uint64_t remaining;
    std::uint64_t checksum;
  };

  void make_room();
  void forget_index() noexcept;

  sqlite::State state_;
  std::vector<index::Transition> transitions_;
  std::vector<Entry> entries_;
  std::string patches_;
  // The newest version of each user that the group touched; keys are the text of the first one.
  boost::unordered_flat_map<std::string_view, const model::Record*> newest_;
  // The last change of each ordinal, among as many changes; made when somebody asks for one.
  mutable boost::unordered_flat_map<std::uint32_t, std::size_t> last_changes_;
  mutable std::size_t indexed_ = 0;
  std::int64_t growth_ = 0;
  std::vector<model::Token> tokens_;
  boost::unordered_flat_map<std::string_view, std::size_t> token_places_;
};

}   // namespace usertags::store
