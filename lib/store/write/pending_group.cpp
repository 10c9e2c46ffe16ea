#include "store/write/pending_group.hpp"

#include <algorithm>

#include "model/digest.hpp"
#include "model/typeid.hpp"
#include "store/memory/memory_budget.hpp"

namespace usertags::store {

void PendingGroup::begin(const sqlite::State& committed, std::int64_t now_ms, std::int64_t lived_ms) {
  state_ = committed;
  state_.lived_ms = std::max(committed.lived_ms, lived_ms);
  state_.last_at_ms = std::max(committed.last_at_ms, now_ms);
  newest_.clear();
  transitions_.clear();
  entries_.clear();
  forget_index();
  patches_.clear();
  growth_ = 0;
  token_places_.clear();
  tokens_.clear();
}

const model::Record* PendingGroup::find(std::string_view external_id) const {
  if (newest_.empty()) return nullptr;
  const auto found = newest_.find(external_id);
  return found == newest_.end() ? nullptr : found->second;
}

const model::Record* PendingGroup::find_ordinal(std::uint32_t ordinal) const {
  for (; indexed_ < entries_.size(); ++indexed_)
    last_changes_.insert_or_assign(entries_[indexed_].version->ordinal(), indexed_);
  const auto last = last_changes_.find(ordinal);
  return last == last_changes_.end() ? nullptr : entries_[last->second].version;
}

const model::Token* PendingGroup::find_token(std::string_view token) const {
  if (tokens_.empty()) return nullptr;
  const auto found = token_places_.find(token);
  return found == token_places_.end() ? nullptr : &tokens_[found->second];
}

void PendingGroup::forget_index() noexcept {
  last_changes_.clear();
  indexed_ = 0;
}

void PendingGroup::make_room() {
  if (entries_.size() < entries_.capacity() && transitions_.size() < transitions_.capacity()) return;
  const std::size_t room = std::max<std::size_t>(256, 2 * entries_.size());
  transitions_.reserve(room);
  entries_.reserve(room);
}

void PendingGroup::add(model::ChangeKind kind, index::Transition transition, std::string_view patch,
                       std::string_view note) {
  const model::Record& after = *transition.after;
  make_room();
  const std::size_t patch_begin = patches_.size();
  patches_.append(patch);
  // The key has to be the text of a version that lives as long as the entry does: the first one's.
  const auto newest = newest_.try_emplace(after.external_id(), nullptr).first;

  // From here on nothing fails.
  const model::Record* const version_before = std::exchange(newest->second, &after);
  growth_ += MemoryBudget::growth(transition.before.get(), after);
  state_.revision += 1;
  state_.last_ordinal = std::max(state_.last_ordinal, after.ordinal());
  if (transition.before) state_.digest -= model::user_hash(*transition.before);
  if (kind != model::ChangeKind::deleted) state_.digest += model::user_hash(after);
  transitions_.push_back(std::move(transition));
  entries_.push_back({&after, version_before, kind, patch_begin, patch.size(), note, 0, 0});
}

void PendingGroup::remember(model::Token token) {
  token.seq = state_.last_token + 1;
  token.lived_ms = state_.lived_ms;
  tokens_.push_back(token);
  try {
    token_places_.emplace(token.text, tokens_.size() - 1);
  } catch (...) {
    tokens_.pop_back();
    throw;
  }
  state_.last_token = token.seq;
  growth_ += MemoryBudget::growth(token.text);
}

PendingGroup::Beginning PendingGroup::begin_transaction() const {
  return {state_, entries_.size(), patches_.size(), tokens_.size(), growth_};
}

void PendingGroup::end_transaction(const Beginning& beginning) noexcept {
  std::uint64_t remaining = entries_.size() - beginning.changes;
  for (Entry& entry : std::span(entries_).subspan(beginning.changes)) entry.remaining = --remaining;
}

// From the last on, so that each user's version before is in place again when the first is gone.
void PendingGroup::take_back(const Beginning& beginning) noexcept {
  for (std::size_t i = entries_.size(); i > beginning.changes; --i) {
    const Entry& entry = entries_[i - 1];
    if (entry.version_before == nullptr)
      newest_.erase(entry.version->external_id());
    else
      newest_.find(entry.version->external_id())->second = entry.version_before;
  }
  for (std::size_t i = tokens_.size(); i > beginning.tokens; --i) token_places_.erase(tokens_[i - 1].text);
  entries_.resize(beginning.changes);
  if (indexed_ > beginning.changes) forget_index();
  transitions_.resize(beginning.changes);
  patches_.resize(beginning.patch_bytes);
  tokens_.resize(beginning.tokens);
  growth_ = beginning.growth;
  state_ = beginning.state;
}

void PendingGroup::seal() noexcept {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    state_.log_checksum = model::chain_checksum(state_.log_checksum, change(i));
    entries_[i].checksum = state_.log_checksum;
  }
}

model::Change PendingGroup::change(std::size_t index) const noexcept {
  const Entry& entry = entries_[index];
  return {.revision = entry.version->revision(),
          .ordinal = entry.version->ordinal(),
          .remaining = entry.remaining,
          .at_ms = state_.last_at_ms,
          .lived_ms = state_.lived_ms,
          .kind = entry.kind,
          .patch = std::string_view(patches_).substr(entry.patch_begin, entry.patch_size),
          .note = entry.note};
}

}   // namespace usertags::store
