// The built command as a child process, as a shell would run it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace usertags::test {

struct Finished {
  int exit_code = -1;   // 128 and the signal's number where a signal ended it
  std::string out;
  std::string err;
};

// Runs it to its end. Standard input, output and error are files.
Finished run(const std::vector<std::string>& arguments, std::string_view input = {});

// Runs a line of bash in the folder, where `usertags` is the command; any failure in a pipe is that of the
// line.
Finished run_in_shell(const std::string& folder, const std::string& line);

// The same for a line that goes on: once it has written something, everything in it gets SIGINT, as by ^C.
Finished interrupt_in_shell(const std::string& folder, const std::string& line);

// Runs it with pipes for standard input and output, so that a test can talk to it.
class RunningCommand {
 public:
  explicit RunningCommand(const std::vector<std::string>& arguments);
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;
  ~RunningCommand();   // kills it, where it has not ended

  pid_t pid() const { return pid_; }

  void write(std::string_view text);
  void close_input();
  void close_output();

  // The next line. Throws std::runtime_error where none comes: a minute is a guard against hanging.
  std::string read_line();

  void signal(int number);

  // Closes its input and waits for its end; `out` is what was not read before.
  Finished finish();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int error_ = -1;
  std::string unread_;
};

}   // namespace usertags::test
