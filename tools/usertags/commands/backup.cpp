#include <fmt/format.h>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/output.hpp"
#include "output/pages.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class BackupCommand final : public Command {
 public:
  BackupCommand()
      : Command(
            "backup", "Copy the store into another file, while it is in use, too",
            "The copy is the store at one moment, stands alone, and is opened like any other store. It is put in\n"
            "place as a whole, once it is safe on the disk and proved as verify does. A closed store that is there\n"
            "is replaced with --force; anything else is refused. Whoever writes to the copy begins a new epoch.\n"
            "\n"
            "Examples:\n"
            "  usertags backup users.db copy.db\n"
            "  usertags backup users.db \"users-$(date -I).db\" --json") {}

  void declare(Arguments& arguments) override {
    arguments.positional("FILE", file_, "The file of the copy");
    arguments.flag("--force", force_, "Replace the closed store that is there");
  }

  int run(Console& console) override {
    if (file_ == "-") throw UsageError("FILE has to be a file: a store cannot be written to standard output");
    refuse_sidecar(file_, "FILE");
    if (!force_ && std::filesystem::is_regular_file(file_) && !std::filesystem::is_empty(file_) &&
        !std::filesystem::equivalent(file_, store_path())) {
      throw UsageError("FILE exists: choose another name, or --force to replace a store that is closed");
    }
    if (const auto done = copy(console); !done) return exit_code_of_long_call(done.error(), console);
    const auto copied = open_to_inspect(file_);
    const auto made = copied ? copied->info() : std::unexpected(copied.error());
    if (!made) return console.error(made.error());
    answer(made->database_bytes, made->revision, console);
    return kDone;
  }

 private:
  Result<void> copy(Console& console) const {
    const auto store = open_to_look(store_path(), console);
    if (!store) return std::unexpected(store.error());
    return with_page_progress([&](const auto& progress) { return store->backup(file_, progress); });
  }

  void answer(std::uint64_t bytes, std::uint64_t revision, Console& console) const {
    Output& out = console.out();
    if (!console.json) {
      return out.line(
          fmt::format("copied to {}: {}, revision {}", printable(file_), byte_size(bytes), revision));
    }
    JsonObject object(out.buffer());
    object.text("path", file_);
    object.number("bytes", bytes);
    object.number("revision", revision);
    object.close();
    out.line_done();
  }

  std::string file_;
  bool force_ = false;
};

}   // namespace

std::unique_ptr<Command> make_backup() {
  return std::make_unique<BackupCommand>();
}

}   // namespace usertags::command
