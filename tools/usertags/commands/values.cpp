#include <fmt/format.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "input/store_access.hpp"
#include "output/facet_rows.hpp"
#include "output/pages.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class ValuesCommand final : public Command {
 public:
  ValuesCommand()
      : Command(
            "values", "Print the values of a key, with the number of users",
            std::string(
                "In the order of their bytes, or with --top the most used ones. A key without users has no values.\n"
                "With --json, a line is {\"value\":V,\"users\":N}.\n") +
                kPagingHelp +
                "\n"
                "Examples:\n"
                "  usertags values users.db tier\n"
                "  usertags values users.db country --top 10\n"
                "  usertags values users.db country --prefix United --json") {}

  void declare(Arguments& arguments) override {
    arguments.positional("KEY", key_, "The key");
    arguments.option("--prefix", "TEXT", prefix_, "Only values that begin with it");
    arguments.option("--top", "N", top_, "The N values that most users have, most of them first");
    paging_.declare(arguments, "values");
  }

  int run(Console& console) override {
    paging_.check();
    if (top_ && paging_.given()) throw UsageError("--top comes without --limit and --after");
    const auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    if (const auto known = is_known(*store); known && !*known && !console.json) {
      console.note(fmt::format("no user has the key {}; usertags keys lists those that there are",
                               printable_word(key_)));
    }
    return top_ ? print_top(*store, *top_, console) : print_pages(*store, console);
  }

 private:
  Result<bool> is_known(const UserTagStore& store) const {
    const auto first = store.tag_values(key_, {.limit = 1});
    if (!first) return std::unexpected(first.error());
    return !first->values.empty();
  }

  int print_pages(const UserTagStore& store, Console& console) const {
    const auto ask = [&](std::size_t limit, const std::optional<Cursor>& after) {
      return store.tag_values(key_, {.prefix = prefix_.value_or(""), .limit = limit, .after = after});
    };
    return print_facets(paging_.pages<ValuePage>(ask), paging_, console);
  }

  int print_top(const UserTagStore& store, std::uint64_t top, Console& console) const {
    const auto page = store.tag_values(
        key_, {.prefix = prefix_.value_or(""), .limit = top, .after = {}, .order = ValueOrder::by_users});
    if (!page) return console.error(page.error());
    FacetRows rows(console);
    for (const ValueCount& row : page->values) rows.add(row);
    rows.finish();
    return kDone;
  }

  std::string key_;
  std::optional<std::string> prefix_;
  std::optional<std::uint64_t> top_;
  Paging paging_;
};

}   // namespace

std::unique_ptr<Command> make_values() {
  return std::make_unique<ValuesCommand>();
}

}   // namespace usertags::command
