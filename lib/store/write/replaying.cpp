#include "store/write/replaying.hpp"

#include <string>
#include <utility>

#include "model/failure.hpp"
#include "store/load/log_walk.hpp"

namespace usertags::store {
namespace {

using model::ChangeKind;
using model::RecordPtr;

[[noreturn]] void refuse(const Entry& entry, const char* why) {
  model::fail(ErrorCode::corrupt_store, "entry " + std::to_string(entry.number) + " of the log " + why,
              "keep the file and the log as they are, and look into both");
}

void expect_place(const Entry& entry, const sqlite::State& committed) {
  const bool is_next =
      entry.number == committed.entry + 1 && entry.chain_before == committed.entry_checksum &&
      entry.revision_before == committed.revision && entry.last_token_before == committed.last_token;
  if (!is_next) refuse(entry, "does not follow on what this store has");
  if (entry.at_ms < committed.last_at_ms || entry.lived_ms < committed.lived_ms)
    refuse(entry, "is of a time before that of the entry before it");
  if (entry.floors.log > committed.revision + 1 || entry.floors.tokens > committed.last_token + 1)
    refuse(entry, "has floors above what there is");
}

}   // namespace

Entry entry_of(const sqlite::State& before, const PendingGroup& group) {
  const sqlite::State& after = group.state();
  Entry entry{.number = after.entry,
              .chain_before = before.entry_checksum,
              .revision_before = before.revision,
              .last_token_before = before.last_token,
              .floors = {before.log_floor, before.token_floor},
              .settings = after.settings,
              .at_ms = after.last_at_ms,
              .lived_ms = after.lived_ms,
              .last_id = after.last_id,
              .last_ordinal = after.last_ordinal,
              .chain = after.entry_checksum,
              .digest = after.digest};
  entry.segments.reserve(group.segments());
  for (std::size_t i = 0; i < group.segments(); ++i) {
    const model::Segment segment = group.segment(i);
    entry.segments.push_back({segment.first, segment.last, segment.entries});
  }
  entry.tokens.assign(group.tokens().begin(), group.tokens().end());
  return entry;
}

void EntryReplay::run(const Entry& entry, const sqlite::State& committed, PendingGroup& group) {
  expect_place(entry, committed);
  group.begin(committed, entry.at_ms, entry.lived_ms);
  for (const Entry::Text& segment : entry.segments) add_segment(segment, group);
  if (entry.last_id < group.state().last_id || entry.last_ordinal < group.state().last_ordinal)
    refuse(entry, "has users that are newer than it says");
  group.state().last_id = entry.last_id;
  group.state().last_ordinal = entry.last_ordinal;
  add_tokens(entry, group);
  if (entry.settings != committed.settings) group.change_settings(entry.settings);
  if (group.empty()) refuse(entry, "brings nothing");
  group.seal();
  if (group.state().entry_checksum != entry.chain) refuse(entry, "does not fit its chain");
  if (group.state().digest != entry.digest) refuse(entry, "leads to other users than it says");
}

void EntryReplay::add_segment(const Entry::Text& text, PendingGroup& group) {
  const model::Segment segment{.first = text.first, .last = text.last, .entries = text.entries};
  const auto changes = text.first == group.state().revision + 1 ? decoder_.changes(segment) : std::nullopt;
  if (!changes) model::fail(ErrorCode::corrupt_store, unreadable_change(group.state().revision + 1));
  group.begin_segment(text.entries);
  for (const model::Change& change : *changes) add_change(change, group);
}

void EntryReplay::add_change(const model::Change& change, PendingGroup& group) {
  const bool creates = change.kind == ChangeKind::created;
  RecordPtr before = creates ? RecordPtr() : living(change.ordinal, group);
  RecordPtr after = replay_.next_version(change, before.get());
  if (!after || (creates && !is_new(*after, group)))
    model::fail(ErrorCode::corrupt_store, unreadable_change(change.revision));
  if (creates) group.state().last_id = after->uuid();
  group.replay(change.kind, {std::move(before), std::move(after)});
}

RecordPtr EntryReplay::living(std::uint32_t ordinal, const PendingGroup& group) const {
  const model::Record* const newest = group.find(ordinal);
  if (newest == nullptr) return memory_.projection.find_ordinal(ordinal);
  return newest->is_tombstone() ? RecordPtr() : RecordPtr::share(*newest);
}

bool EntryReplay::is_new(const model::Record& user, const PendingGroup& group) const {
  return store::is_new(user, group.state()) && !is_taken(user.external_id(), group);
}

bool EntryReplay::is_taken(std::string_view external_id, const PendingGroup& group) const {
  const RecordPtr published = memory_.projection.find(UserRef::external_id(external_id));
  return group.holder(published.get(), external_id) != nullptr;
}

void EntryReplay::add_tokens(const Entry& entry, PendingGroup& group) const {
  for (const model::Token& token : entry.tokens) {
    if (token.text.empty() || token.text.size() > model::kMaxTokenBytes ||
        token.revision > group.state().revision || group.find_token(token.text) != nullptr ||
        memory_.tokens.seq_of(token.text) >= entry.floors.tokens)
      refuse(entry, "has a token that no store gives");
    group.remember(token);
  }
}

}   // namespace usertags::store
