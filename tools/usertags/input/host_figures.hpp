// HostFigures: what the process that writes to a store has told of its work, in the text of metrics_text(): what
// nobody outside that process can know.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

#include "output/distribution.hpp"

namespace usertags::command {

class HostFigures {
 public:
  // "-" is standard input. Lines of other metrics are passed over. Errors: invalid_argument where the text is none of
  // a store, or is not whole; io_error.
  static Result<HostFigures> read(const std::string& path);
  static Result<HostFigures> parse(std::string_view text);

  // A sample by its name behind `usertags_`, with labels as they are written; 0 where there is none.
  std::uint64_t number(std::string_view name) const;
  // The sum of a name's samples, whatever their labels.
  std::uint64_t sum(std::string_view name) const;
  // A histogram; those in seconds become nanoseconds.
  Distribution histogram(std::string_view name) const;

 private:
  void take(std::string_view line);

  std::map<std::string, double, std::less<>> samples_;
};

}   // namespace usertags::command
