// What reading a file finds to be wrong with it.
//
// Problems are of two kinds. Damage: what no store would have written, or what does not fit its checksum
// chain (corrupt_store). Foreign: sound rows that are not as the store left them (foreign_write).
#pragma once

#include <functional>
#include <string>

#include <usertags/error.hpp>
#include <usertags/stats.hpp>

namespace usertags::store {

struct FileProblem {
  VerifyReport::Kind kind{};
  ErrorCode code{};      // corrupt_store or foreign_write
  std::string user_id;   // where one user is concerned
  std::string what;
};

// Called for each problem; what it throws ends the reading.
using OnProblem = std::function<void(const FileProblem&)>;

// Throws the problem as a Failure: for opening.
void refuse_problem(const FileProblem& problem);

}   // namespace usertags::store
