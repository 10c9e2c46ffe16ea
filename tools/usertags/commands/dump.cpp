#include <cstdint>
#include <memory>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
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
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    const auto info = store->info();
    if (!info) return console.error(info.error());
    Progress progress("users", !is_terminal(console.out().fd()));
    std::uint64_t printed = 0;
    const auto all = store->for_each([&](const User& user) {
      append_json(console.out().buffer(), user);
      console.out().line_done();
      if (++printed % kBetweenLooks == 0)
        progress.at(printed, static_cast<double>(printed) / static_cast<double>(info->users_ever));
    });
    return all ? kDone : console.error(all.error());
  }

 private:
  static constexpr std::uint64_t kBetweenLooks = 1'000;   // users
};

}   // namespace

std::unique_ptr<Command> make_dump() {
  return std::make_unique<DumpCommand>();
}

}   // namespace usertags::command
