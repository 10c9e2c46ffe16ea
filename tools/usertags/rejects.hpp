// Rejects: the rows that could not be loaded, each with its line and the reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <usertags/error.hpp>

#include "console.hpp"
#include "output.hpp"
#include "rows.hpp"

namespace usertags::command {

class Rejects {
 public:
  // Into a file at `path`, as Output::create() makes it: one object a line,
  // {"line":N,"error":{…},"input":TEXT}. Without a path, the first few are told to the console. Throws
  // std::system_error.
  Rejects(const std::optional<std::string>& path, bool force, Console& console);

  void add(std::uint64_t line, const std::string& text, const Error& error);
  std::uint64_t count() const { return count_; }

  // Writes out what is left.
  void finish();

 private:
  static constexpr std::uint64_t kTold = 10;

  Console& console_;
  std::optional<Output> file_;
  std::uint64_t count_ = 0;
};

}   // namespace usertags::command
