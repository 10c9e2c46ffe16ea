#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"
#include "output/change_lines.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kPage = 1'000;

class ChangesCommand final : public Command {
 public:
  ChangesCommand()
      : Command(
            "changes", "Print the changes of all users, in order, from the log",
            "They begin with the oldest that is still kept, or behind a position: one that an earlier line bore, or\n"
            "a revision. What a write answered as revision 42 is the first behind 41. With --follow, more are printed\n"
            "as they are made, also by another process.\n"
            "With --json, a change has the members position, revision, transaction, at, user, external_id, kind,\n"
            "tags (KEY: VALUE or null), before (likewise: what the keys had; null, where an adoption could not\n"
            "tell), and note. For people, !key is a tag that was removed.\n"
            "With --limit, changes of one transaction are not torn apart: there may be a few more.\n"
            "\n"
            "Examples:\n"
            "  usertags changes users.db\n"
            "  usertags changes users.db --after 2 --limit 20\n"
            "  usertags changes users.db --follow --json | tee -a changes.jsonl\n"
            "  usertags changes users.db --json \\\n"
            "    --after \"$(jq -Rr 'fromjson? | .position' changes.jsonl | tail -n 1)\"") {}

  void declare(Arguments& arguments) override {
    arguments.option("--after", "POSITION", after_,
                     "Begin behind this position, or revision; empty: at the beginning");
    arguments.option("--limit", "N", limit_, "At most so many changes");
    arguments.flag("--follow", follow_, "Go on with what is changed from now on, until ^C");
  }

  int run(Console& console) override {
    if (limit_ == 0U) throw UsageError("--limit is at least 1");
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    const auto start = after_.value_or("").empty() ? beginning(*store) : parse_position(*after_);
    if (!start) return console.error(start.error());
    const auto printed = print(*store, *start, console);
    return printed ? kDone : console.error(printed.error());
  }

 private:
  // Behind what was pruned.
  static Result<Position> beginning(const Inspector& store) {
    const auto info = store.info();
    if (!info) return std::unexpected(info.error());
    return info->position.at(info->log_floor - 1);
  }

  Result<void> print(const Inspector& store, Position position, Console& console) const {
    ChangeLines lines(console);
    std::uint64_t left = limit_.value_or(UINT64_MAX);
    while (left > 0) {
      const auto page =
          store.changes(position, static_cast<std::size_t>(std::min<std::uint64_t>(left, kPage)));
      if (!page) {
        const bool begins_anew =
            after_.value_or("").empty() && page.error() == ErrorCode::history_pruned;   // pruned meanwhile
        if (!begins_anew) return std::unexpected(page.error());
        const auto start = beginning(store);
        if (!start) return std::unexpected(start.error());
        position = *start;
        continue;
      }
      if (page->epoch_changed) {
        console.note(
            "the store did not end in good order since that position, or was restored: changes up to it may be "
            "others than were seen");
      }
      lines.print(page->changes, page->next);
      left -= std::min<std::uint64_t>(left, page->changes.size());
      position = page->next;
      if (!page->changes.empty()) continue;
      if (!follow_) return {};
      if (const auto more = wait(store, position); !more) return more;
    }
    return {};
  }

  static Result<void> wait(const Inspector& store, const Position& position) {
    while (true) {
      const auto revision = store.wait_for_changes(position, std::chrono::hours(1));
      if (revision) return {};
      if (revision.error() != ErrorCode::timeout) return std::unexpected(revision.error());
    }
  }

  std::optional<std::string> after_;
  std::optional<std::uint64_t> limit_;
  bool follow_ = false;
};

}   // namespace

std::unique_ptr<Command> make_changes() {
  return std::make_unique<ChangesCommand>();
}

}   // namespace usertags::command
