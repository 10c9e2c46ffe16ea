// Verifier: proves a file against itself and memory against the file.
#pragma once

#include <usertags/error.hpp>
#include <usertags/stats.hpp>

#include "index/projection.hpp"
#include "sqlite/connection.hpp"

namespace usertags::store {

// Whether an error says that something is wrong with the file, and not with the world around it.
bool is_of_the_file(ErrorCode code) noexcept;

// The report of a file in which nothing can be read for such an error.
VerifyReport unreadable_file(const Error& error);

// Checks the file as the connection's open read transaction sees it, and the snapshot against it where both
// are of the same revision, as a writer's always are. Throws Failure for what is not of the file.
VerifyReport verify(sqlite::Connection& connection, const index::Projection& projection,
                    const index::Projection::Snapshot& snapshot);

// Checks the file alone, as the connection's open read transaction sees it. Throws Failure for what is not of
// the file.
VerifyReport verify_file(sqlite::Connection& connection);

}   // namespace usertags::store
