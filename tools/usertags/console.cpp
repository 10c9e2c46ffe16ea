#include "console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "exit_code.hpp"
#include "json_out.hpp"
#include "people.hpp"
#include "text.hpp"

namespace usertags::command {

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
