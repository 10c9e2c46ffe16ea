#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_out.hpp"
#include "people.hpp"
#include "store_access.hpp"
#include "table.hpp"
#include "text.hpp"
#include "user_pages.hpp"

namespace usertags::command {

namespace {

using Align = Table::Align;

class ListCommand final : public Command {
 public:
  ListCommand()
      : Command("list", "Print all users, in the order of their creation, one a line",
                "On a terminal, lines are cut to its width; find prints a user whole.\n"
                "With --limit, standard error tells where to go on: for people the options to give next, "
                "with --json\n"
                "one object {\"next\":CURSOR or null,\"revision\":N}. Cursors stay good while others write.\n"
                "\n"
                "Examples:\n"
                "  usertags list users.db\n"
                "  usertags list users.db --limit 20\n"
                "  usertags list users.db --json | jq -r .external_id") {}

  void declare(Arguments& arguments) override {
    arguments.option("--limit", "N", limit_, "At most so many users");
    arguments.option("--after", "CURSOR", after_, "Go on after an earlier list with --limit");
  }

  int run(Console& console) override {
    if (limit_ == 0u) throw UsageError("--limit is at least 1");
    const auto store = open_to_look(store_path());
    if (!store) return console.error(store.error());
    UserPages pages(*store, after_ ? std::optional<Cursor>(*after_) : std::nullopt, limit_);
    if (const auto printed = print(pages, console); !printed) return console.error(printed.error());
    if (limit_) tell_next(pages.cursor(), store->revision(), console);
    return kDone;
  }

 private:
  static Result<void> print(UserPages& pages, Console& console) {
    Table table({Align::left, Align::left, Align::right, Align::left});
    table.header({"EXTERNAL ID", "ID", "REVISION", "TAGS"}, console.style());
    for (;;) {
      const auto page = pages.next();
      if (!page) return std::unexpected(page.error());
      if (page->users.empty()) return {};
      for (const User& user : page->users) print_user(user, table, console);
      if (!console.json) table.write(console.out().buffer(), terminal_columns(console.out().fd()));
      console.out().flush();
    }
  }

  static void print_user(const User& user, Table& table, Console& console) {
    if (console.json) {
      append_json(console.out().buffer(), user);
      console.out().line_done();
    } else {
      table.row({printable(user.external_id()), std::string(user.id()), std::to_string(user.revision()),
                 tags_line(user)});
    }
  }

  static void tell_next(const std::optional<Cursor>& next, std::uint64_t revision, Console& console) {
    console.out().flush();
    if (!console.json) {
      if (next) console.err().line("more with --after " + next->text());
      return;
    }
    JsonObject object(console.err().buffer());
    if (next) {
      object.text("next", next->text());
    } else {
      object.null("next");
    }
    object.number("revision", revision);
    object.close();
    console.err().line_done();
  }

  std::optional<std::uint64_t> limit_;
  std::optional<std::string> after_;
};

}   // namespace

std::unique_ptr<Command> make_list() {
  return std::make_unique<ListCommand>();
}

}   // namespace usertags::command
