#include "store/read/log_reader.hpp"

#include <algorithm>
#include <ranges>
#include <span>
#include <utility>

#include "model/failure.hpp"
#include "store/load/log_walk.hpp"
#include "store/load/replay.hpp"

namespace usertags::store {

namespace {

// A page ends early when its patches, and what was before them, come to this many bytes.
constexpr std::size_t kMaxPatchBytes = std::size_t{4} << 20;

// What one part of a history looks at: some milliseconds, in which it pins the WAL, or has the lead.
constexpr std::size_t kPartSegments = 65'536;
constexpr std::size_t kPartBytes = std::size_t{8} << 20;

Error pruned(std::uint64_t revision, const sqlite::State& state) {
  return {
      ErrorCode::history_pruned,
      Error::Details{.what = "the changes behind revision " + std::to_string(revision) +
                             " are no longer kept, but those from " + std::to_string(state.log_floor) + " on",
                     .floor = state.log_floor}};
}

[[noreturn]] void fail_broken(std::uint64_t revision) {
  model::fail(ErrorCode::corrupt_store, broken_log(revision));
}

[[noreturn]] void fail_unreadable(std::uint64_t revision) {
  model::fail(ErrorCode::corrupt_store, unreadable_change(revision));
}

void append(std::span<const Tag> tags, std::vector<TagChange>& out) {
  out.reserve(tags.size());
  for (const Tag& tag : tags) out.push_back({std::string(tag.key), std::string(tag.value)});
}

void append(std::span<const model::TagDelta> deltas, std::vector<TagChange>& out) {
  out.reserve(deltas.size());
  for (const model::TagDelta& delta : deltas) {
    out.push_back({std::string(delta.key), std::optional<std::string>(delta.value),
                   std::optional<std::string>(delta.before)});
  }
}

void append_removed(std::span<const Tag> tags, std::vector<TagChange>& out) {
  out.reserve(tags.size());
  for (const Tag& tag : tags) out.push_back({std::string(tag.key), std::nullopt, std::string(tag.value)});
}

}   // namespace

Error future_revision(std::uint64_t revision, std::uint64_t newest) {
  return {ErrorCode::future_revision,
          Error::Details{.what = "the store is at revision " + std::to_string(newest) +
                                 " and has not come to " + std::to_string(revision),
                         .current_revision = newest}};
}

sqlite::State read_state_of(const sqlite::StoreId& store_id, sqlite::StateTable& table,
                            const sqlite::Connection& connection) {
  const sqlite::State state = table.read();
  if (state.store_id == store_id) return state;
  model::fail(ErrorCode::io_error, connection.name() + " is another store than the one that was opened",
              "put the store's file back");
}

// Ids grow with ordinals, so that no index is needed.
std::optional<sqlite::UserTable::Row> find_row(std::string_view id, std::uint32_t last_ordinal,
                                               sqlite::UserTable::Finder& users) {
  std::uint64_t low = 1;
  std::uint64_t high = last_ordinal;
  while (low <= high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto row = users.find_from(static_cast<std::uint32_t>(middle));
    if (row && row->id == id) return row;
    if (row && row->ordinal <= high && row->id < id) {
      low = std::uint64_t{row->ordinal} + 1;
    } else {
      high = middle - 1;
    }
  }
  return std::nullopt;
}

LogReader::LogReader(sqlite::Connection& connection, const index::Projection* projection,
                     const sqlite::StoreId& store_id)
    : connection_(connection),
      projection_(projection),
      store_id_(store_id),
      state_(connection),
      heads_(connection),
      segments_(connection),
      back_(connection),
      users_(connection) {}

sqlite::State LogReader::state() {
  return read_state_of(store_id_, state_, connection_);
}

// --- The feed. ---

Result<LogReader::Stretch> LogReader::changes_after(std::uint64_t revision, std::size_t limit,
                                                    const Newest& newest) {
  const Moment moment(*this);
  const sqlite::State state = this->state();
  const std::uint64_t end = newest.value_or(state.revision);
  if (end > state.revision) fail_broken(state.revision + 1);   // another file than the one that was loaded
  if (revision > end) return std::unexpected(future_revision(revision, end));
  if (revision + 1 < state.log_floor) return std::unexpected(pruned(revision, state));
  Stretch stretch{.changes = {}, .epoch = state.epoch};
  std::optional<std::uint64_t> checksum;   // of the segment before
  std::size_t bytes = 0;
  const sqlite::ChangeLog::Reader::Walk walk(segments_, revision + 1);
  for (std::uint64_t next = revision + 1; next <= end;) {
    const auto segment = segments_.next();
    if (!segment || segment->first > next || segment->last > end) fail_broken(next);
    if (!checksum) checksum = heads_.checksum_before(segment->first, state);
    for (const model::Change& entry : entries_of(*segment, checksum)) {
      if (entry.revision < next) continue;
      stretch.changes.push_back(shown(entry));
      bytes += entry.patch.size() + entry.before.size();
      const bool is_full = stretch.changes.size() >= limit || bytes >= kMaxPatchBytes;
      if (is_full && entry.remaining == 0) return stretch;
    }
    checksum = segment->checksum;
    next = segment->last + 1;
  }
  return stretch;
}

// Proved: the segment by what it is chained to.
std::span<const model::Change> LogReader::entries_of(const model::Segment& segment,
                                                     std::optional<std::uint64_t> checksum_before) {
  if (!checksum_before || !segment.follows(segment.first, *checksum_before)) fail_broken(segment.first);
  const auto changes = segment_.changes(segment);
  if (!changes) fail_unreadable(segment.first);
  return *changes;
}

// --- One user. ---

LogReader::Part LogReader::history(const NamedUser& user, std::uint64_t last, std::size_t limit,
                                   std::vector<Change>& changes) {
  const Moment moment(*this);
  const sqlite::State state = this->state();
  std::size_t segments = 0;
  std::size_t bytes = 0;
  last = std::min(last, state.revision);
  const sqlite::ChangeLog::BackReader::Walk walk(back_, last);
  while (last >= state.log_floor) {
    const auto segment = back_.next();
    if (!segment || segment->last < last) fail_broken(last);
    if (has_entry_of(user.ordinal, *segment)) {
      const auto entries = entries_of(*segment, heads_.checksum_before(segment->first, state));
      for (const model::Change& entry : std::views::reverse(entries)) {
        if (entry.ordinal != user.ordinal || entry.revision > last) continue;
        Change& change = changes.emplace_back();
        read_patch(entry, change);
        change.user_id = user.id;
        change.external_id = user.external_id;
        const bool is_last = change.kind == ChangeKind::created || changes.size() == limit;
        if (is_last) return {.next = 0, .floor = state.log_floor};
      }
    }
    last = segment->first - 1;
    bytes += segment->entries.size();
    if (++segments == kPartSegments || bytes >= kPartBytes) break;
  }
  return {.next = last >= state.log_floor ? last : 0, .floor = state.log_floor};
}

std::optional<NamedUser> LogReader::find_id(std::string_view id) {
  const Moment moment(*this);
  const auto row = find_row(id, state().last_ordinal, users_);
  return row ? std::optional(named(*row)) : std::nullopt;
}

// --- What is shown. ---

Change LogReader::shown(const model::Change& entry) {
  Change change;
  read_patch(entry, change);
  if (entry.kind != ChangeKind::created) name(entry.ordinal, change);
  return change;
}

// All members are named, so that a new one does not compile before it is shown. shown() has the ordinal's user.
void LogReader::read_patch(const model::Change& entry, Change& change) {
  const auto& [revision, ordinal, remaining, at_ms, kind, patch, before, note] = entry;
  change.revision = revision;
  change.transaction = revision + remaining;
  change.at = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(at_ms));
  change.kind = kind;
  change.note = note;
  change.before_known = kind == ChangeKind::created || !before.empty();
  if (!is_well_formed(entry)) fail_unreadable(revision);
  switch (kind) {
    case ChangeKind::created: {
      const auto creation = decoder_.creation(patch);
      if (!creation) fail_unreadable(revision);
      change.user_id = creation->id;
      change.external_id = creation->external_id;
      return append(creation->tags, change.tags);
    }
    case ChangeKind::patched: {
      const auto deltas = decoder_.patch(patch, before);
      if (!deltas) fail_unreadable(revision);
      return append(*deltas, change.tags);
    }
    case ChangeKind::deleted: {
      if (before.empty()) return;
      const auto tags = decoder_.tags(before);
      if (!tags) fail_unreadable(revision);
      return append_removed(*tags, change.tags);
    }
  }
}

void LogReader::name(std::uint32_t ordinal, Change& change) {
  if (const auto record = projection_ == nullptr ? model::RecordPtr() : projection_->find_ordinal(ordinal)) {
    change.user_id = record->id();
    change.external_id = record->external_id();
    return;
  }
  const auto row = users_.find_from(ordinal);
  if (!row || row->ordinal != ordinal) {
    model::fail(ErrorCode::foreign_write, missing_row(ordinal, change.revision));
  }
  NamedUser user = named(*row);
  change.user_id = std::move(user.id);
  change.external_id = std::move(user.external_id);
}

NamedUser LogReader::named(const sqlite::UserTable::Row& row) {
  const auto record = to_record(row, decoder_);
  if (!record) {
    model::fail(record.error().code,
                "the row of user " + std::to_string(row.ordinal) + ' ' + record.error().what);
  }
  return {row.ordinal, std::string((*record)->id()), std::string((*record)->external_id())};
}

}   // namespace usertags::store
