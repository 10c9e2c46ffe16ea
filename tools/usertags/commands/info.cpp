#include <fmt/format.h>
#include <cstdint>
#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

double per_user(std::uint64_t amount, const UserFigures& figures) {
  return figures.users == 0 ? 0 : static_cast<double>(amount) / static_cast<double>(figures.users);
}

std::string log_text(const StoreInfo& info) {
  if (info.log_floor > info.revision) return "empty";
  return fmt::format("changes {} to {}", info.log_floor, info.revision);
}

std::string kept_text(const StoredSettings& settings) {
  const History& history = settings.history;
  const std::string changes =
      history.keep_all ? "all changes" : counted(history.min_changes, "change") + " at least";
  return fmt::format("{}, {} at most", changes, counted(settings.tokens.max_count, "token"));
}

void append_people(std::string& out, const std::string& path, const StoreInfo& info,
                   const UserFigures& figures) {
  const StoredSettings& settings = info.settings;
  Table table({Table::Align::left, Table::Align::left});
  table.row({"store", printable(path)});
  table.row({"users", grouped(figures.users)});
  table.row(
      {"tags", fmt::format("{}, {:.1f} a user", grouped(figures.tags), per_user(figures.tags, figures))});
  table.row(
      {"keys", fmt::format("{}, with {} values", grouped(figures.tag_keys), grouped(figures.tag_values))});
  table.row({"tokens", grouped(info.tokens)});
  table.row({"revision", std::to_string(info.revision)});
  table.row({"log", log_text(info)});
  table.row({"backlog", fmt::format("{}, folded up to revision {}", counted(figures.backlog_users, "user"),
                                    info.folded_revision)});
  table.row({"database", byte_size(info.database_bytes)});
  table.row({"WAL", byte_size(info.wal_bytes)});
  table.row({"limits", fmt::format("{} a user, {} a batch", counted(settings.tags_per_user, "tag"),
                                   counted(settings.operations_per_batch, "operation"))});
  table.row({"kept", kept_text(settings)});
  table.write(out);
}

void append_json(std::string& out, const std::string& path, const StoreInfo& info,
                 const UserFigures& figures) {
  JsonObject object(out);
  object.text("store", path);
  object.number("users", figures.users);
  object.number("tags", figures.tags);
  object.number("tag_keys", figures.tag_keys);
  object.number("tag_values", figures.tag_values);
  object.number("tokens", info.tokens);
  object.number("revision", info.revision);
  object.number("log_floor", info.log_floor);
  object.number("folded_revision", info.folded_revision);
  object.number("backlog_users", figures.backlog_users);
  object.number("database_bytes", info.database_bytes);
  object.number("wal_bytes", info.wal_bytes);
  object.number("settings_version", info.settings.version);
  for (const auto& [name, value] : named(info.settings)) object.number(name, value);
  object.close();
}

class InfoCommand final : public Command {
 public:
  InfoCommand()
      : Command("info", "Say what the store holds, and what it takes on disk",
                "What it takes in memory is in stats, which loads it.\n"
                "\n"
                "Examples:\n"
                "  usertags info users.db\n"
                "  usertags info users.db --json | jq .users") {}

  void declare(Arguments&) override {}

  int run(Console& console) override {
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    const auto info = store->info(Inspector::Figures::of_users);
    if (!info) return console.error(info.error());
    if (console.json) {
      append_json(console.out().buffer(), store_path(), *info, *info->users);
      console.out().line_done();
    } else {
      append_people(console.out().buffer(), store_path(), *info, *info->users);
    }
    return kDone;
  }
};

}   // namespace

std::unique_ptr<Command> make_info() {
  return std::make_unique<InfoCommand>();
}

}   // namespace usertags::command
