#include "store/load/file_problem.hpp"

#include "model/failure.hpp"

namespace usertags::store {

void refuse_problem(const FileProblem& problem) {
  const std::string hint = problem.code == ErrorCode::foreign_write
                               ? ": something other than the store changed the file, or it was damaged"
                               : ": the file is damaged";
  const std::string user = problem.user_id.empty() ? "" : " (" + problem.user_id + ')';
  model::fail(problem.code, problem.what + user + hint);
}

}   // namespace usertags::store
