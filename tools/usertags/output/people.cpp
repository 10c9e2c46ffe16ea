#include "output/people.hpp"

#include <fmt/format.h>
#include <iterator>

#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

std::string tags_line(const User& user) {
  std::string out;
  for (const auto& [key, value] : user.tags()) {
    if (!out.empty()) out += ' ';
    fmt::format_to(std::back_inserter(out), "{}={}", printable_word(key), printable_word(value));
  }
  return out;
}

void append_people(std::string& out, const User& user, const Style& style) {
  const std::string rest = fmt::format("{}  revision {}", std::string(user.id()), user.revision());
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
  for (const Violation& violation : error.violations()) out += "\n  " + in_words(violation);
}

}   // namespace usertags::command
