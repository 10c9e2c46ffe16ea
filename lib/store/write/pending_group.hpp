// PendingGroup: what the writes of one group come to, decided and not yet committed. It is the overlay in
// which later writes of the group see earlier ones; dropping it leaves no trace of them. The changes of a
// transaction can be taken back from it, up to its end.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>

#include "index/projection.hpp"
#include "model/record.hpp"
#include "model/segment.hpp"
#include "model/typeid.hpp"
#include "sqlite/state.hpp"

namespace usertags::store {

// --- Numbers that a store gives come once. Errors: memory_budget_exceeded, where all have been given. ---

// Those that the file keeps, and one more, which the floors of log and tokens may be at, have 63 bits.
inline constexpr std::uint64_t kLastNumber = std::numeric_limits<std::int64_t>::max() - 1;
Error used_up(std::string_view numbers);
// The id of the user who is created behind `state`, for 64 random bits. There is an ordinal for it, too.
Result<model::Uuid> next_id(const sqlite::State& state, std::uint64_t random, std::string_view external_id);

class PendingGroup {
 public:
  // Starts over, after `committed`, at a time, and lived time.
  void begin(const sqlite::State& committed, std::int64_t now_ms, std::int64_t lived_ms);

  // The user as this group leaves it so far: null where the group has nothing of it, a tombstone where the
  // group deleted it.
  const model::Record* find(std::uint32_t ordinal) const;
  // Who has the external id, as this group leaves it so far: `published` had it before. Null: nobody.
  const model::Record* holder(const model::Record* published, std::string_view external_id) const;
  const model::Token* find_token(std::string_view token) const;

  // Notes a change, with the deltas of a patch, and brings the state up to it. `state().revision + 1` is its
  // revision. A transition without a version before, other than a creation's, is one of which nothing tells
  // what was there. False where the transaction would come to more than model::kMaxTransactionBytes: then
  // nothing is noted. Throws std::bad_alloc, and then has noted nothing either.
  [[nodiscard]] bool add(model::ChangeKind kind, index::Transition transition,
                         std::span<const model::TagDelta> deltas, std::string_view note);

  // Remembers a token, whose number and time it gives; the text must live as long as the group. Likewise.
  void remember(model::Token token);

  // Changes the settings: a group that does nothing else is one, too.
  void change_settings(const StoredSettings& settings) noexcept {
    state_.settings = settings;
    has_settings_ = true;
  }

  // The same as add(), for changes whose text is there already (replaying.hpp): segments as they were written, each
  // before its changes. Throw std::bad_alloc; the group is then of no use.
  void begin_segment(std::string_view text);
  void replay(model::ChangeKind kind, index::Transition transition);

  // A transaction: what is added behind its beginning becomes one, or is taken back.
  struct Beginning {
    sqlite::State state;
    std::size_t changes = 0;
    std::size_t segments = 0;
    std::size_t text_bytes = 0;
    std::size_t tokens = 0;
    std::int64_t growth = 0;
  };
  Beginning begin_transaction();
  void end_transaction() noexcept { transaction_.reset(); }
  void take_back(const Beginning& beginning) noexcept;

  // Chains the log's segments, when all changes and tokens are there; segment(i) and state() are right from
  // then on.
  void seal() noexcept;

  bool empty() const noexcept { return entries_.empty() && tokens_.empty() && !has_settings_; }
  std::size_t size() const noexcept { return entries_.size(); }   // changes
  bool has_changes() const noexcept { return !entries_.empty(); }
  std::size_t text_bytes() const noexcept { return text_.size(); }   // of the log
  std::int64_t growth() const noexcept { return growth_; }           // of memory (memory_budget.hpp)

  // Room for so many changes, so that transitions() stay where they are. Throws std::bad_alloc.
  void make_room_for(std::size_t changes);
  std::span<const index::Transition> transitions() const noexcept { return transitions_; }
  // For the projection to prepare. It keeps the records alive from then on; the group only looks at them.
  std::vector<index::Transition> take_transitions() noexcept { return std::move(transitions_); }

  // As it will be when the group is committed.
  sqlite::State& state() noexcept { return state_; }
  const sqlite::State& state() const noexcept { return state_; }

  // Of each change; version(i) is what it leads to.
  model::ChangeKind kind(std::size_t index) const noexcept { return entries_[index].kind; }
  const model::Record& version(std::size_t index) const noexcept { return *entries_[index].version; }

  // What the log gets.
  std::size_t segments() const noexcept { return segments_.size(); }
  model::Segment segment(std::size_t index) const noexcept;

  std::span<const model::Token> tokens() const noexcept { return tokens_; }

 private:
  struct Entry {
    const model::Record* version;
    // Whose place it took in this group, among the newest, or, of a creation, among the created. Null: nobody's.
    const model::Record* replaced;
    model::ChangeKind kind;
  };
  // Of a segment, where it begins: among the entries, and in the text.
  struct Start {
    std::size_t entry = 0;
    std::size_t text = 0;
    std::uint64_t checksum = 0;   // at its end
  };

  void make_room();
  const model::Record* enter(model::ChangeKind kind, const model::Record& version);
  void take(model::ChangeKind kind, index::Transition transition, const model::Record* replaced) noexcept;
  bool begins_segment() const noexcept;
  void write_entry(model::ChangeKind kind, const index::Transition& transition,
                   std::span<const model::TagDelta> deltas, std::string_view note);
  void cut_text(std::size_t bytes) noexcept;

  sqlite::State state_;
  std::vector<index::Transition> transitions_;
  std::vector<Entry> entries_;
  std::vector<Start> segments_;
  std::string text_;   // of the segments, one behind the other, each an array that is closed
  // Of the transaction under way: its first entry, and where its text begins.
  std::optional<Start> transaction_;
  // The newest version of each user that the group touched, by ordinal.
  boost::unordered_flat_map<std::uint32_t, const model::Record*> newest_;
  // Whom the group created last under each external id, as created; a key is the text of the first one.
  boost::unordered_flat_map<std::string_view, const model::Record*> created_;
  std::int64_t growth_ = 0;
  bool has_settings_ = false;
  std::vector<model::Token> tokens_;
  boost::unordered_flat_map<std::string_view, std::size_t> token_places_;
};

}   // namespace usertags::store
