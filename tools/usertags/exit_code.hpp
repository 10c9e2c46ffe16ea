// What the command ends with. A higher code is worse, so that the worst of many answers is their maximum.
#pragma once

#include <usertags/error.hpp>

namespace usertags::command {

inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;   // refused, not found, found something, or some lines rejected
inline constexpr int kWrongUsage = 2;
inline constexpr int kFailed = 3;   // the store or the system
inline constexpr int kOutcomeUnknown = 4;

int exit_code(ErrorCode code);

// For one line or row among many: an argument that is wrong is a line that is refused.
int exit_code_of_line(ErrorCode code);

}   // namespace usertags::command
