// Loader: reads the file back into records: the rows of table `user`, brought up to date with the log. The
// same reading serves the opening of a store, which stops at the first problem, and its verification, which
// collects them.
#pragma once

#include <cstdint>
#include <vector>

#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/load/file_problem.hpp"

namespace usertags::store {

struct Loaded {
  sqlite::State state;
  std::vector<model::RecordPtr> records;   // the living, in the order of their ordinals
  std::vector<std::uint32_t> backlog;      // ordinals of those whose rows are behind the log
  std::uint64_t changes = 0;               // log entries read
};

// How much of the log is read.
enum class LogExtent : std::uint8_t {
  to_replay,   // what is beyond the fold
  whole,       // everything that is kept: proves the whole chain
};

// Reads within the caller's transaction, so that rows and log are of one moment. Throws Failure, and
// std::bad_alloc.
Loaded load(sqlite::Connection& connection, LogExtent extent, const OnProblem& on_problem);

}   // namespace usertags::store
