// The command line as a whole: finds the command, parses its arguments, runs it, reports what went wrong.
#pragma once

#include "terminal/console.hpp"

namespace usertags::command {

// Returns the exit code. Throws nothing.
int run_command_line(int argc, const char* const* argv, Console& console) noexcept;

}   // namespace usertags::command
