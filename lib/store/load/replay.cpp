#include "store/load/replay.hpp"

#include <optional>
#include <span>
#include <utility>

#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/foreign_tags.hpp"
#include "model/text.hpp"
#include "model/typeid.hpp"

namespace usertags::store {

namespace {

using model::Record;
using model::RecordPtr;

std::unexpected<RowProblem> damaged(const char* what) {
  return std::unexpected(RowProblem{ErrorCode::corrupt_store, what});
}

std::unexpected<RowProblem> foreign(const char* what) {
  return std::unexpected(RowProblem{ErrorCode::foreign_write, what});
}

bool is_external_id(std::string_view text) noexcept {
  const model::Utf8Scan scan = model::scan_utf8(text);
  return !text.empty() && text.size() <= Record::kMaxExternalIdBytes && scan.well_formed &&
         !scan.contains_nul;
}

// Keys are sorted, so that only the first can be empty.
bool is_tag_list(std::string_view external_id, std::span<const Tag> tags) noexcept {
  return Record::has_room_for(external_id, tags) && (tags.empty() || !tags.front().key.empty());
}

bool adds_empty_key(std::span<const model::TagDelta> deltas) noexcept {   // of a patch; likewise
  return deltas.front().key.empty() && deltas.front().value;
}

}   // namespace

bool is_user(std::string_view external_id, std::span<const Tag> tags) noexcept {
  return is_external_id(external_id) && is_tag_list(external_id, tags);
}

bool is_well_formed(std::string_view json) noexcept {
  return model::scan_utf8(json).well_formed;
}

bool is_well_formed(const model::Change& change) noexcept {
  return is_well_formed(change.patch) && is_well_formed(change.before) && is_well_formed(change.note);
}

std::expected<RecordPtr, RowProblem> to_record(const sqlite::UserTable::Row& row,
                                               model::PatchDecoder& decoder) {
  const auto id = model::parse_user_id(row.id);
  if (!id || !is_external_id(row.external_id)) return damaged("has no valid id or external id");
  RecordPtr record;
  if (row.tags) {
    if (!is_well_formed(*row.tags)) return damaged("has tags that are no well-formed UTF-8");
    const auto tags = decoder.tags(*row.tags);
    if (!tags || !is_tag_list(row.external_id, *tags)) {
      return model::parse_foreign_tags(*row.tags) ? foreign("has tags that the store did not write")
                                                  : damaged("has tags that cannot be read");
    }
    record = Record::make(row.ordinal, row.revision, *id, row.external_id, *tags);
  } else {
    record = Record::make_tombstone(*Record::make(row.ordinal, 0, *id, row.external_id, {}), row.revision);
  }
  if (model::row_checksum(*record) != row.checksum) return foreign("is not as the store left it");
  return record;
}

std::expected<RecordPtr, RowProblem> to_record(const sqlite::UserTable::Row& row, const sqlite::State& state,
                                               model::PatchDecoder& decoder) {
  if (row.ordinal > state.last_ordinal) return foreign("was not made by the store");
  auto record = to_record(row, decoder);
  if (!record) return record;
  if ((*record)->revision() > state.revision)   // no reader would come to see it
    return foreign("is of a revision that the store has not come to");
  if ((*record)->uuid() > state.last_id)   // the next one given would stand before it
    return foreign("has an id that the store has not given");
  return record;
}

bool IdOrder::takes(const model::Record& user) noexcept {
  const std::uint64_t id = model::uuid_order(user.uuid());
  return id > std::exchange(last_, id);
}

bool is_new(const model::Record& user, const sqlite::State& state) noexcept {
  return user.ordinal() > state.last_ordinal &&
         model::uuid_order(user.uuid()) > model::uuid_order(state.last_id);
}

void expect_order(const sqlite::UserTable::Row& row, std::uint32_t last) {
  if (row.ordinal > last) return;
  model::fail(ErrorCode::corrupt_store, "the rows of table 'user' are out of order: user " +
                                            std::to_string(row.ordinal) + " stands behind user " +
                                            std::to_string(last));
}

using model::Change;
using model::Record;
using model::RecordPtr;

RecordPtr Replay::next_version(const Change& change, const Record* before) {
  const bool creates = change.kind == model::ChangeKind::created;
  if (creates == (before != nullptr)) return {};
  switch (change.kind) {
    case model::ChangeKind::created: return create(change);
    case model::ChangeKind::patched: return patch(change, *before);
    case model::ChangeKind::deleted: return erase(change, *before);
  }
  return {};
}

RecordPtr Replay::create(const Change& creation) {
  if (!is_well_formed(creation.patch)) return {};
  const auto user = decoder_.creation(creation.patch);
  if (!user || !is_user(user->external_id, user->tags)) return {};
  const auto id = model::parse_user_id(user->id);
  if (!id) return {};
  return Record::make(creation.ordinal, creation.revision, *id, user->external_id, user->tags);
}

RecordPtr Replay::patch(const Change& patch, const Record& before) {
  if (!is_well_formed(patch.patch)) return {};
  const auto deltas = decoder_.patch(patch.patch);
  if (!deltas) return {};
  look_up(before, *deltas);
  if (adds_empty_key(deltas_) || !Record::has_room_for(before, deltas_)) return {};
  return Record::make_next(before, patch.revision, deltas_);
}

RecordPtr Replay::erase(const Change& deletion, const Record& before) {
  if (deletion.patch != model::kDeletionPatch) return {};
  return Record::make_tombstone(before, deletion.revision);
}

bool Replay::can_read(const Change& change) {
  if (!is_well_formed(change)) return false;
  switch (change.kind) {
    case model::ChangeKind::created: return static_cast<bool>(create(change));
    case model::ChangeKind::patched: {
      const auto deltas = decoder_.patch(change.patch, change.before);
      return deltas && !adds_empty_key(*deltas);
    }
    case model::ChangeKind::deleted:
      return change.patch == model::kDeletionPatch &&
             (change.before.empty() || decoder_.tags(change.before).has_value());
  }
  return false;
}

// What they take the place of. Both are sorted by key.
void Replay::look_up(const Record& before, std::span<const model::TagDelta> deltas) {
  deltas_.assign(deltas.begin(), deltas.end());
  auto tag = before.begin();
  for (model::TagDelta& delta : deltas_) {
    while (tag != before.end() && tag->key < delta.key) ++tag;
    if (tag != before.end() && tag->key == delta.key) delta.before = tag->value;
  }
}

}   // namespace usertags::store
