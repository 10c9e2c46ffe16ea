#include "support/child.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace usertags::test {
namespace {

[[noreturn]] void run(const std::function<void(const Reporter&)>& function, int descriptor) {
  try {
    function(Reporter(descriptor));
  } catch (...) {
    _exit(1);
  }
  _exit(0);
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}   // namespace

void Reporter::tell(std::string_view line) const {
  const std::string text = std::string(line) + '\n';
  if (write(descriptor_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("write");
}

Child::Child(const std::function<void(const Reporter&)>& function) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  pid_ = fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    close(ends[0]);
    run(function, ends[1]);
  }
  close(ends[1]);
  descriptor_ = ends[0];
}

Child::~Child() {
  kill();
  close(descriptor_);
}

std::optional<std::string> Child::read_line() {
  while (true) {
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> buffer;
    const ssize_t count = read(descriptor_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void Child::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int Child::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}   // namespace usertags::test
