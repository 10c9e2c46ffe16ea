#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

// What housekeeping may remove by other settings than those of today. Of age, which only the store knows,
// nothing is said: it may keep changes, and let go of more tokens.
struct MayGo {
  std::uint64_t changes = 0;
  std::uint64_t tokens = 0;
};

std::uint64_t beyond(std::uint64_t kept, std::uint64_t bound) {
  return kept > bound ? kept - bound : 0;
}

// `kept` is Stats, or StoreInfo.
MayGo may_go(const Settings& settings, const auto& kept) {
  const std::uint64_t changes = kept.revision + 1 - kept.log_floor;
  return {settings.history.keep_all ? 0 : beyond(changes, settings.history.min_changes),
          beyond(kept.tokens, settings.tokens.max_count)};
}

class SettingsCommand final : public Command {
 public:
  SettingsCommand()
      : Command(
            "settings", "Show or change what belongs to the store: limits, and how long is kept what",
            "tags_per_user, operations_per_batch   limits of writes\n"
            "history_keep_all                      1: the whole log is kept\n"
            "history_min_changes                   else so many of the newest changes at least, …\n"
            "history_min_age_s                     … and all that are younger\n"
            "tokens_max_count, tokens_max_age_s    idempotency tokens: at most so many, and no older\n"
            "\n"
            "Age counts while the store is open for writing, whatever the clock says. A lower bound removes nothing\n"
            "at once: what it lets go is removed by later housekeeping. --dry-run says what may go, and changes\n"
            "nothing.\n"
            "\n"
            "Examples:\n"
            "  usertags settings users.db\n"
            "  usertags settings users.db --set history_min_age_s=30d --set tokens_max_age_s=48h --dry-run\n"
            "  usertags settings users.db --set tags_per_user=1000 --json") {}

  void declare(Arguments& arguments) override {
    arguments.repeatable(
        "--set", "NAME=VALUE", [this](std::string_view text) { assignments_.emplace_back(text); },
        "A setting and its new value; may be repeated");
    arguments.option("--if-version", "N", if_version_, "Refuse unless the settings have this version");
    arguments.flag("--dry-run", dry_run_, "Say what would change and what may go, and change nothing");
  }

  int run(Console& console) override {
    if (assignments_.empty() || dry_run_) return look(console);
    auto store = open_to_write(store_path(), {}, console);
    return store ? change(*store, console) : console.error(store.error());
  }

 private:
  Settings wanted(Settings settings) const {
    for (const std::string& assignment : assignments_) assign(settings, assignment);
    return settings;
  }

  int look(Console& console) const {
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    const auto info = store->info();
    if (!info) return console.error(info.error());
    const StoredSettings& stored = info->settings;
    const Settings then = wanted(stored);
    const bool differs = then != static_cast<const Settings&>(stored);
    StoredSettings shown{then, stored.version + (differs ? 1 : 0)};
    answer(stored, shown, may_go(then, *info), console);
    return kDone;
  }

  int change(UserTagStore& store, Console& console) const {
    const auto before = store.settings();
    const auto changed = !before ? before : store.change_settings(change_to(wanted(*before)), if_version_);
    const MayGo gone = changed ? may_go(*changed, store.stats()) : MayGo{};
    close_after_writing(store, console);
    if (!changed) return console.error(changed.error());
    answer(*before, *changed, gone, console);
    return kDone;
  }

  void answer(const StoredSettings& before, const StoredSettings& after, const MayGo& gone,
              Console& console) const {
    if (console.json)
      append_json(after, gone, console.out());
    else
      append_people(before, after, gone, console.out());
  }

  static void append_json(const StoredSettings& settings, const MayGo& gone, Output& out) {
    JsonObject object(out.buffer());
    object.number("version", settings.version);
    JsonObject values(object.name_of("settings"));
    for (const auto& [name, value] : named(settings)) values.number(name, value);
    values.close();
    object.number("changes_that_may_go", gone.changes);
    object.number("tokens_that_may_go", gone.tokens);
    object.close();
    out.line_done();
  }

  void append_people(const StoredSettings& before, const StoredSettings& after, const MayGo& gone,
                     Output& out) const {
    Table table({Table::Align::left, Table::Align::right, Table::Align::left});
    const std::vector<NamedSetting> old_values = named(before);
    const std::vector<NamedSetting> new_values = named(after);
    for (std::size_t i = 0; i < new_values.size(); ++i) {
      const bool same = old_values[i] == new_values[i];
      table.row({std::string(new_values[i].name), std::to_string(new_values[i].value),
                 same ? std::string() : fmt::format("was {}", old_values[i].value)});
    }
    table.row({"version", std::to_string(after.version), dry_run_ ? "not changed: --dry-run" : ""});
    table.write(out.buffer());
    if (gone.changes > 0) out.line(fmt::format("{} may go", counted(gone.changes, "change")));
    if (gone.tokens > 0) out.line(fmt::format("{} may go", counted(gone.tokens, "token")));
  }

  std::vector<std::string> assignments_;
  std::optional<std::uint64_t> if_version_;
  bool dry_run_ = false;
};

}   // namespace

std::unique_ptr<Command> make_settings() {
  return std::make_unique<SettingsCommand>();
}

}   // namespace usertags::command
