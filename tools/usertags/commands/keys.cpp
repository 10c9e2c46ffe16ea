#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "input/store_access.hpp"
#include "output/facet_rows.hpp"
#include "output/pages.hpp"

namespace usertags::command {

namespace {

class KeysCommand final : public Command {
 public:
  KeysCommand()
      : Command(
            "keys", "Print the keys that users have, with the number of users",
            std::string("In the order of their bytes. With --json, a line is {\"key\":K,\"users\":N}.\n") +
                kPagingHelp +
                "\n"
                "Examples:\n"
                "  usertags keys users.db\n"
                "  usertags keys users.db --prefix billing. --json") {}

  void declare(Arguments& arguments) override {
    arguments.option("--prefix", "TEXT", prefix_, "Only keys that begin with it");
    paging_.declare(arguments, "keys");
  }

  int run(Console& console) override {
    paging_.check();
    const auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    const auto ask = [&](std::size_t limit, const std::optional<Cursor>& after) {
      return store->tag_keys({.prefix = prefix_.value_or(""), .limit = limit, .after = after});
    };
    return print_facets(paging_.pages<KeyPage>(ask), paging_, console);
  }

 private:
  std::optional<std::string> prefix_;
  Paging paging_;
};

}   // namespace

std::unique_ptr<Command> make_keys() {
  return std::make_unique<KeysCommand>();
}

}   // namespace usertags::command
