#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "commands.hpp"
#include "exit_code.hpp"
#include "store_access.hpp"
#include "text.hpp"

namespace usertags::command {

namespace {

class DeleteUserCommand final : public Command {
 public:
  DeleteUserCommand()
      : Command("delete-user", "Delete a user",
                "The external id is free again afterwards; the id never comes back.\n\n"
                "Examples:\n"
                "  usertags delete-user users.db alice@example.com\n"
                "  usertags delete-user users.db user_01jg8c0vzre5xs8nh3dr42wr8f --if-revision 7\n"
                "  usertags delete-user users.db -- --odd-name") {}

  void declare(Arguments& arguments) override {
    arguments.positional("USER", user_, "An id or an external id");
    arguments.option("--if-revision", "N", if_revision_, "Refuse unless this is the user's revision");
    arguments.option("--note", "TEXT", note_, "Who or why, kept with the change");
  }

  int run(Console& console) override {
    auto store = open_to_write(store_path(), false, console);
    if (!store) return console.error(store.error());
    const auto deleted =
        store->delete_user(user_, {.expected_revision = if_revision_, .note = note_.value_or("")});
    close_after_writing(*store, console);
    if (!deleted) return console.error(deleted.error());
    console.applied(*deleted, fmt::format("deleted, revision {}", grouped(deleted->revision)));
    return kDone;
  }

 private:
  std::string user_;
  std::optional<std::uint64_t> if_revision_;
  std::optional<std::string> note_;
};

}   // namespace

std::unique_ptr<Command> make_delete_user() {
  return std::make_unique<DeleteUserCommand>();
}

}   // namespace usertags::command
