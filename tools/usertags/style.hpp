// Colours and the like: only on a terminal that knows them, and never with NO_COLOR.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace usertags::command {

class Style {
 public:
  // What suits the file descriptor `fd`.
  static Style of(int fd);
  static Style plain() { return Style(false); }

  std::string bold(std::string_view text) const { return wrapped("1", text); }
  std::string dim(std::string_view text) const { return wrapped("2", text); }
  std::string alarm(std::string_view text) const { return wrapped("1;31", text); }

 private:
  explicit Style(bool on) : on_(on) {}
  std::string wrapped(std::string_view code, std::string_view text) const;

  bool on_;
};

bool is_terminal(int fd);

// The width of the terminal; none where `fd` is something else.
std::optional<std::size_t> terminal_columns(int fd);

}   // namespace usertags::command
