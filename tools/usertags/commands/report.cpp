#include <fmt/format.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/output.hpp"
#include "output/text.hpp"
#include "report/page.hpp"
#include "report/survey.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

std::string make_nonce() {
  std::random_device random;
  std::string text;
  for (int word = 0; word < 4; ++word) text += fmt::format("{:08x}", random());
  return text;
}

class ReportCommand final : public Command {
 public:
  ReportCommand()
      : Command(
            "report", "Make a page to look at, and to show: growth, keys, values, changes, users",
            "The page is one HTML file that stands alone and asks no network for anything. It has the users by time\n"
            "of creation, the keys and how many users have them, the values of each of up to 24 keys, which keys\n"
            "go together, the changes that the log keeps, and a table of up to 5,000 users that is searched in\n"
            "the page; of more, so many are chosen evenly, from the oldest to the newest. It holds data of users:\n"
            "send it to those who may see the store. A FILE that is there is overwritten with --force alone.\n"
            "\n"
            "Examples:\n"
            "  usertags report users.db -o users.html\n"
            "  usertags report users.db -o users.html --force --json\n"
            "  usertags report users.db -o - | gzip >users.html.gz") {}

  void declare(Arguments& arguments) override {
    arguments.option("-o,--output", "FILE", file_, "The file of the page; - is standard output");
    arguments.flag("--force", force_, "Overwrite FILE");
  }

  int run(Console& console) override {
    if (!file_ || file_->empty())
      throw UsageError("-o is missing: the file of the page, or - for standard output");
    const bool to_file = *file_ != "-";
    if (!to_file && console.json) throw UsageError("--json answers on standard output: name a file with -o");
    if (to_file) refuse_output(*file_, "-o", store_path(), force_);
    const auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    const auto found = survey(*store);
    if (!found) return console.error(found.error());
    const std::string page = page_of(*found, head());
    if (!to_file) {
      console.out().buffer() += page;
      return kDone;
    }
    write(page);
    answer(page.size(), *found, console);
    return kDone;
  }

 private:
  PageHead head() const {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    return {std::filesystem::path(store_path()).filename().string(), now, make_nonce()};
  }

  // Interruptions wait: no half of a page is left.
  void write(const std::string& page) const {
    defer_interruptions();
    Output out = Output::create(*file_, force_);
    out.buffer() += page;
    out.flush();
  }

  void answer(std::uint64_t bytes, const Survey& found, Console& console) const {
    Output& out = console.out();
    if (!console.json) {
      const bool all = found.users.size() == found.stats.users;
      return out.line(fmt::format("wrote {}: {}, {}{}, revision {}", printable(*file_), byte_size(bytes),
                                  counted(found.stats.users, "user"),
                                  all ? "" : fmt::format(" ({} in the table)", grouped(found.users.size())),
                                  found.stats.revision));
    }
    JsonObject object(out.buffer());
    object.text("path", *file_);
    object.number("bytes", bytes);
    object.number("users", found.stats.users);
    object.number("users_in_table", found.users.size());
    object.number("revision", found.stats.revision);
    object.close();
    out.line_done();
  }

  std::optional<std::string> file_;
  bool force_ = false;
};

}   // namespace

std::unique_ptr<Command> make_report() {
  return std::make_unique<ReportCommand>();
}

}   // namespace usertags::command
