#include "store/pending_group.hpp"

#include <algorithm>

#include "model/digest.hpp"
#include "model/typeid.hpp"

namespace usertags::store {

void PendingGroup::begin(const sqlite::State& committed, std::int64_t now_ms) {
  state_ = committed;
  state_.last_at_ms = std::max(committed.last_at_ms, now_ms);
  newest_.clear();
  steps_.clear();
  entries_.clear();
  patches_.clear();
}

const model::Record* PendingGroup::find(std::string_view external_id) const {
  if (newest_.empty()) return nullptr;
  const auto found = newest_.find(external_id);
  return found == newest_.end() ? nullptr : found->second;
}

void PendingGroup::make_room() {
  if (entries_.size() < entries_.capacity() && steps_.size() < steps_.capacity()) return;
  const std::size_t room = std::max<std::size_t>(256, 2 * entries_.size());
  steps_.reserve(room);
  entries_.reserve(room);
}

void PendingGroup::add(model::ChangeKind kind, index::Step step, std::string_view patch,
                       std::string_view note) {
  const model::Record& after = *step.after;
  make_room();
  const std::size_t patch_begin = patches_.size();
  patches_.append(patch);
  // The key has to be the text of the version that lives as long as the group does: the first one's.
  newest_.try_emplace(after.external_id(), &after).first->second = &after;

  // From here on nothing fails.
  state_.revision += 1;
  state_.last_ordinal = std::max(state_.last_ordinal, after.ordinal());
  if (step.before) state_.digest -= model::user_hash(*step.before);
  if (kind != model::ChangeKind::deleted) state_.digest += model::user_hash(after);
  steps_.push_back(std::move(step));
  entries_.push_back({&after, kind, patch_begin, patch.size(), note, 0});
  state_.log_checksum = model::chain_checksum(state_.log_checksum, change(entries_.size() - 1));
  entries_.back().checksum = state_.log_checksum;
}

model::Change PendingGroup::change(std::size_t index) const noexcept {
  const Entry& entry = entries_[index];
  return {.revision = entry.version->revision(),
          .ordinal = entry.version->ordinal(),
          .remaining = 0,
          .at_ms = state_.last_at_ms,
          .kind = entry.kind,
          .patch = std::string_view(patches_).substr(entry.patch_begin, entry.patch_size),
          .note = entry.note};
}

}   // namespace usertags::store
