#pragma once

#include "model/record.hpp"

namespace usertags::index {

// One user's step from version to version. A creation has no `before`; the `after` of a deletion is a
// tombstone.
struct Step {
  model::RecordPtr before;
  model::RecordPtr after;

  bool creates() const noexcept { return !before; }
};

}   // namespace usertags::index
