// Writes from standard input, one JSON object a line, each answered by a line.
//
// Lines are taken as they come: all that have arrived are one group (bounded), which is committed and
// answered before more is waited for. So a writer that waits for each answer gets it at once, and one that
// does not wait pays for one sync per group.
#pragma once

#include <usertags/user_tag_store.hpp>

#include "output/output.hpp"

namespace usertags::command {

// Until the end of the input, or of waiting. Returns the exit code of the worst answer.
int answer_writes(UserTagStore& store, Output& out);

}   // namespace usertags::command
