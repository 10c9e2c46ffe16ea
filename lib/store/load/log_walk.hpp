// Reading the log, and what can be found wrong in a file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/stats.hpp>

#include "model/digest.hpp"
#include "model/record.hpp"
#include "model/segment.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"

namespace usertags::store {

// What reading a file finds to be wrong with it.
//
// Problems are of two kinds. Damage: what no store would have written, or what does not fit its checksum
// chain (corrupt_store). Foreign: sound rows that are not as the store left them (foreign_write).
struct FileProblem {
  VerifyReport::Kind kind{};
  ErrorCode code{};      // corrupt_store or foreign_write
  std::string user_id;   // where one user is concerned
  std::string what;
};

// Of a user's row. `what` is the rest of a sentence that begins with it.
FileProblem wrong_row(std::uint32_t ordinal, std::string_view id, ErrorCode code, std::string_view what);
// Of one that does not fit the others, or the log.
FileProblem wrong_row(const model::Record& user, std::string_view what);
inline constexpr std::string_view kIdOutOfOrder = "has an id that is out of order";

// Called for each problem; what it throws ends the reading.
using OnProblem = std::function<void(const FileProblem&)>;

// Throws the problem as a Failure: for opening.
void refuse_problem(const FileProblem& problem);

// Tells of it where all users together have another digest than the commit record says.
void expect_digest(const model::Digest& digest, const sqlite::State& state, const OnProblem& on_problem);

// What can be wrong with the log, in the words of whoever reads it.
inline std::string broken_log(std::uint64_t revision) {
  return "the log is broken at change " + std::to_string(revision);
}
inline std::string unreadable_change(std::uint64_t revision) {
  return "change " + std::to_string(revision) + " cannot be read";
}
inline std::string missing_row(std::uint32_t ordinal, std::uint64_t revision) {
  return "the row of user " + std::to_string(ordinal) + " is gone, but change " + std::to_string(revision) +
         " is its";
}

// The walk over a file's log that proves it: every segment by the checksum chain, and the last one's end by
// the commit record.
using OnChange = std::function<void(const model::Change&, const model::Segment&)>;

// Which segments are read. Those that are not are held against the chain all the same.
using SegmentFilter = std::function<bool(const model::Segment&)>;

// Calls on_change for the changes from revision `first` on, which begins a segment, in order, within the
// caller's transaction; answers how many they were. At the first segment that is wrong the walk ends, and
// on_problem is told. Throws what the two throw, Failure, and std::bad_alloc.
std::uint64_t walk_log(sqlite::Connection& connection, const sqlite::State& state, std::uint64_t first,
                       const OnProblem& on_problem, const OnChange& on_change,
                       const SegmentFilter& is_read = {});

}   // namespace usertags::store
