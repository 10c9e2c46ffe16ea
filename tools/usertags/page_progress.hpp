// Calls that go through all pages of a file: with a line of progress, and an end on ^C.
#pragma once

#include <functional>

#include <usertags/error.hpp>
#include <usertags/progress.hpp>

#include "console.hpp"

namespace usertags::command {

// Runs call(progress), with interruptions deferred: one of them cancels it.
Result<void> with_page_progress(const std::function<Result<void>(const usertags::Progress&)>& call);

// The exit code for what such a call answered; on ^C nothing is said.
int exit_code_of_long_call(const Error& error, Console& console);

}   // namespace usertags::command
