// Output: bytes on their way to a file descriptor, collected and written in large pieces.
//
// Files that a command writes: nothing that exists is overwritten unless that is forced, and no file of any
// store ever is, whatever links lead to it.
#pragma once

#include <string>
#include <string_view>

namespace usertags::command {

// Thrown when whoever read the output has gone away: the end of the command, and no failure.
struct ClosedPipe {};

class Output {
 public:
  enum class Errors {
    thrown,   // ClosedPipe, or std::system_error
    ignored   // for standard error, which has nowhere to report its own errors to
  };

  explicit Output(int fd, Errors errors = Errors::thrown) : fd_(fd), errors_(errors) {}
  // A file at `path`, which is made, or overwritten where that is forced; a device or a pipe is written to.
  // Throws std::system_error.
  static Output create(const std::string& path, bool force);

  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();   // drops what was not flushed

  int fd() const { return fd_; }

  // Where to append. Call line_done() after each line.
  std::string& buffer() { return buffer_; }
  void line_done();
  void line(std::string_view text);

  void flush();

 private:
  void write_all();

  int fd_;
  Errors errors_;
  bool owned_ = false;
  std::string buffer_;
};

// Throws UsageError where `path` is, or would become, a file that stands beside a store: -wal, -shm, -journal
// or .lock. `option` is what the user calls the path.
void refuse_sidecar(const std::string& path, const std::string& option);

// Throws UsageError where `path` may not be written: it exists without `force` (devices and pipes are
// written to), is a store, or stands beside one, also beside the store `own` that is yet to be made.
void refuse_output(const std::string& path, const std::string& option, const std::string& own, bool force);

}   // namespace usertags::command
