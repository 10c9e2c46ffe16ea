#include "input/arguments.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstddef>
#include <map>
#include <system_error>
#include <utility>

#include "output/text.hpp"
#include "terminal/caret.hpp"

namespace usertags::command {

void Arguments::positional(const std::string& name, std::string& value, const std::string& help) {
  app_.add_option(name, value, help)->required()->type_name("");
}

void Arguments::positional(const std::string& name, std::optional<std::string>& value,
                           const std::string& help) {
  option(name, "", value, help);
}

// CLI11 takes "[a,b]" apart, and "{}" for nothing, where an option may have any number of values. A minimum
// that is never reached, and never checked, makes it take all that come, each as it is.
void Arguments::positionals(const std::string& name, std::vector<std::string>& values,
                            const std::string& help) {
  const auto keep = [&values](const CLI::results_t& results) {
    values = results;
    return true;
  };
  app_.add_option(name, CLI::callback_t(keep), help)
      ->required()
      ->type_name("")
      ->expected(CLI::detail::expected_max_vector_size, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Arguments::flag(const std::string& name, bool& flag, const std::string& help) {
  app_.add_flag(name, flag, help)->disable_flag_override();
}

void Arguments::option(const std::string& name, const std::string& value, std::optional<std::string>& text,
                       const std::string& help) {
  const auto keep = [&text](const std::string& given) { text = given; };
  app_.add_option_function<std::string>(name, keep, help)->type_name(value);
}

void Arguments::option(const std::string& name, const std::string& value,
                       std::optional<std::uint64_t>& number, const std::string& help) {
  const auto keep = [&number, name](const std::string& given) {
    std::uint64_t parsed = 0;
    const char* end = given.data() + given.size();
    const auto [rest, error] = std::from_chars(given.data(), end, parsed);
    if (error != std::errc() || rest != end) {
      throw UsageError(fmt::format("{} takes a whole number, not {}", name, printable_word(given)));
    }
    number = parsed;
  };
  app_.add_option_function<std::string>(name, keep, help)->type_name(value);
}

void Arguments::repeatable(const std::string& name, const std::string& value,
                           std::function<void(std::string_view)> use, const std::string& help) {
  const auto accept = [](const CLI::results_t&) { return true; };
  const CLI::Option* option = app_.add_option(name, CLI::callback_t(accept), help)
                                  ->type_name(value)
                                  ->expected(1)
                                  ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  repeatables_.push_back({option, std::move(use)});
}

void Arguments::use_repeatables() const {
  std::map<const CLI::Option*, std::size_t> used;
  for (const CLI::Option* given : app_.parse_order()) {
    for (const auto& [option, use] : repeatables_) {
      if (option == given) use(option->results().at(used[option]++));
    }
  }
}

Assignment split_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    throw UsageError(fmt::format("{} is not of the form KEY=VALUE", printable_word(text)));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

namespace {

// Seconds of a unit; 0: there is no such unit.
std::int64_t seconds_of(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 3'600;
  if (unit == "d") return 86'400;
  return 0;
}

}   // namespace

std::int64_t parse_seconds(std::string_view name, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t seconds = seconds_of(unit);
  std::int64_t value = 0;
  if (wrong != std::errc() || seconds == 0 || __builtin_mul_overflow(number, seconds, &value)) {
    throw UsageError(
        fmt::format("{}: '{}' is no number of seconds, nor one with s, m, h or d behind it", name, text));
  }
  return value;
}

void SelectorArgument::declare(Arguments& arguments) {
  arguments.positional("SELECTOR", text_, "Which users, such as 'tier in (gold,silver),!churned'");
}

int refused_selector(const std::string& text, const Error& error, Console& console) {
  const int code = console.error(error);
  if (!console.json && error.position()) console.err().line(caret_lines(text, *error.position()));
  return code;
}

Result<Position> parse_position(const std::string& text) {
  std::uint64_t revision = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, revision);
  if (error == std::errc() && last == end) return Position().at(revision);
  return Position::parse(text);
}

void WriteOptions::declare(Arguments& arguments, Of of) {
  if (of == Of::user)
    arguments.option("--if-revision", "N", if_revision_, "Refuse unless this is the user's revision");
  arguments.option("--token", "TEXT", token_,
                   "Take effect once, however often the same is asked for under this token");
  arguments.option("--note", "TEXT", note_, "Who or why, kept with the change");
}

// An empty token would be none; whoever gives one means it.
ApplyOptions WriteOptions::get() const {
  if (token_ && token_->empty()) throw UsageError("--token is empty");
  return {.expected_revision = if_revision_, .token = token_.value_or(""), .note = note_.value_or("")};
}

std::string WriteOptions::note_for_many() const {
  if (if_revision_ || token_) throw UsageError("--if-revision and --token are for a single USER");
  return note_.value_or("");
}

std::string outcome_in_words(const Applied& applied, std::string_view done) {
  const std::string_view word = applied.replayed  ? "already done under this token"
                                : applied.changed ? done
                                                  : "nothing to change";
  return fmt::format("{}, revision {}", word, applied.revision);
}

}   // namespace usertags::command
