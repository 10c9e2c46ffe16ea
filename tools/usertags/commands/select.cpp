#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"
#include "output/pages.hpp"

namespace usertags::command {

namespace {

class SelectCommand final : public Command {
 public:
  SelectCommand()
      : Command("select", "Print the users that a selector means, in the order of their creation, one a line",
                std::string(kSelectorHelp) + kPagingHelp +
                    "\n"
                    "Examples:\n"
                    "  usertags select users.db 'tier in (gold,silver),!churned'\n"
                    "  usertags select users.db 'any(seats>10,team=\"human resources\")' --limit 20\n"
                    "  usertags select users.db 'plan~enterprise-*' --json | jq -r .external_id") {}

  void declare(Arguments& arguments) override {
    selector_.declare(arguments);
    paging_.declare(arguments, "users");
  }

  int run(Console& console) override {
    paging_.check();
    const auto selector = selector_.parse();
    if (!selector) return selector_.refused(selector.error(), console);
    const auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    const auto ask = [&](std::size_t limit, const std::optional<Cursor>& after) {
      return store->select(*selector, {.limit = limit, .after = after});
    };
    return list_users(paging_.pages<UserPage>(ask), paging_, console);
  }

 private:
  SelectorArgument selector_;
  Paging paging_;
};

}   // namespace

std::unique_ptr<Command> make_select() {
  return std::make_unique<SelectCommand>();
}

}   // namespace usertags::command
