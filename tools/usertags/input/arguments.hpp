// Arguments: what a command takes on the command line. The one place that knows CLI11.
//
// SELECTOR: the argument by which commands are told which users are meant. POSITION: where in the log.
//
// WriteOptions: the options that every write on the command line can bear.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/selector.hpp>
#include <usertags/write.hpp>

#include "terminal/console.hpp"

namespace CLI {   // NOLINT(readability-identifier-naming): its own name
class App;
class Option;
}   // namespace CLI

namespace usertags::command {

// Wrong usage, for what cannot be said while arguments are declared. The message is one line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A command declares its arguments once; parsing fills in the variables, which have to live as long. Text is
// passed on byte by byte.
class Arguments {
 public:
  explicit Arguments(CLI::App& app) : app_(app) {}

  // Arguments by place.
  void positional(const std::string& name, std::string& value, const std::string& help);
  void positional(const std::string& name, std::optional<std::string>& value,
                  const std::string& help);   // one that may be left out
  void positionals(const std::string& name, std::vector<std::string>& values, const std::string& help);

  // Options; `value` is what help calls the value.
  void flag(const std::string& name, bool& flag, const std::string& help);
  void option(const std::string& name, const std::string& value, std::optional<std::string>& text,
              const std::string& help);
  void option(const std::string& name, const std::string& value, std::optional<std::uint64_t>& number,
              const std::string& help);

  // An option that may come several times, with one value each. `use` is called for each of them, and among
  // several such options in the order of the command line. It may throw UsageError.
  void repeatable(const std::string& name, const std::string& value,
                  std::function<void(std::string_view)> use, const std::string& help);

  // After the parse: calls the functions of the repeatable options.
  void use_repeatables() const;

 private:
  struct Repeatable {
    const CLI::Option* option;
    std::function<void(std::string_view)> use;
  };

  CLI::App& app_;
  std::vector<Repeatable> repeatables_;
};

// KEY=VALUE, split at the first '='. Throws UsageError where there is none.
struct Assignment {
  std::string_view key;
  std::string_view value;
};
Assignment split_assignment(std::string_view text);

// A duration in seconds: 90, 90s, 15m, 24h, 30d. `name` is what the user calls it. Throws UsageError.
std::int64_t parse_seconds(std::string_view name, std::string_view text);

}   // namespace usertags::command

namespace usertags::command {

// Tells why the text of a selector was refused: for people, with a caret under the place. Returns the exit code.
int refused_selector(const std::string& text, const Error& error, Console& console);

class SelectorArgument {
 public:
  void declare(Arguments& arguments);

  Result<Selector> parse() const { return Selector::parse(text_); }

  int refused(const Error& error, Console& console) const { return refused_selector(text_, error, console); }

 private:
  std::string text_;
};

// For help of commands that have it.
inline constexpr const char* kSelectorHelp =
    "SELECTOR is a list of terms, joined by commas, all of which have to hold; an empty one is every user:\n"
    "  key  !key  key=value  key!=value  key in (v,w)  key notin (v,w)  key>5  key<5  key~go*  key!~go*\n"
    "  any(…)  all(…)  not(…)\n"
    "The negative ones also hold where there is no such key. Texts with other characters stand in quotes.\n";

// The position that a text names. A revision alone is one of whichever store it is asked of.
Result<Position> parse_position(const std::string& text);

class WriteOptions {
 public:
  // `--if-revision` is for writes to a user who is there.
  enum class Of : std::uint8_t { creation, user };
  void declare(Arguments& arguments, Of of);

  ApplyOptions get() const;
  // Of a write to many, which can bear nothing else. Throws UsageError.
  std::string note_for_many() const;

 private:
  std::optional<std::uint64_t> if_revision_;
  std::optional<std::string> token_;
  std::optional<std::string> note_;
};

// What became of a write, for people: `done` is the word for one that changed something.
std::string outcome_in_words(const Applied& applied, std::string_view done);

}   // namespace usertags::command
