// Command: one of the words that can follow `usertags`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "input/arguments.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

class Command {
 public:
  virtual ~Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::string& details() const { return details_; }   // of --help: what is to know, and examples

  // Each command takes STORE, if it does, and --json; the rest is declared here.
  bool takes_store() const { return takes_store_; }
  std::string& store_path() { return store_path_; }
  const std::string& store_path() const { return store_path_; }
  virtual void declare(Arguments& arguments) = 0;

  // Runs with the arguments as parsed, and returns the exit code. What it throws (UsageError, ClosedPipe,
  // std::system_error, std::bad_alloc) is reported by run_command_line().
  virtual int run(Console& console) = 0;

 protected:
  enum class Takes : std::uint8_t { store, no_store };
  // The name has two words where the command is one of a group: "cluster run".
  Command(std::string name, std::string summary, std::string details, Takes takes = Takes::store)
      : name_(std::move(name)),
        summary_(std::move(summary)),
        details_(std::move(details)),
        takes_store_(takes == Takes::store) {}

 private:
  std::string name_;
  std::string summary_;
  std::string details_;
  bool takes_store_;
  std::string store_path_;
};

}   // namespace usertags::command
