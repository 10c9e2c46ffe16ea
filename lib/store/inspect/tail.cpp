#include "store/inspect/tail.hpp"

#include <algorithm>
#include <utility>

#include "model/failure.hpp"
#include "model/segment.hpp"
#include "store/load/log_walk.hpp"

namespace usertags::store {
namespace {

using model::Change;
using model::ChangeKind;
using model::TagDelta;

// So many are looked for in a segment's text faster than it is read.
constexpr std::size_t kFew = 8;

// What a patch takes beside its text, more or less.
constexpr std::size_t kPatchBytes = 64;

[[noreturn]] void fail_unreadable(std::uint64_t revision) {
  model::fail(ErrorCode::corrupt_store, unreadable_change(revision));
}

// Both sorted by key; of a key that is in both, the newer one counts.
std::vector<TagDelta> merged(std::span<const TagDelta> older, std::span<const TagDelta> newer) {
  std::vector<TagDelta> deltas;
  deltas.reserve(older.size() + newer.size());
  auto old = older.begin();
  for (const TagDelta& delta : newer) {
    for (; old != older.end() && old->key < delta.key; ++old) deltas.push_back(*old);
    if (old != older.end() && old->key == delta.key) ++old;
    deltas.push_back(delta);
  }
  deltas.insert(deltas.end(), old, older.end());
  return deltas;
}

}   // namespace

void Tail::read_of(std::span<const std::uint32_t> ordinals, sqlite::Connection& connection,
                   const sqlite::State& state) {
  patches_.clear();
  bytes_ = 0;
  end_ = kNoEnd;
  if (ordinals.empty() || state.folded_revision == state.revision) return;
  std::vector<std::uint32_t> asked(ordinals.begin(), ordinals.end());
  std::ranges::sort(asked);
  const auto is_read = [&](const model::Segment& segment) {
    return asked.size() > kFew ||
           std::ranges::any_of(asked, [&](std::uint32_t ordinal) { return has_entry_of(ordinal, segment); });
  };
  const auto on_change = [&](const Change& change, const model::Segment&) {
    if (std::ranges::binary_search(asked, change.ordinal)) add(change);
  };
  walk_log(connection, state, state.folded_revision + 1, refuse_problem, on_change, is_read);
}

void Tail::read_from(std::uint32_t first, sqlite::Connection& connection, const sqlite::State& state) {
  patches_.clear();
  bytes_ = 0;
  end_ = kNoEnd;
  if (state.folded_revision == state.revision) return;
  walk_log(connection, state, state.folded_revision + 1, refuse_problem,
           [&](const Change& change, const model::Segment&) {
             if (change.ordinal < first || change.ordinal >= end_) return;
             add(change);
             if (bytes_ > most_bytes_ && patches_.size() > 1) let_go_of_a_half();
           });
}

// Creations and deletions are in their rows already.
void Tail::add(const Change& change) {
  if (change.kind != ChangeKind::patched) return;
  if (!is_well_formed(change.patch)) fail_unreadable(change.revision);
  const auto [found, is_new] = patches_.try_emplace(change.ordinal);
  Patch& patch = found->second;
  if (is_new) {
    patch.text = change.patch;
    bytes_ += kPatchBytes;
  } else {
    bytes_ -= patch.text.capacity();
    merge(patch, change);
  }
  patch.revision = change.revision;
  bytes_ += patch.text.capacity();
}

void Tail::merge(Patch& patch, const Change& newer) {
  const auto before = older_.patch(patch.text);
  if (!before) fail_unreadable(patch.revision);
  const auto after = newer_.patch(newer.patch);
  if (!after) fail_unreadable(newer.revision);
  std::string text;
  model::append_patch(merged(*before, *after), text);
  patch.text = std::move(text);
}

// Of those with the higher ordinals: their turn comes later.
void Tail::let_go_of_a_half() {
  std::vector<std::uint32_t> ordinals;
  ordinals.reserve(patches_.size());
  for (const auto& [ordinal, patch] : patches_) ordinals.push_back(ordinal);
  const auto middle = ordinals.begin() + static_cast<std::ptrdiff_t>(ordinals.size() / 2);
  std::ranges::nth_element(ordinals, middle);
  end_ = *middle;
  boost::unordered::erase_if(patches_, [&](const auto& entry) { return entry.first >= end_; });
  bytes_ = 0;
  for (const auto& [ordinal, patch] : patches_) bytes_ += kPatchBytes + patch.text.capacity();
}

bool Tail::lay_over(model::RecordPtr& row) {
  const auto found = patches_.find(row->ordinal());
  if (found == patches_.end()) return false;
  Patch& patch = found->second;
  patch.is_taken = true;
  if (row->is_tombstone() || row->revision() >= patch.revision) return false;
  Change change;
  change.revision = patch.revision;
  change.ordinal = row->ordinal();
  change.patch = patch.text;
  model::RecordPtr patched = replay_.patch(change, *row);
  if (!patched) fail_unreadable(patch.revision);
  row = std::move(patched);
  return true;
}

void Tail::expect_nothing_left() const {
  for (const auto& [ordinal, patch] : patches_) {
    if (patch.is_taken) continue;
    refuse_problem(
        {VerifyReport::Kind::user_row, ErrorCode::foreign_write, {}, missing_row(ordinal, patch.revision)});
  }
}

}   // namespace usertags::store
