// Change and Position: the store's log, as the change feed and the history of a user show it.
//
//   auto position = usertags::Position::parse(saved);   // Position() stands before the first change
//   while (position && running()) {
//     auto page = store.changes(*position);
//     if (!page) return report(page.error());           // e.g. history_pruned
//     for (const usertags::Change& change : page->changes) forward(change);
//     save(page->next.text());
//     position = page->next;
//     if (page->changes.empty()) std::ignore = store.wait_for_changes(*position, std::chrono::minutes(1));
//   }
//
// Plain values: they own all that they hold, and outlive the store. UserTagStore answers them in changes()
// and history().
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/export.hpp>
#include <usertags/page.hpp>

namespace usertags {

namespace model {
class PositionAccess;   // the engine's way to make Positions
}   // namespace model

// The text of a position, in place: 55 characters of A to Z, a to z, 0 to 9, '-' and '_'. Opaque.
class PositionText {
 public:
  static constexpr std::size_t kCharacters = 55;   // always

  // Views of it live as long as it does.
  std::string_view view() const noexcept USERTAGS_LIFETIMEBOUND {
    return {characters_.data(), characters_.size()};
  }
  operator std::string_view() const noexcept USERTAGS_LIFETIMEBOUND { return view(); }
  operator std::string() const { return std::string(view()); }   // owns the text

 private:
  friend class Position;
  std::array<char, kCharacters> characters_{};
};

// A place in one store's sequence of changes: behind the change of its revision. A position never expires,
// but the changes behind it may be pruned. A default-made Position stands before the first change. It belongs
// to no store, and every store takes it.
class USERTAGS_EXPORT Position {
 public:
  Position() noexcept = default;   // before the first change

  // Takes what text() made. Errors: invalid_argument.
  [[nodiscard]] static Result<Position> parse(std::string_view text) noexcept;
  PositionText text() const noexcept;   // to keep

  std::uint64_t revision() const noexcept { return revision_; }   // of the change before it; 0: of none
  // The store's epoch when the position was taken. It grows when a store is opened after an unclean end, when
  // a copy is first opened for writing, and when foreign changes are adopted. After the first two, the same
  // revision may stand for another change.
  std::uint64_t epoch() const noexcept { return epoch_; }
  // In the same store and epoch, behind another revision.
  Position at(std::uint64_t revision) const noexcept;

  bool operator==(const Position&) const = default;

 private:
  friend class model::PositionAccess;

  std::array<std::uint8_t, 16> store_id_{};   // all zero: of no store
  std::uint64_t epoch_ = 0;
  std::uint64_t revision_ = 0;
};

// What happened to a user. The numbers never change.
enum class ChangeKind : std::uint8_t { created = 1, patched = 2, deleted = 3 };

// "created", "patched" and "deleted".
USERTAGS_EXPORT std::string_view to_string(ChangeKind) noexcept;

// What became of one key.
struct TagChange {
  std::string key{};                     // each once in a change
  std::optional<std::string> value{};    // none: removed
  std::optional<std::string> before{};   // what it had; none: the user had no such tag

  bool operator==(const TagChange&) const = default;
};

// One change of one user.
struct Change {
  std::uint64_t revision = 0;      // its own: the changes of a store are numbered from 1, without a gap
  std::uint64_t transaction = 0;   // the revision of the transaction's last change: the same for all of them
  std::chrono::sys_time<std::chrono::milliseconds> at{};   // UTC; never earlier than in the change before
  ChangeKind kind{};                                       // what happened to the user
  std::string user_id{};                                   // never another user's
  std::string external_id{};                               // another user may get it after a deletion
  // By key. Of a creation: all tags. Of a patch: those that really changed. Of a deletion: all that the user
  // had, removed.
  std::vector<TagChange> tags{};
  // False: a change that was adopted, and nothing told what was before. Then a patch has all tags that the
  // user had afterwards, without `before`, and a deletion has none.
  bool before_known = true;
  std::string note{};   // who or why; empty: none

  bool operator==(const Change&) const = default;
};

// Whole transactions, in order, without a gap.
struct ChangePage {
  std::vector<Change> changes{};   // empty: there is none behind the position yet
  Position next{};                 // behind the last of them: where the next page starts
  // The position was taken in another epoch of the store. If a power loss under Durability::relaxed took
  // changes back, or an older copy was restored, the reader has seen changes that the store no longer has.
  bool epoch_changed = false;
};

// A user who came to the users of a selector, or went from them: membership_changes().
struct MembershipChange {
  // Whether the selector means the user now.
  enum class Kind : std::uint8_t { entered = 1, left = 2 };

  Kind kind{};                 // came, or went
  std::string user_id{};       // never another user's
  std::string external_id{};   // the user's, also of one who was deleted

  bool operator==(const MembershipChange&) const = default;
};

// "entered" and "left".
USERTAGS_EXPORT std::string_view to_string(MembershipChange::Kind) noexcept;

// The changes of one user, newest first.
struct HistoryPage {
  std::vector<Change> changes{};   // empty: none is kept
  std::optional<Cursor> next{};    // none: this was the last page
  std::uint64_t floor = 0;         // the oldest revision still kept: older changes are not in the history
};

}   // namespace usertags
