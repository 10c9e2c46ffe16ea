// Verifier: proves a file against itself and memory against the file.
#pragma once

#include <usertags/stats.hpp>

#include "index/projection.hpp"
#include "sqlite/connection.hpp"

namespace usertags::store {

// Checks the file as the connection's open read transaction sees it, and the snapshot against it where both
// are of the same revision, as a writer's always are. Throws Failure where the file cannot be read at all.
VerifyReport verify(sqlite::Connection& connection, const index::Projection& projection,
                    const index::Projection::Snapshot& snapshot);

}   // namespace usertags::store
