// WriteGroup: lines of input that are committed together, each with its own outcome.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/user_tag_store.hpp>
#include <usertags/write.hpp>

namespace usertags::command {

class WriteGroup {
 public:
  // A line's write, or why it is none.
  void add(Result<Write> write);

  std::size_t size() const { return refusals_.size(); }

  // Commits the writes and empties the group. outcomes[i] answers the i-th line that was added.
  std::vector<Result<Applied>> commit(UserTagStore& store);

 private:
  std::vector<std::optional<Error>> refusals_;   // one a line; none where the line is a write
  std::vector<Write> writes_;
};

}   // namespace usertags::command
