#include <fmt/format.h>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/pages.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class CompactCommand final : public Command {
 public:
  CompactCommand()
      : Command(
            "compact", "Give the file's free pages back to the file system",
            "Folds and prunes what is due, and builds the file anew. Nobody else may have the store open for writing.\n"
            "Room for two more copies is needed: in the folder for temporary files (SQLITE_TMPDIR, TMPDIR, else\n"
            "/var/tmp), and beside the store.\n"
            "\n"
            "Examples:\n"
            "  usertags compact users.db\n"
            "  usertags compact users.db --json | jq '.bytes_before - .bytes_after'") {}

  void declare(Arguments&) override {}

  int run(Console& console) override {
    auto store = open_to_write(store_path(), {}, console);
    if (!store) return console.error(store.error());
    const std::uint64_t before = std::filesystem::file_size(store_path());
    const auto compacted = with_page_progress([&](const auto& progress) { return store->compact(progress); });
    close_after_writing(*store, console);
    if (!compacted) return exit_code_of_long_call(compacted.error(), console);
    answer(before, std::filesystem::file_size(store_path()), console);
    return kDone;
  }

 private:
  void answer(std::uint64_t before, std::uint64_t after, Console& console) const {
    Output& out = console.out();
    if (!console.json) {
      return out.line(fmt::format("{} before, {} after", byte_size(before), byte_size(after)));
    }
    JsonObject object(out.buffer());
    object.text("path", store_path());
    object.number("bytes_before", before);
    object.number("bytes_after", after);
    object.close();
    out.line_done();
  }
};

}   // namespace

std::unique_ptr<Command> make_compact() {
  return std::make_unique<CompactCommand>();
}

}   // namespace usertags::command
