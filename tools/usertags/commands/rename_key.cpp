#include <memory>
#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "commands/where.hpp"
#include "input/arguments.hpp"

namespace usertags::command {

namespace {

class RenameKeyCommand final : public Command {
 public:
  RenameKeyCommand()
      : Command("rename-key", "Give a key of tags another name, in all users that have it",
                std::string("The value stays. A user who has both keys is refused, and keeps both.\n") +
                    kWhereHelp +
                    "\n"
                    "Examples:\n"
                    "  usertags rename-key users.db team department --dry-run\n"
                    "  usertags rename-key users.db team department --at-most 5000 --note 'renamed teams'") {}

  void declare(Arguments& arguments) override {
    arguments.positional("OLD", old_, "The key as it is");
    arguments.positional("NEW", new_, "The key as it is to be");
    where_.declare(arguments);
    arguments.option("--note", "TEXT", note_, "Who or why, kept with each change");
    arguments.flag("--dry-run", dry_run_, "Say what would happen, and change nothing");
  }

  int run(Console& console) override {
    if (old_ == new_) throw UsageError("OLD and NEW are the same key");
    const auto renamed = [this](const User& user) -> std::optional<TagBatch> {
      const auto value = user.tag(old_);
      if (!value) return std::nullopt;
      return TagBatch().create(new_, *value).erase(old_);
    };
    return where_.run(store_path(), key(old_).exists(), console, "renamed", dry_run_, note_.value_or(""),
                      [&](UserTagStore& store, const Selector& selector, const WhereOptions& options) {
                        return store.modify_where(selector, renamed, options);
                      });
  }

 private:
  std::string old_;
  std::string new_;
  WhereArguments where_;
  std::optional<std::string> note_;
  bool dry_run_ = false;
};

}   // namespace

std::unique_ptr<Command> make_rename_key() {
  return std::make_unique<RenameKeyCommand>();
}

}   // namespace usertags::command
