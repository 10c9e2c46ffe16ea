#include <memory>
#include <string>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/store_access.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class CreateUserCommand final : public Command {
 public:
  CreateUserCommand()
      : Command("create-user", "Create a user",
                "Examples:\n"
                "  usertags create-user users.db erin@example.com --set tier=trial --set seats=1\n"
                "  usertags create-user users.db bob --init --note 'first of all' --json") {}

  void declare(Arguments& arguments) override {
    arguments.positional("EXTERNAL_ID", external_id_, "The user's name in your own system");
    arguments.repeatable(
        "--set", "KEY=VALUE",
        [this](std::string_view text) {
          const auto [key, value] = split_assignment(text);
          tags_.add(key, value);
        },
        "A tag of the user; may be repeated");
    options_.declare(arguments, WriteOptions::Of::creation);
    new_store_.declare(arguments);
  }

  int run(Console& console) override {
    const ApplyOptions options = options_.get();
    auto store = open_to_write(store_path(), new_store_, console);
    if (!store) return console.error(store.error());
    const auto created = store->create_user(external_id_, tags_, options);
    close_after_writing(*store, console);
    if (!created) return console.error(created.error());
    console.applied(*created, outcome_in_words(*created, "created"));
    return kDone;
  }

 private:
  std::string external_id_;
  TagList tags_;
  WriteOptions options_;
  NewStore new_store_;
};

}   // namespace

std::unique_ptr<Command> make_create_user() {
  return std::make_unique<CreateUserCommand>();
}

}   // namespace usertags::command
