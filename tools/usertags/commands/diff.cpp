#include <fmt/format.h>
#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/differences.hpp"
#include "input/store_access.hpp"
#include "output/change_lines.hpp"
#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using Align = Table::Align;

constexpr std::size_t kPage = 1'000;

// Differences as lines; for people in columns, page by page.
class DifferenceLines {
 public:
  explicit DifferenceLines(Console& console)
      : console_(console), table_({Align::left, Align::left, Align::left}) {
    table_.header({"KIND", "EXTERNAL ID", "TAGS"}, console.style());
  }

  void print(const Change& difference) {
    if (console_.json) {
      append(console_.out().buffer(), difference);
      return console_.out().line_done();
    }
    table_.row({std::string(to_string(difference.kind)), printable(difference.external_id),
                tags_line(difference.tags)});
    if (++rows_ % kPage == 0) end_page();
  }

  void end_page() {
    if (rows_ == 0) return;
    if (!console_.json) table_.write(console_.out().buffer(), terminal_columns(console_.out().fd()));
    console_.out().flush();
  }

 private:
  static void append(std::string& out, const Change& difference) {
    JsonObject object(out);
    object.text("external_id", difference.external_id);
    object.text("kind", to_string(difference.kind));
    append_json(object.name_of("tags"), difference.tags);
    append_json_before(object.name_of("before"), difference.tags);
    object.close();
  }

  Console& console_;
  Table table_;
  std::size_t rows_ = 0;
};

class DiffCommand final : public Command {
 public:
  DiffCommand()
      : Command(
            "diff", "Say what differs between two stores, by user and tag",
            "Prints the changes that would make STORE what OTHER is: users who are created, patched or deleted, with\n"
            "what their keys had before; !key is a tag that is removed. Users with the same external id are the same;\n"
            "with --exact, their ids and revisions have to be the same, too, as in a backup.\n"
            "With --json, a difference is {\"external_id\",\"kind\",\"tags\":{KEY:VALUE or null},\n"
            "\"before\":{KEY:VALUE or null}}. They come in no order that could be relied on.\n"
            "The exit code is 0 where nothing differs, 1 where something does. Neither store is loaded or changed.\n"
            "\n"
            "Examples:\n"
            "  usertags diff users.db other.db\n"
            "  usertags backup users.db copy.db && usertags diff users.db copy.db --exact\n"
            "  usertags diff other.db users.db --json | jq -r 'select(.kind==\"deleted\").external_id'") {}

  void declare(Arguments& arguments) override {
    arguments.positional("OTHER", other_, "The file of the store to compare it with");
    arguments.flag("--exact", exact_, "Ids and revisions have to be the same, too");
  }

  int run(Console& console) override {
    const auto first = open_to_inspect(store_path());
    if (!first) return console.error(first.error());
    const auto second = open_to_inspect(other_);
    if (!second) return console.error(second.error());
    DifferenceLines lines(console);
    const auto compared = compare(*first, *second, {.exact = exact_},
                                  [&](const Change& difference) { lines.print(difference); });
    lines.end_page();
    if (!compared) return console.error(compared.error());
    if (!compared->at_one_moment) {
      console.note("a store was written to meanwhile: not all was read at one moment");
    }
    if (!console.json) console.out().line(summary(*compared));
    return compared->different == 0 ? kDone : kRefused;
  }

 private:
  static std::string summary(const Compared& compared) {
    if (compared.different == 0) return fmt::format("the same: {}", counted(compared.users, "user"));
    return fmt::format("{} of {} differ", grouped(compared.different), counted(compared.users, "user"));
  }

  std::string other_;
  bool exact_ = false;
};

}   // namespace

std::unique_ptr<Command> make_diff() {
  return std::make_unique<DiffCommand>();
}

}   // namespace usertags::command
