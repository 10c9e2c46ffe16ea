#include "style.hpp"

#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace usertags::command {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}   // namespace

Style Style::of(int fd) {
  return Style(is_terminal(fd) && environment("NO_COLOR").empty() && environment("TERM") != "dumb");
}

std::string Style::wrapped(std::string_view code, std::string_view text) const {
  if (!on_) return std::string(text);
  std::string out = "\x1b[";
  out.append(code).append("m").append(text).append("\x1b[0m");
  return out;
}

bool is_terminal(int fd) {
  return isatty(fd) == 1;
}

std::optional<std::size_t> terminal_columns(int fd) {
  winsize size{};
  if (!is_terminal(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return size.ws_col;
}

}   // namespace usertags::command
