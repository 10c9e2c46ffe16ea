#include <fmt/format.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/change_lines.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kPage = 1'000;

class HistoryCommand final : public Command {
 public:
  HistoryCommand()
      : Command("history", "Print what became of one user, newest first, as far as the log has it",
                "A deleted user is found by its id, as long as the log has its deletion.\n"
                "A change is printed as by changes.\n"
                "\n"
                "Examples:\n"
                "  usertags history users.db alice@example.com\n"
                "  usertags history users.db user_01jg8c0vzre5xs8nh3dr42wr8f --limit 5 --json") {}

  void declare(Arguments& arguments) override {
    arguments.positional("USER", user_, "Id or external id");
    arguments.option("--limit", "N", limit_, "At most so many changes");
  }

  int run(Console& console) override {
    if (limit_ == 0U) throw UsageError("--limit is at least 1");
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    const auto printed = print(*store, console);
    return printed ? kDone : console.error(printed.error());
  }

 private:
  Result<void> print(const Inspector& store, Console& console) const {
    const auto info = store.info();
    if (!info) return std::unexpected(info.error());
    ChangeLines lines(console);
    PageRequest request;
    std::uint64_t left = limit_.value_or(UINT64_MAX);
    std::optional<ChangeKind> oldest;
    do {
      request.limit = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPage));
      const auto page = store.history(user_, request);
      if (!page) return std::unexpected(page.error());
      lines.print(page->changes, info->position);
      left -= page->changes.size();
      request.after = page->next;
      if (!page->changes.empty()) oldest = page->changes.back().kind;
      if (!page->next && oldest != ChangeKind::created) tell_floor(page->floor, console);
    } while (request.after && left > 0);
    return {};
  }

  static void tell_floor(std::uint64_t floor, Console& console) {
    console.out().flush();
    console.note(fmt::format("changes before revision {} are no longer kept", floor));
  }

  std::string user_;
  std::optional<std::uint64_t> limit_;
};

}   // namespace

std::unique_ptr<Command> make_history() {
  return std::make_unique<HistoryCommand>();
}

}   // namespace usertags::command
