// The walk over a file's log that proves it: every entry by the checksum chain, and its end by the commit
// record.
#pragma once

#include <cstdint>
#include <functional>

#include "model/change.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/load/file_problem.hpp"

namespace usertags::store {

using OnChange = std::function<void(const model::Change&)>;

// Calls on_change for the changes from revision `first` on, in order, within the caller's transaction;
// answers how many they were. At the first that is wrong the walk ends, and on_problem is told. Throws what
// the two throw, Failure, and std::bad_alloc.
std::uint64_t walk_log(sqlite::Connection& connection, const sqlite::State& state, std::uint64_t first,
                       const OnProblem& on_problem, const OnChange& on_change);

}   // namespace usertags::store
