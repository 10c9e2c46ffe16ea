#include "store/write/pending_group.hpp"

#include <algorithm>
#include <utility>

#include "model/digest.hpp"
#include "store/memory/memory_budget.hpp"

namespace usertags::store {

Error used_up(std::string_view numbers) {
  return {ErrorCode::memory_budget_exceeded,
          Error::Details{.what = "the store has given all of its " + std::string(numbers),
                         .remedy = "load the users into a new store"}};
}

Result<model::Uuid> next_id(const sqlite::State& state, std::uint64_t random, std::string_view external_id) {
  if (state.last_ordinal == std::numeric_limits<std::uint32_t>::max())
    return std::unexpected(used_up("2^32 - 1 ordinals"));
  const model::Uuid id =
      model::next_user_uuid(state.last_id, state.last_at_ms, random, model::slot_of(external_id));
  if (id <= state.last_id) return std::unexpected(used_up("ids"));
  return id;
}

void PendingGroup::begin(const sqlite::State& committed, std::int64_t now_ms, std::int64_t lived_ms) {
  state_ = committed;
  state_.lived_ms = std::max(committed.lived_ms, lived_ms);
  state_.last_at_ms = std::max(committed.last_at_ms, now_ms);
  newest_.clear();
  created_.clear();
  transitions_.clear();
  entries_.clear();
  segments_.clear();
  text_.clear();
  transaction_.reset();
  growth_ = 0;
  has_settings_ = false;
  token_places_.clear();
  tokens_.clear();
}

const model::Record* PendingGroup::find(std::uint32_t ordinal) const {
  const auto found = newest_.find(ordinal);
  return found == newest_.end() ? nullptr : found->second;
}

// One who was deleted in this group may have been followed by one who was created in it.
const model::Record* PendingGroup::holder(const model::Record* published,
                                          std::string_view external_id) const {
  if (published != nullptr) {
    const model::Record* const newest = find(published->ordinal());
    if (newest == nullptr) return published;
    if (!newest->is_tombstone()) return newest;
  }
  if (created_.empty()) return nullptr;
  const auto created = created_.find(external_id);
  if (created == created_.end()) return nullptr;
  const model::Record* const newest = find(created->second->ordinal());
  return newest->is_tombstone() ? nullptr : newest;
}

const model::Token* PendingGroup::find_token(std::string_view token) const {
  if (tokens_.empty()) return nullptr;
  const auto found = token_places_.find(token);
  return found == token_places_.end() ? nullptr : &tokens_[found->second];
}

void PendingGroup::make_room_for(std::size_t changes) {
  transitions_.reserve(changes);
  entries_.reserve(changes);
}

void PendingGroup::make_room() {
  if (entries_.size() < entries_.capacity() && transitions_.size() < transitions_.capacity()) return;
  const std::size_t room = std::max<std::size_t>(256, 2 * entries_.size());
  transitions_.reserve(room);
  entries_.reserve(room);
}

bool PendingGroup::add(model::ChangeKind kind, index::Transition transition,
                       std::span<const model::TagDelta> deltas, std::string_view note) {
  make_room();
  const std::size_t bytes = text_.size();
  const std::size_t segments = segments_.size();
  const auto take_text_back = [&]() noexcept {
    segments_.resize(segments);
    cut_text(bytes);
  };
  const model::Record* replaced = nullptr;
  try {
    write_entry(kind, transition, deltas, note);
    if (text_.size() - (transaction_ ? transaction_->text : bytes) > model::kMaxTransactionBytes) {
      take_text_back();
      return false;
    }
    replaced = enter(kind, *transition.after);
  } catch (...) {
    take_text_back();
    throw;
  }
  take(kind, std::move(transition), replaced);
  return true;
}

void PendingGroup::begin_segment(std::string_view text) {
  segments_.push_back({entries_.size(), text_.size(), 0});
  text_ += text;
}

void PendingGroup::replay(model::ChangeKind kind, index::Transition transition) {
  make_room();
  const model::Record* const replaced = enter(kind, *transition.after);
  take(kind, std::move(transition), replaced);
}

// Answers whose place it took. A creation's ordinal is new, and its external id may have been another's in this group.
const model::Record* PendingGroup::enter(model::ChangeKind kind, const model::Record& version) {
  if (kind != model::ChangeKind::created)
    return std::exchange(newest_.try_emplace(version.ordinal(), nullptr).first->second, &version);
  const auto created = created_.try_emplace(version.external_id(), nullptr).first;
  try {
    newest_.emplace(version.ordinal(), &version);
  } catch (...) {
    if (created->second == nullptr) created_.erase(created);
    throw;
  }
  return std::exchange(created->second, &version);
}

// There is room for it.
void PendingGroup::take(model::ChangeKind kind, index::Transition transition,
                        const model::Record* replaced) noexcept {
  const model::Record& after = *transition.after;
  growth_ += MemoryBudget::growth(transition.before.get(), after);
  state_.revision += 1;
  state_.last_ordinal = std::max(state_.last_ordinal, after.ordinal());
  model::replace_user(transition.before.get(), after, state_.digest);
  transitions_.push_back(std::move(transition));
  entries_.push_back({&after, replaced, kind});
}

// --- The log's text. ---

bool PendingGroup::begins_segment() const noexcept {
  if (segments_.empty()) return true;
  const bool in_transaction = transaction_ && transaction_->entry < entries_.size();
  return !in_transaction && text_.size() - segments_.back().text >= model::kSegmentBytes;
}

// The text ends with a bracket that closes a segment: an entry takes its place, or begins the next one.
void PendingGroup::write_entry(model::ChangeKind kind, const index::Transition& transition,
                               std::span<const model::TagDelta> deltas, std::string_view note) {
  if (begins_segment()) {
    segments_.push_back({entries_.size(), text_.size(), 0});
    text_ += '[';
  } else {
    text_.back() = ',';
  }
  model::append_entry({.kind = kind,
                       .follows = transaction_ ? entries_.size() - transaction_->entry : 0,
                       .before = transition.before.get(),
                       .after = transition.after.get(),
                       .deltas = deltas,
                       .note = note},
                      text_);
  text_ += ']';
}

void PendingGroup::cut_text(std::size_t bytes) noexcept {
  text_.resize(bytes);
  if (bytes != 0) text_.back() = ']';
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

PendingGroup::Beginning PendingGroup::begin_transaction() {
  transaction_ = {entries_.size(), text_.size(), 0};
  return {state_, entries_.size(), segments_.size(), text_.size(), tokens_.size(), growth_};
}

namespace {

void put_back(auto& versions, const auto& key, const model::Record* replaced) noexcept {
  if (replaced == nullptr)
    versions.erase(key);
  else
    versions.find(key)->second = replaced;
}

}   // namespace

// From the last on, so that each user's version before is in place again when the first is gone.
void PendingGroup::take_back(const Beginning& beginning) noexcept {
  for (std::size_t i = entries_.size(); i > beginning.changes; --i) {
    const auto& [version, replaced, kind] = entries_[i - 1];
    const bool creates = kind == model::ChangeKind::created;
    if (creates) put_back(created_, version->external_id(), replaced);
    put_back(newest_, version->ordinal(), creates ? nullptr : replaced);
  }
  for (std::size_t i = tokens_.size(); i > beginning.tokens; --i) token_places_.erase(tokens_[i - 1].text);
  entries_.resize(beginning.changes);
  transitions_.resize(beginning.changes);
  segments_.resize(beginning.segments);
  cut_text(beginning.text_bytes);
  tokens_.resize(beginning.tokens);
  growth_ = beginning.growth;
  state_ = beginning.state;
  transaction_.reset();
}

void PendingGroup::seal() noexcept {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    state_.log_checksum = model::chain_checksum(state_.log_checksum, segment(i));
    segments_[i].checksum = state_.log_checksum;
  }
  if (!empty()) sqlite::note_entry(state_, tokens_);
}

model::Segment PendingGroup::segment(std::size_t index) const noexcept {
  const Start& start = segments_[index];
  const bool is_last = index + 1 == segments_.size();
  const Start end = is_last ? Start{entries_.size(), text_.size(), 0} : segments_[index + 1];
  return {.first = version(start.entry).revision(),
          .last = version(end.entry - 1).revision(),
          .at_ms = state_.last_at_ms,
          .lived_ms = state_.lived_ms,
          .checksum = start.checksum,
          .entries = std::string_view(text_).substr(start.text, end.text - start.text)};
}

}   // namespace usertags::store
