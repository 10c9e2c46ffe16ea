// Colours and the like: only on a terminal that knows them, and never with NO_COLOR.
//
// Console: where a command's answers go, in one of two forms: for people, or with --json one object a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/user.hpp>
#include <usertags/write.hpp>

#include "output/output.hpp"

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

// A terminal whose cursor can be moved.
bool is_screen(int fd);

// The width and height of the terminal; none where `fd` is something else.
std::optional<std::size_t> terminal_columns(int fd);
std::optional<std::size_t> terminal_rows(int fd);

class Console {
 public:
  Console();

  bool json = false;

  Output& out() { return out_; }
  Output& err() { return err_; }
  const Style& style() const { return out_style_; }

  // An answer on standard output: for people the user, as JSON {"data":USER}.
  void user(const User& user);

  // The answer to one write. For people, `what` happened comes first: "created, revision 7".
  void applied(const Applied& applied, std::string_view what);

  // On standard error; returns the exit code that goes with it. The line is that of the input, where the
  // error answers one.
  int error(const Error& error, std::optional<std::uint64_t> line = {});

  // On standard error: for people `usertags: text`, as JSON {"note":TEXT}.
  void note(std::string_view text);

  // Writes out what is left. Throws ClosedPipe or std::system_error.
  void flush();

 private:
  Output out_;
  Output err_;
  Style out_style_;
  Style err_style_;
};

}   // namespace usertags::command
