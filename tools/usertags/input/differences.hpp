// What differs between two stores, user by user: as the changes that would make the first one the second.
//
// Users are the same whose external ids are. Files have them in the order of their creation, which two stores need
// not have in common, so that they cannot be merged as they are read. Instead users of the first store are kept
// until memory of a fixed size is full of them: those whose external ids have the lowest hashes. The second store
// is read and compared with these; then both are read again for the next ones. So memory is the same whatever
// the size, no file is made, and stores of some hundred thousand users are read once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/inspector.hpp>

namespace usertags::command {

struct Comparison {
  bool exact = false;                          // ids and revisions count, too
  std::size_t bytes = std::size_t{64} << 20;   // for users of the first store, more or less
};

struct Compared {
  std::uint64_t users = 0;       // of both together, each external id once
  std::uint64_t different = 0;   // of these
  bool at_one_moment = true;     // of each store; else somebody wrote between two readings
};

// Calls found(Change) for each user that differs: created, patched or deleted, with tags and what was before, and
// the id that the user has, or had; nothing else of it. Within one reading those of the second store come first, in
// its order. What `found` throws ends it, and is thrown.
Result<Compared> compare(const Inspector& first, const Inspector& second, const Comparison& how,
                         const std::function<void(const Change&)>& found);

}   // namespace usertags::command
