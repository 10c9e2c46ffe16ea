#include "output.hpp"

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace usertags::command {

namespace {
constexpr std::size_t kFlushAt = std::size_t{64} << 10;
}

Output Output::create(const std::string& path, bool force) {
  struct stat status{};
  const bool is_stream = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  const bool is_link = lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);   // O_EXCL refuses any
  const int how = force || is_stream || is_link ? O_TRUNC : O_EXCL;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path);
  Output output(fd);
  output.owned_ = true;
  return output;
}

Output::Output(Output&& other) noexcept
    : fd_(other.fd_),
      errors_(other.errors_),
      owned_(std::exchange(other.owned_, false)),
      buffer_(std::exchange(other.buffer_, {})) {}

Output::~Output() {
  if (owned_) close(fd_);
}

void Output::line_done() {
  buffer_ += '\n';
  if (buffer_.size() >= kFlushAt) flush();
}

void Output::line(std::string_view text) {
  buffer_ += text;
  line_done();
}

void Output::flush() {
  try {
    write_all();
  } catch (...) {
    buffer_.clear();
    if (errors_ == Errors::thrown) throw;
  }
  buffer_.clear();
}

void Output::write_all() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "writing the output");
    }
  }
}

}   // namespace usertags::command
