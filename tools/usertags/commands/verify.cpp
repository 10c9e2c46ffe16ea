#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

// What is told of a problem. A store that was refused at opening because of what its file holds has one, of the
// kind "open".
struct Told {
  std::string_view kind;
  std::string_view user_id;   // empty: none is concerned
  std::string_view what;
};

Told told(const VerifyReport::Problem& problem) {
  return {to_string(problem.kind), problem.user_id, problem.what};
}

void append_problem(std::string& out, const Told& problem) {
  JsonObject object(out);
  object.text("kind", problem.kind);
  if (problem.user_id.empty()) {
    object.null("user_id");
  } else {
    object.text("user_id", problem.user_id);
  }
  object.text("what", problem.what);
  object.close();
}

std::string problem_line(const Told& problem) {
  const std::string user = problem.user_id.empty() ? "" : printable(problem.user_id) + ": ";
  return fmt::format("{}: {}{}", problem.kind, user, printable(problem.what));
}

bool is_finding(const Error& error) {
  return error.code() == ErrorCode::corrupt_store || error.code() == ErrorCode::foreign_write;
}

int report_unopened(const Error& error, Console& console) {
  Output& out = console.out();
  const std::string what = error.message();
  const Told problems[] = {{"open", {}, what}};
  if (console.json) {
    JsonObject report(out.buffer());
    report.flag("ok", false);
    append_json_array(report.name_of("problems"), problems,
                      [&](const Told& problem) { append_problem(out.buffer(), problem); });
    report.close();
    out.line_done();
  } else {
    out.line(problem_line(problems[0]));
    out.line("1 problem: the store cannot be opened");
  }
  return kRefused;
}

void append_json(std::string& out, const VerifyReport& report) {
  JsonObject object(out);
  object.flag("ok", report.ok());
  object.number("revision", report.revision);
  object.number("users", report.users);
  object.number("changes", report.changes);
  object.text("digest", report.digest);
  append_json_array(object.name_of("problems"), report.problems,
                    [&](const VerifyReport::Problem& problem) { append_problem(out, told(problem)); });
  object.close();
}

void print_people(Output& out, const VerifyReport& report) {
  for (const VerifyReport::Problem& problem : report.problems) out.line(problem_line(told(problem)));
  out.line(fmt::format("{}: {} and {} read, revision {}, digest {}",
                       report.ok() ? "ok" : counted(report.problems.size(), "problem"),
                       counted(report.users, "user"), counted(report.changes, "change"), report.revision,
                       report.digest));
}

class VerifyCommand final : public Command {
 public:
  VerifyCommand()
      : Command(
            "verify", "Prove that file, log and indexes agree, or say where they do not",
            "Runs SQLite's own check, and compares schema, checksums, digest, log, user table and indexes.\n"
            "Changes nothing. The exit code is 1 where a problem was found, and where the file is so damaged that the\n"
            "store cannot be opened.\n"
            "\n"
            "Examples:\n"
            "  usertags verify users.db\n"
            "  usertags verify users.db --json | jq .problems") {}

  void declare(Arguments&) override {}

  int run(Console& console) override {
    const auto store = open_to_look(store_path(), console);
    if (!store)
      return is_finding(store.error()) ? report_unopened(store.error(), console)
                                       : console.error(store.error());
    const auto report = store->verify();
    if (!report) return console.error(report.error());
    if (console.json) {
      append_json(console.out().buffer(), *report);
      console.out().line_done();
    } else {
      print_people(console.out(), *report);
    }
    return report->ok() ? kDone : kRefused;
  }
};

}   // namespace

std::unique_ptr<Command> make_verify() {
  return std::make_unique<VerifyCommand>();
}

}   // namespace usertags::command
