#include <cstdint>
#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/exact.hpp"
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
            "With --exact they do, in a line before the users, with the store's revision; and behind them is a line\n"
            "with their number and digest. load --exact makes a store of it that has the same digest.\n"
            "\n"
            "Examples:\n"
            "  usertags dump users.db >users.jsonl\n"
            "  usertags dump users.db | usertags load copy.db - --format jsonl --init\n"
            "  usertags dump users.db --exact | usertags load twin.db - --exact") {}

  void declare(Arguments& arguments) override {
    arguments.flag("--exact", exact_,
                   "With ids, revisions and settings in a form that load --exact takes in");
  }

  int run(Console& console) override {
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    Progress progress("users", !is_terminal(console.out().fd()));
    std::uint64_t printed = 0;
    StoreInfo moment;
    const auto begin = [&](const StoreInfo& info) {
      moment = info;
      if (exact_) line(console, exact_header(info));
    };
    const auto all = store->for_each(begin, [&](const User& user) {
      append_json(console.out().buffer(), user);
      console.out().line_done();
      if (++printed % kBetweenLooks == 0)
        progress.at(printed, static_cast<double>(printed) / static_cast<double>(moment.users_ever));
    });
    if (!all) return console.error(all.error());
    if (exact_) line(console, exact_trailer(printed, moment.digest));
    return kDone;
  }

 private:
  static void line(Console& console, const std::string& text) {
    console.out().buffer() += text;
    console.out().line_done();
  }

  static constexpr std::uint64_t kBetweenLooks = 1'000;   // users

  bool exact_ = false;
};

}   // namespace

std::unique_ptr<Command> make_dump() {
  return std::make_unique<DumpCommand>();
}

}   // namespace usertags::command
