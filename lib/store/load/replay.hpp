// Replay: what entries of the log make of users, as records. Loading a file and following one both come to
// their records this way. One thread at a time.
#pragma once

#include <vector>

#include <usertags/tag.hpp>

#include "model/change.hpp"
#include "model/merge_patch.hpp"
#include "model/record.hpp"

namespace usertags::store {

class Replay {
 public:
  // The user that a creation makes, the version that a patch makes of the living user `before`, and the
  // tombstone that a deletion leaves of him. Null where the entry's texts cannot be read. Throw
  // std::bad_alloc.
  model::RecordPtr create(const model::Change& creation);
  model::RecordPtr patch(const model::Change& patch, const model::Record& before);
  model::RecordPtr erase(const model::Change& deletion, const model::Record& before);

 private:
  void merge(const model::Record& before, std::span<const model::TagDelta> deltas);

  model::PatchDecoder decoder_;
  std::vector<Tag> tags_;   // of the record under construction
};

}   // namespace usertags::store
