#include <cstdint>
#include <memory>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/pages.hpp"
#include "terminal/console.hpp"
#include "terminal/progress.hpp"

namespace usertags::command {

namespace {

class DumpCommand final : public Command {
 public:
  DumpCommand()
      : Command(
            "dump", "Print all users as JSON Lines, which load takes in again",
            "A line is {\"id\",\"external_id\",\"revision\",\"tags\":[{\"key\",\"value\"},…]}, in the order of creation.\n"
            "Loading makes new ids and revisions. The output is JSON with and without --json.\n"
            "Settings do not come along: usertags settings shows them, load --init --setting sets them.\n"
            "\n"
            "Examples:\n"
            "  usertags dump users.db >users.jsonl\n"
            "  usertags dump users.db | usertags load copy.db - --format jsonl --init") {}

  void declare(Arguments&) override {}

  int run(Console& console) override {
    const auto store = open_to_look(store_path());
    if (!store) return console.error(store.error());
    const auto total = static_cast<double>(store->stats().users);
    Progress progress("users", !is_terminal(console.out().fd()));
    UserPages pages(every_user(*store));
    for (std::uint64_t printed = 0;;) {
      const auto page = pages.next();
      if (!page) return console.error(page.error());
      if (page->users.empty()) return kDone;
      for (const User& user : page->users) {
        append_json(console.out().buffer(), user);
        console.out().line_done();
      }
      printed += page->users.size();
      progress.at(printed, static_cast<double>(printed) / total);
    }
  }
};

}   // namespace

std::unique_ptr<Command> make_dump() {
  return std::make_unique<DumpCommand>();
}

}   // namespace usertags::command
