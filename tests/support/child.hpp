// Child: a forked process that runs one function and reports to its parent over a pipe.
//
// The function runs on a copy of the parent's memory; the child never returns into the test that made it, so
// nothing of GoogleTest runs in it, and no destructor but those of the function's own objects.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace usertags::test {

// Writes a line to the parent, from any thread: lines of up to 4,096 bytes never mix.
class Reporter {
 public:
  explicit Reporter(int descriptor) noexcept : descriptor_(descriptor) {}
  void tell(std::string_view line) const;

 private:
  int descriptor_;
};

class Child {
 public:
  // Exit status 0 where the function returns, 1 where it throws.
  explicit Child(const std::function<void(const Reporter&)>& function);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();   // kills it, where it was not waited for

  pid_t pid() const noexcept { return pid_; }

  // The next line; none after the last one of a child that has ended.
  std::optional<std::string> read_line();

  void kill();   // SIGKILL, and waits for its end; what it told can still be read
  int wait();    // its exit status; 128 and the signal's number where a signal ended it

 private:
  pid_t pid_ = -1;
  int descriptor_ = -1;
  std::string unread_;
};

}   // namespace usertags::test
