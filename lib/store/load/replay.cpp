#include "store/load/replay.hpp"

#include "model/typeid.hpp"
#include "store/load/stored_user.hpp"

namespace usertags::store {

using model::Change;
using model::Record;
using model::RecordPtr;

RecordPtr Replay::create(const Change& creation) {
  if (!is_well_formed(creation.patch)) return {};
  const auto user = decoder_.creation(creation.patch);
  if (!user || !is_user(user->id, user->external_id, user->tags)) return {};
  return Record::make(creation.ordinal, creation.revision, user->id, user->external_id, user->tags);
}

RecordPtr Replay::patch(const Change& patch, const Record& before) {
  if (!is_well_formed(patch.patch)) return {};
  const auto deltas = decoder_.patch(patch.patch);
  if (!deltas) return {};
  merge(before, *deltas);
  if (!is_user(before.id(), before.external_id(), tags_)) return {};
  return Record::make(before.ordinal(), patch.revision, before.id(), before.external_id(), tags_);
}

RecordPtr Replay::erase(const Change& deletion, const Record& before) {
  if (deletion.patch != model::kDeletionPatch) return {};
  return Record::make_tombstone(before, deletion.revision);
}

// Both are sorted by key.
void Replay::merge(const Record& before, std::span<const model::TagDelta> deltas) {
  tags_.clear();
  auto tag = before.begin();
  for (const model::TagDelta& delta : deltas) {
    for (; tag != before.end() && tag->key < delta.key; ++tag) tags_.push_back(*tag);
    if (tag != before.end() && tag->key == delta.key) ++tag;
    if (delta.value) tags_.push_back({delta.key, *delta.value});
  }
  for (; tag != before.end(); ++tag) tags_.push_back(*tag);
}

}   // namespace usertags::store
