#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "commands/where.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"

namespace usertags::command {

namespace {

class DeleteUserCommand final : public Command {
 public:
  DeleteUserCommand()
      : Command("delete-user", "Delete a user, or all of a selector",
                std::string("The external id is free again afterwards; the id never comes back.\n"
                            "\n"
                            "With --where, all users that the selector means are deleted.\n") +
                    kWhereHelp +
                    "\n"
                    "Examples:\n"
                    "  usertags delete-user users.db alice@example.com\n"
                    "  usertags delete-user users.db user_01jg8c0vzre5xs8nh3dr42wr8f --if-revision 7\n"
                    "  usertags delete-user users.db -- --odd-name\n"
                    "  usertags delete-user users.db --where 'last_seen<1600000000' --dry-run") {}

  void declare(Arguments& arguments) override {
    arguments.positional("USER", user_, "An id or an external id");
    options_.declare(arguments, WriteOptions::Of::user);
    where_.declare_selector(arguments);
    where_.declare(arguments);
    arguments.flag("--dry-run", dry_run_, "With --where: say what would happen, and change nothing");
  }

  int run(Console& console) override {
    if (where_.replaces(user_)) return delete_many(console);
    if (dry_run_) throw UsageError("--dry-run goes with --where");
    const ApplyOptions options = options_.get();
    auto store = open_to_write(store_path(), {}, console);
    if (!store) return console.error(store.error());
    const auto deleted = store->delete_user(*user_, options);
    close_after_writing(*store, console);
    if (!deleted) return console.error(deleted.error());
    console.applied(*deleted, outcome_in_words(*deleted, "deleted"));
    return kDone;
  }

 private:
  int delete_many(Console& console) const {
    return where_.run(store_path(), console, "deleted", dry_run_, options_.note_for_many(),
                      [](UserTagStore& store, const Selector& selector, const WhereOptions& options) {
                        return store.delete_where(selector, options);
                      });
  }

  std::optional<std::string> user_;
  WhereArguments where_;
  WriteOptions options_;
  bool dry_run_ = false;
};

}   // namespace

std::unique_ptr<Command> make_delete_user() {
  return std::make_unique<DeleteUserCommand>();
}

}   // namespace usertags::command
