// Loader: reads the file back into records: the rows of table `user`, brought up to date with the log. The
// same reading serves the opening of a store, which stops at the first problem, and its verification, which
// collects them.
//
// Problems are of two kinds. Damage: what no store would have written, or what does not fit its checksum
// chain (corrupt_store). Foreign: sound rows that are not as the store left them (foreign_write).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/stats.hpp>

#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"

namespace usertags::store {

struct Loaded {
  sqlite::State state;
  std::vector<model::RecordPtr> records;   // the living, in the order of their ordinals
  std::vector<std::uint32_t> backlog;      // ordinals of those whose rows are behind the log
  std::uint64_t changes = 0;               // log entries read
};

struct FileProblem {
  VerifyReport::Kind kind{};
  ErrorCode code{};      // corrupt_store or foreign_write
  std::string user_id;   // where one user is concerned
  std::string what;
};

// Called for each problem; what it throws ends the loading.
using OnProblem = std::function<void(const FileProblem&)>;

// Throws the problem as a Failure: for opening.
void refuse_problem(const FileProblem& problem);

// How much of the log is read.
enum class LogExtent : std::uint8_t {
  to_replay,   // what is beyond the fold
  whole,       // everything that is kept: proves the whole chain
};

// Reads within the caller's transaction, so that rows and log are of one moment. Throws Failure, and
// std::bad_alloc.
Loaded load(sqlite::Connection& connection, LogExtent extent, const OnProblem& on_problem);

}   // namespace usertags::store
