#include "people.hpp"

#include <iterator>

#include <fmt/format.h>

#include "table.hpp"
#include "text.hpp"

namespace usertags::command {

std::string violation_line(const Violation& violation) {
  std::string out;
  if (violation.operation) out = fmt::format("{} ", to_string(*violation.operation));
  if (violation.subject != Violation::Subject::batch) out += printable_word(violation.key);
  if (!out.empty()) out += ": ";
  out += to_string(violation.reason);
  if (violation.found && violation.limit)
    out += fmt::format(", {} of {}", *violation.found, *violation.limit);
  if (violation.character) out += fmt::format(", '{}'", *violation.character);
  if (violation.position) out += fmt::format(", at byte {}", *violation.position);
  if (violation.current) out += fmt::format(", the value is {}", printable_word(*violation.current));
  if (violation.first_operation) out += fmt::format(", after {}", to_string(*violation.first_operation));
  return out;
}

std::string tags_line(const User& user) {
  std::string out;
  for (const auto& [key, value] : user.tags()) {
    if (!out.empty()) out += ' ';
    fmt::format_to(std::back_inserter(out), "{}={}", printable_word(key), printable_word(value));
  }
  return out;
}

void append_people(std::string& out, const User& user, const Style& style) {
  const std::string rest = fmt::format("{}  revision {}", user.id(), grouped(user.revision()));
  out += fmt::format("{}  {}\n", style.bold(printable(user.external_id())), style.dim(rest));
  Table tags({Table::Align::left, Table::Align::left});
  for (const auto& [key, value] : user.tags()) tags.row({"  " + printable(key), printable(value)});
  tags.write(out);
}

void append_people(std::string& out, const Error& error, const Style& style,
                   std::optional<std::uint64_t> line) {
  const std::size_t reasons =
      error.violations().size();   // the message lists them, here they get a line each
  const std::string message = reasons == 0 ? printable_message(error.message())
                                           : "nothing was applied, for " + counted(reasons, "reason");
  out += "usertags: ";
  if (line) out += fmt::format("line {}: ", *line);
  out += fmt::format("{}: {}", style.alarm(to_string(error.code())), message);
  for (const Violation& violation : error.violations()) out += "\n  " + violation_line(violation);
}

}   // namespace usertags::command
