#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"

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
    options_.declare(arguments, WriteOptions::Of::user);
  }

  int run(Console& console) override {
    const ApplyOptions options = options_.get();
    auto store = open_to_write(store_path(), {}, console);
    if (!store) return console.error(store.error());
    const auto deleted = store->delete_user(user_, options);
    close_after_writing(*store, console);
    if (!deleted) return console.error(deleted.error());
    console.applied(*deleted, outcome_in_words(*deleted, "deleted"));
    return kDone;
  }

 private:
  std::string user_;
  WriteOptions options_;
};

}   // namespace

std::unique_ptr<Command> make_delete_user() {
  return std::make_unique<DeleteUserCommand>();
}

}   // namespace usertags::command
