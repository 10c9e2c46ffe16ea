#include <fmt/format.h>
#include <memory>
#include <string>
#include <vector>

#include <usertags/cluster/directory.hpp>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using cluster::Route;

class ClusterLocateCommand final : public Command {
 public:
  ClusterLocateCommand()
      : Command("cluster locate", "Say in which shard a user is, or would be, and who leads it",
                "USER is an id or an external id. Whether there is such a user is not asked.\n"
                "\n"
                "Examples:\n"
                "  usertags cluster locate user_ext_123 --cluster accounts --etcd 10.0.0.1:2379",
                Takes::no_store) {}

  void declare(Arguments& arguments) override {
    arguments.positionals("USER", users_, "An id or external id");
    options_.declare(arguments);
  }

  int run(Console& console) override {
    auto directory = cluster::Directory::open(options_.get());
    if (!directory) return console.error(directory.error());
    for (const std::string& user : users_) {
      const auto route = directory->route(user);
      if (!route) return console.error(route.error());
      answer(user, *route, console);
    }
    return kDone;
  }

 private:
  static void answer(const std::string& user, const Route& route, Console& console) {
    Output& out = console.out();
    if (!console.json) {
      const std::string leader = route.leader ? printable_word(*route.leader) : "nobody";
      return out.line(fmt::format("{}: shard {}, {} leads", printable_word(user), route.shard, leader));
    }
    JsonObject object(out.buffer());
    object.text("user", user);
    object.number("shard", route.shard);
    object.text_or_null("leader", route.leader);
    object.close();
    out.line_done();
  }

  ClusterOptions options_;
  std::vector<std::string> users_;
};

}   // namespace

std::unique_ptr<Command> make_cluster_locate() {
  return std::make_unique<ClusterLocateCommand>();
}

}   // namespace usertags::command
