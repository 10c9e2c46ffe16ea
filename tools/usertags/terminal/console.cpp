#include "terminal/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>

#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/people.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}   // namespace

Style Style::of(int fd) {
  return Style(is_screen(fd) && environment("NO_COLOR").empty());
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

bool is_screen(int fd) {
  return is_terminal(fd) && environment("TERM") != "dumb";
}

namespace {

std::optional<std::size_t> size_of_terminal(int fd, unsigned short winsize::* which) {
  winsize size{};
  if (!is_terminal(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.*which == 0) return {};
  return size.*which;
}

}   // namespace

std::optional<std::size_t> terminal_columns(int fd) {
  return size_of_terminal(fd, &winsize::ws_col);
}

std::optional<std::size_t> terminal_rows(int fd) {
  return size_of_terminal(fd, &winsize::ws_row);
}

Console::Console()
    : out_(STDOUT_FILENO),
      err_(STDERR_FILENO, Output::Errors::ignored),
      out_style_(Style::of(STDOUT_FILENO)),
      err_style_(Style::of(STDERR_FILENO)) {}

void Console::user(const User& user) {
  if (!json) {
    append_people(out_.buffer(), user, out_style_);
    return;
  }
  JsonObject object(out_.buffer());
  append_json(object.name_of("data"), user);
  object.close();
  out_.line_done();
}

void Console::applied(const Applied& applied, std::string_view what) {
  if (json) {
    append_json(out_.buffer(), applied);
    out_.line_done();
    return;
  }
  out_.line(what);
  if (applied.user) append_people(out_.buffer(), *applied.user, out_style_);
}

int Console::error(const Error& error, std::optional<std::uint64_t> line) {
  out_.flush();   // on a terminal, answers and errors stand in the order in which they came
  if (json) {
    append_json_answer(err_.buffer(), error, line);
  } else {
    append_people(err_.buffer(), error, err_style_, line);
  }
  err_.line_done();
  err_.flush();
  return exit_code(error.code());
}

void Console::note(std::string_view text) {
  out_.flush();
  if (json) {
    JsonObject object(err_.buffer());
    object.text("note", text);
    object.close();
    err_.line_done();
    return err_.flush();
  }
  err_.line(fmt::format("usertags: {}", printable_message(text)));
  err_.flush();
}

void Console::flush() {
  err_.flush();
  out_.flush();
}

}   // namespace usertags::command
