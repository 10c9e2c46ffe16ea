// ^C and its like. Until interruptions are deferred, one ends the process at once, which is safe wherever
// nothing is being written. Once they are, the first is remembered, so that what was begun can be finished
// and answered; a second one ends the process as well.
#pragma once

#include <chrono>

namespace usertags::command {

// SIGINT and SIGTERM as above; SIGPIPE is ignored, so that a closed pipe is an error of write().
void install_signal_handlers();

void defer_interruptions();
bool interrupted();

// The exit code that says which signal it was: 130 for ^C.
int interrupted_exit_code();

// From here on nothing is waited for any more, on any thread: what an interruption does, but interrupted() stays as it is.
void end_waiting();

// Waits until `fd` can be read, or is at its end; false when waiting has ended instead.
bool wait_for_input(int fd);

// Waits; false when waiting has ended instead.
bool wait_until(std::chrono::steady_clock::time_point moment);

}   // namespace usertags::command
