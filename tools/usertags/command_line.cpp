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

constexpr const char* kAboutClusters =
    "Works with stores on many machines that are one store: etcd keeps their log.";
constexpr const char* kNoClusters =
    "this usertags was built without clusters: build one with cmake -DUSERTAGS_CLUSTER=ON";

// Of commands whose names begin with the same word.
bool is_group(const CLI::App& app) {
  return !app.get_subcommands([](const CLI::App*) { return true; }).empty();
}

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("REQUIRED", "");
    label("Positionals", "Arguments");
    label("OPTIONS", "options");
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() == nullptr) return "\nUsage: usertags COMMAND STORE [arguments] [options]\n";
    if (is_group(*app)) return fmt::format("\nUsage: {} COMMAND [arguments] [options]\n", name);
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
    for (MakeCommand* make : cluster_commands()) add(make());
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
      return wrong_usage(is_command ? no_command(argv[1]) : error.what());
    } catch (const CLI::Error& error) {
      return wrong_usage(error.what());
    } catch (const UsageError& error) {
      return wrong_usage(error.what());
    }
  }

 private:
  void add(std::unique_ptr<Command> command) {
    CLI::App* app = group_of(command->name()).add_subcommand(last_word(command->name()), command->summary());
    app->group("Commands");
    app->footer(command->details());
    Entry& entry = entries_.emplace_back(Entry{std::move(command), app, Arguments(*app)});
    if (entry.command->takes_store())
      entry.arguments.positional("STORE", entry.command->store_path(), "The store's file");
    entry.command->declare(entry.arguments);
    entry.arguments.flag("--json", console_.json, "Answer in JSON, one object a line");
  }

  // Where the command of that name is added.
  CLI::App& group_of(const std::string& name) {
    const std::size_t space = name.find(' ');
    if (space == std::string::npos) return app_;
    const std::string word = name.substr(0, space);
    const auto there = app_.get_subcommands([&word](const CLI::App* app) { return app->get_name() == word; });
    if (!there.empty()) return *there.front();
    CLI::App* group = app_.add_subcommand(word, kAboutClusters);
    group->group("Commands");
    group->footer("");
    group->require_subcommand(1);
    return *group;
  }

  static std::string last_word(const std::string& name) { return name.substr(name.rfind(' ') + 1); }

  // What the words name, as far as they name anything.
  std::string words() const {
    if (const Entry* chosen = find_chosen()) return "usertags " + chosen->command->name();
    const auto parsed = app_.get_subcommands();
    return parsed.empty() ? "usertags" : "usertags " + parsed.front()->get_name();
  }

  static std::string no_command(std::string_view word) {
    if (word == "cluster") return kNoClusters;   // else it is found
    return fmt::format("there is no command {}", printable_word(word));
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
    const std::string& name = chosen->command->name();
    const std::size_t space = name.find(' ');
    return chosen->app->help(space == std::string::npos ? "usertags" : "usertags " + name.substr(0, space));
  }

  int wrong_usage(const std::string& message) {
    if (console_.json) return console_.error(Error(ErrorCode::invalid_argument, message));
    console_.err().line(fmt::format("{0}: {1} (see {0} --help)", words(), printable_message(message)));
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
