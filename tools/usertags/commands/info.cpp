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

double per_user(std::uint64_t amount, const Stats& stats) {
  return stats.users == 0 ? 0 : static_cast<double>(amount) / static_cast<double>(stats.users);
}

std::string log_text(const Stats& stats) {
  if (stats.log_floor > stats.revision) return "empty";
  return fmt::format("changes {} to {}", grouped(stats.log_floor), grouped(stats.revision));
}

std::string memory_text(const Stats& stats) {
  return fmt::format("{}, {:.0f} bytes a user (records {}, look-up {}, tag index {}, tokens {})",
                     byte_size(stats.memory_bytes()), per_user(stats.memory_bytes(), stats),
                     byte_size(stats.record_bytes), byte_size(stats.directory_bytes),
                     byte_size(stats.tag_index_bytes), byte_size(stats.token_bytes));
}

std::string kept_text(const StoredSettings& settings) {
  const History& history = settings.history;
  const std::string changes =
      history.keep_all ? "all changes" : counted(history.min_changes, "change") + " at least";
  return fmt::format("{}, {} at most", changes, counted(settings.tokens.max_count, "token"));
}

void append_people(std::string& out, const std::string& path, const Stats& stats,
                   const StoredSettings& settings) {
  Table table({Table::Align::left, Table::Align::left});
  table.row({"store", printable(path)});
  table.row({"users", grouped(stats.users)});
  table.row({"tags", fmt::format("{}, {:.1f} a user", grouped(stats.tags), per_user(stats.tags, stats))});
  table.row({"keys", fmt::format("{}, with {} values", grouped(stats.tag_keys), grouped(stats.tag_values))});
  table.row({"tokens", grouped(stats.tokens)});
  table.row({"revision", grouped(stats.revision)});
  table.row({"log", log_text(stats)});
  table.row({"backlog", fmt::format("{}, folded up to revision {}", counted(stats.backlog_users, "user"),
                                    grouped(stats.folded_revision))});
  table.row({"database", byte_size(stats.database_bytes)});
  table.row({"WAL", byte_size(stats.wal_bytes)});
  table.row({"memory", memory_text(stats)});
  table.row({"limits", fmt::format("{} a user, {} a batch", counted(settings.tags_per_user, "tag"),
                                   counted(settings.operations_per_batch, "operation"))});
  table.row({"kept", kept_text(settings)});
  table.write(out);
}

void append_json(std::string& out, const std::string& path, const Stats& stats,
                 const StoredSettings& settings) {
  JsonObject object(out);
  object.text("store", path);
  object.number("users", stats.users);
  object.number("tags", stats.tags);
  object.number("tag_keys", stats.tag_keys);
  object.number("tag_values", stats.tag_values);
  object.number("tokens", stats.tokens);
  object.number("revision", stats.revision);
  object.number("log_floor", stats.log_floor);
  object.number("folded_revision", stats.folded_revision);
  object.number("backlog_users", stats.backlog_users);
  object.number("database_bytes", stats.database_bytes);
  object.number("wal_bytes", stats.wal_bytes);
  object.number("memory_bytes", stats.memory_bytes());
  object.number("record_bytes", stats.record_bytes);
  object.number("directory_bytes", stats.directory_bytes);
  object.number("tag_index_bytes", stats.tag_index_bytes);
  object.number("token_bytes", stats.token_bytes);
  object.number("settings_version", settings.version);
  for (const auto& [name, value] : named(settings)) object.number(name, value);
  object.close();
}

class InfoCommand final : public Command {
 public:
  InfoCommand()
      : Command("info", "Say what the store holds, and what it takes on disk and in memory",
                "Examples:\n"
                "  usertags info users.db\n"
                "  usertags info users.db --json | jq .users") {}

  void declare(Arguments&) override {}

  int run(Console& console) override {
    const auto store = open_to_look(store_path());
    if (!store) return console.error(store.error());
    const Stats stats = store->stats();
    const auto settings = store->settings();
    if (!settings) return console.error(settings.error());
    if (console.json) {
      append_json(console.out().buffer(), store_path(), stats, *settings);
      console.out().line_done();
    } else {
      append_people(console.out().buffer(), store_path(), stats, *settings);
    }
    return kDone;
  }
};

}   // namespace

std::unique_ptr<Command> make_info() {
  return std::make_unique<InfoCommand>();
}

}   // namespace usertags::command
