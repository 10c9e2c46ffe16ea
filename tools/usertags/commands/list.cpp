#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "input/store_access.hpp"
#include "output/pages.hpp"

namespace usertags::command {

namespace {

class ListCommand final : public Command {
 public:
  ListCommand()
      : Command("list", "Print all users, in the order of their creation, one a line",
                std::string("On a terminal, lines are cut to its width; find prints a user whole.\n") +
                    kPagingHelp +
                    "\n"
                    "Examples:\n"
                    "  usertags list users.db\n"
                    "  usertags list users.db --limit 20\n"
                    "  usertags list users.db --json | jq -r .external_id") {}

  void declare(Arguments& arguments) override { paging_.declare(arguments, "users"); }

  int run(Console& console) override {
    paging_.check();
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    if (!paging_.given()) return list_all(*store, console);
    const auto ask = [&](std::size_t limit, const std::optional<Cursor>& after) {
      return store->list({.limit = limit, .after = after});
    };
    return list_users(paging_.pages<UserPage>(ask), paging_, console);
  }

 private:
  Paging paging_;
};

}   // namespace

std::unique_ptr<Command> make_list() {
  return std::make_unique<ListCommand>();
}

}   // namespace usertags::command
