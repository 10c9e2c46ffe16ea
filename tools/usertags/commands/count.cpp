#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class CountCommand final : public Command {
 public:
  CountCommand()
      : Command("count", "Count the users that a selector means",
                std::string(kSelectorHelp) +
                    "With --json, the answer is {\"count\":N,\"revision\":N}.\n"
                    "\n"
                    "Examples:\n"
                    "  usertags count users.db 'tier=gold,!churned'\n"
                    "  usertags count users.db '' --json | jq .count") {}

  void declare(Arguments& arguments) override { selector_.declare(arguments); }

  int run(Console& console) override {
    const auto selector = selector_.parse();
    if (!selector) return selector_.refused(selector.error(), console);
    const auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    const auto count = store->count(*selector);
    if (!count) return console.error(count.error());
    if (console.json) {
      JsonObject object(console.out().buffer());
      object.number("count", count->count);
      object.number("revision", count->revision);
      object.close();
      console.out().line_done();
    } else {
      console.out().line(counted(count->count, "user"));
    }
    return kDone;
  }

 private:
  SelectorArgument selector_;
};

}   // namespace

std::unique_ptr<Command> make_count() {
  return std::make_unique<CountCommand>();
}

}   // namespace usertags::command
