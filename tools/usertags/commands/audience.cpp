#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using Align = Table::Align;

class AudienceCommand final : public Command {
 public:
  AudienceCommand()
      : Command(
            "audience", "Print who came to the users of a selector, and who went, since a position",
            std::string(kSelectorHelp) +
                "Without a position, all users who match have entered. After the users comes the position up to which\n"
                "this is true: go on from it. A user who came and went in between is not named. With --follow, more is\n"
                "printed as it happens, also what another process writes.\n"
                "With --json, a user is {\"kind\":\"entered\" or \"left\",\"user\",\"external_id\"}, and {\"position\"} follows.\n"
                "Without it, the position goes to standard error.\n"
                "If the log no longer reaches back to the position, or the store has begun another epoch, the answer is\n"
                "history_pruned: begin without a position.\n"
                "\n"
                "Examples:\n"
                "  usertags audience users.db 'tier=gold' --json | tee audience.jsonl\n"
                "  usertags audience users.db 'tier=gold' --json --follow \\\n"
                "    --after \"$(jq -r '.position // empty' audience.jsonl | tail -n 1)\"") {}

  void declare(Arguments& arguments) override {
    selector_.declare(arguments);
    arguments.option("--after", "POSITION", after_,
                     "Since this position, or revision; empty: all whom the selector means");
    arguments.flag("--follow", follow_, "Go on with who comes and goes from now on, until ^C");
  }

  int run(Console& console) override {
    const auto selector = selector_.parse();
    if (!selector) return selector_.refused(selector.error(), console);
    auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    const auto printed = print(*store, *selector, console);
    return printed ? kDone : console.error(printed.error());
  }

 private:
  // What a store that is open read-only shows is of one moment, until it is refreshed.
  Result<void> print(UserTagStore& store, const Selector& selector, Console& console) {
    table_.header({"KIND", "EXTERNAL ID", "ID"}, console.style());
    auto position = begin(store, selector, console);
    while (position) {
      tell(*position, console);
      if (!follow_) return {};
      if (const auto more = wait(store, *position); !more) return more;
      position = print_changes(store, selector, *position, console);
    }
    return std::unexpected(position.error());
  }

  Result<Position> begin(const UserTagStore& store, const Selector& selector, Console& console) {
    if (!after_.value_or("").empty()) {
      const auto after = parse_position(*after_);
      return after ? print_changes(store, selector, *after, console) : after;
    }
    const auto visited = store.for_each(selector, [&](const User& user) {
      print({MembershipChange::Kind::entered, user.id(), std::string(user.external_id())}, console);
    });
    if (!visited) return std::unexpected(visited.error());
    return store.position();
  }

  Result<Position> print_changes(const UserTagStore& store, const Selector& selector, const Position& after,
                                 Console& console) {
    return store.membership_changes(selector, after,
                                    [&](const MembershipChange& change) { print(change, console); });
  }

  void print(const MembershipChange& change, Console& console) {
    if (!console.json) {
      table_.row({std::string(to_string(change.kind)), printable(change.external_id), change.user_id});
      return;
    }
    JsonObject object(console.out().buffer());
    object.text("kind", to_string(change.kind));
    object.text("user", change.user_id);
    object.text("external_id", change.external_id);
    object.close();
    console.out().line_done();
  }

  void tell(const Position& position, Console& console) {
    if (console.json) {
      JsonObject object(console.out().buffer());
      object.text("position", position.text());
      object.close();
      console.out().line_done();
      return console.out().flush();
    }
    table_.write(console.out().buffer(), terminal_columns(console.out().fd()));
    console.out().flush();
    if (!follow_) console.err().line("more with --after " + std::string(position.text()));
  }

  static Result<void> wait(UserTagStore& store, const Position& position) {
    while (true) {
      const auto revision = store.wait_for_changes(position, std::chrono::hours(1));
      if (!revision && revision.error() == ErrorCode::timeout) continue;
      if (!revision) return std::unexpected(revision.error());
      if (const auto refreshed = store.refresh(); !refreshed) return std::unexpected(refreshed.error());
      return {};
    }
  }

  SelectorArgument selector_;
  std::optional<std::string> after_;
  bool follow_ = false;
  Table table_{{Align::left, Align::left, Align::left}};
};

}   // namespace

std::unique_ptr<Command> make_audience() {
  return std::make_unique<AudienceCommand>();
}

}   // namespace usertags::command
