#include "user_pages.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "exit_code.hpp"
#include "json_out.hpp"
#include "people.hpp"
#include "table.hpp"
#include "text.hpp"

namespace usertags::command {

namespace {

using Align = Table::Align;

void print_user(const User& user, Table& table, Console& console) {
  if (console.json) {
    append_json(console.out().buffer(), user);
    console.out().line_done();
  } else {
    table.row({printable(user.external_id()), std::string(user.id()), std::to_string(user.revision()),
               tags_line(user)});
  }
}

}   // namespace

UserPages::Ask every_user(const UserTagStore& store) {
  return [&store](std::size_t limit, const std::optional<Cursor>& after) {
    return store.list({.limit = limit, .after = after});
  };
}

int list_users(UserPages pages, const Paging& paging, Console& console) {
  Table table({Align::left, Align::left, Align::right, Align::left});
  table.header({"EXTERNAL ID", "ID", "REVISION", "TAGS"}, console.style());
  std::uint64_t revision = 0;
  for (;;) {
    const auto page = pages.next();
    if (!page) return console.error(page.error());
    revision = std::max(revision, page->revision);
    if (page->users.empty()) break;
    for (const User& user : page->users) print_user(user, table, console);
    if (!console.json) table.write(console.out().buffer(), terminal_columns(console.out().fd()));
    console.out().flush();
  }
  paging.tell_next(pages.cursor(), revision, console);
  return kDone;
}

}   // namespace usertags::command
