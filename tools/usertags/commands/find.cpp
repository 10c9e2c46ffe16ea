#include <fmt/format.h>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class FindCommand final : public Command {
 public:
  FindCommand()
      : Command(
            "find", "Print users, by id or external id",
            "All are read at one moment. Those that are not found are named on standard error; the exit code is 1 then.\n"
            "With --json, a user is {\"data\":{\"id\",\"external_id\",\"revision\",\"tags\":[{\"key\",\"value\"},…]}}.\n"
            "\n"
            "Examples:\n"
            "  usertags find users.db alice@example.com\n"
            "  usertags find users.db alice@example.com user_01jg8c0vzre5xs8nh3dr42wr8f --json\n"
            "  usertags find users.db -- --odd-name") {}

  void declare(Arguments& arguments) override {
    arguments.positionals("USER", users_, "Ids or external ids");
  }

  int run(Console& console) override {
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    const auto found = store->find_each(std::vector<UserRef>(users_.begin(), users_.end()));
    if (found.size() != users_.size()) return console.error(ErrorCode::out_of_memory);
    int worst = kDone;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i]) {
        console.user(*found[i]);
      } else if (found[i].error() == ErrorCode::user_not_found) {
        worst = std::max(worst, console.error(naming(users_[i])));
      } else {
        return console.error(found[i].error());   // all have the same
      }
    }
    return worst;
  }

 private:
  // With several users on the command line, the error has to say which one it is about.
  static Error naming(const std::string& user) {
    return Error(ErrorCode::user_not_found, fmt::format("there is no user {}", printable_word(user)));
  }

  std::vector<std::string> users_;
};

}   // namespace

std::unique_ptr<Command> make_find() {
  return std::make_unique<FindCommand>();
}

}   // namespace usertags::command
