#include "command_line.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <usertags/error.hpp>
#include <usertags/version.hpp>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/input.hpp"
#include "output/text.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

constexpr const char* kAbout =
    "Looks into a store of users' tags, and works on it.\n"
    "`usertags COMMAND --help` tells more, with examples.";
constexpr const char* kFooter =
    "Examples:\n"
    "  usertags load users.db people.csv --init\n"
    "  usertags keys users.db\n"
    "  usertags select users.db 'tier=gold'\n"
    "  usertags apply users.db alice@example.com --set tier=gold\n"
    "  usertags changes users.db --follow\n"
    "\n"
    "Exit codes: 0 done; 1 refused, not found, found something, or some lines rejected;\n"
    "2 wrong usage; 3 the store or the system failed; 4 outcome unknown; 130 on ^C.";

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("REQUIRED", "");
    label("Positionals", "Arguments");
    label("OPTIONS", "options");
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() == nullptr) return "\nUsage: usertags COMMAND STORE [arguments] [options]\n";
    return '\n' + CLI::Formatter::make_usage(app, std::move(name));
  }
};

// One command with its arguments, which hold pointers into both.
struct Entry {
  std::unique_ptr<Command> command;
  CLI::App* app;
  Arguments arguments;
};

class CommandLine {
 public:
  explicit CommandLine(Console& console) : console_(console), app_(kAbout, "usertags") {
    app_.set_version_flag("--version", fmt::format("usertags {}", version()), "Print the version and exit");
    app_.set_help_flag("--help,-h", "Print this help and exit");
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.footer(kFooter);
    for (MakeCommand* make : kCommands) add(make());
  }

  int run(int argc, const char* const* argv) {
    console_.json = wants_json({argv, static_cast<std::size_t>(argc)});   // also where parsing ends early
    try {
      app_.parse(argc, argv);
      const Entry* chosen = find_chosen();
      if (chosen == nullptr) throw UsageError("a command is missing");
      chosen->arguments.use_repeatables();
      return chosen->command->run(console_);
    } catch (const CLI::CallForVersion& version) {
      console_.out().line(version.what());
      return kDone;
    } catch (const CLI::Success&) {
      console_.out().buffer() += help();
      return kDone;
    } catch (const CLI::ExtrasError& error) {
      const bool is_command = find_chosen() == nullptr && argv[1][0] != '-';
      return wrong_usage(is_command ? fmt::format("there is no command {}", printable_word(argv[1]))
                                    : error.what());
    } catch (const CLI::Error& error) {
      return wrong_usage(error.what());
    } catch (const UsageError& error) {
      return wrong_usage(error.what());
    }
  }

 private:
  void add(std::unique_ptr<Command> command) {
    CLI::App* app = app_.add_subcommand(command->name(), command->summary());
    app->group("Commands");
    app->footer(command->details());
    Entry& entry = entries_.emplace_back(Entry{std::move(command), app, Arguments(*app)});
    entry.arguments.positional("STORE", entry.command->store_path(), "The store's file");
    entry.command->declare(entry.arguments);
    entry.arguments.flag("--json", console_.json, "Answer in JSON, one object a line");
  }

  static bool wants_json(std::span<const char* const> arguments) {
    const auto end = std::ranges::find(arguments, std::string_view("--"));
    return std::find(arguments.begin(), end, std::string_view("--json")) != end;
  }

  const Entry* find_chosen() const {
    for (const Entry& entry : entries_) {
      if (entry.app->parsed()) return &entry;
    }
    return nullptr;
  }

  std::string help() const {
    const Entry* chosen = find_chosen();
    if (chosen == nullptr) return app_.help();
    return chosen->app->help("usertags");
  }

  int wrong_usage(const std::string& message) {
    const Entry* chosen = find_chosen();
    if (console_.json) return console_.error(Error(ErrorCode::invalid_argument, message));
    const std::string words = chosen == nullptr ? "usertags" : "usertags " + chosen->command->name();
    console_.err().line(fmt::format("{}: {} (see {} --help)", words, printable_message(message), words));
    return kWrongUsage;
  }

  Console& console_;
  CLI::App app_;
  std::deque<Entry> entries_;
};

int run_and_flush(int argc, const char* const* argv, Console& console) {
  const int code = CommandLine(console).run(argc, argv);
  console.flush();
  return code;
}

}   // namespace

int run_command_line(int argc, const char* const* argv, Console& console) noexcept {
  try {
    try {
      return run_and_flush(argc, argv, console);
    } catch (const ClosedPipe&) {
      return kDone;
    } catch (const UnreadableInput& input) {
      return console.error(input.error);
    } catch (const std::system_error& failure) {
      return console.error(error_of(failure));
    } catch (const std::bad_alloc&) {
      return console.error(ErrorCode::out_of_memory);
    } catch (const std::exception& failure) {
      return console.error(Error(ErrorCode::io_error, failure.what()));
    }
  } catch (...) {
    return kFailed;   // no memory is left for saying so
  }
}

}   // namespace usertags::command
