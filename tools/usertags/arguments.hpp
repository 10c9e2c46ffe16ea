// Arguments: what a command takes on the command line. The one place that knows CLI11.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

}   // namespace usertags::command
