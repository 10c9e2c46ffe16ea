#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class ClusterRestoreCommand final : public Command {
 public:
  ClusterRestoreCommand()
      : Command(
            "cluster restore", "Make a new node's file of the newest snapshot",
            "There must be nothing at STORE. The log is kept for the new node for a minute: run it by then.\n"
            "\n"
            "Examples:\n"
            "  usertags cluster restore new.db --from snapshots --cluster accounts --etcd 10.0.0.1:2379") {}

  void declare(Arguments& arguments) override {
    arguments.option("--from", "FOLDER", from_, "The folder that the nodes' snapshots are in");
    options_.declare(arguments);
  }

  int run(Console& console) override {
    const std::string& folder = required(from_, "--from");
    const cluster::NodeOptions options = options_.get();
    if (const auto restored = restore(folder, options); !restored) return console.error(restored.error());
    const auto made = open_to_inspect(store_path());
    const auto info = made ? made->info() : std::unexpected(made.error());
    if (!info) return console.error(info.error());
    answer(info->revision, console);
    return kDone;
  }

 private:
  Result<void> restore(const std::string& folder, const cluster::NodeOptions& options) const {
    const auto transport = cluster::folder_transport(folder, false);
    return transport ? cluster::restore(store_path(), options, **transport)
                     : std::unexpected(transport.error());
  }

  void answer(std::uint64_t revision, Console& console) const {
    Output& out = console.out();
    if (!console.json)
      return out.line(fmt::format("restored {}, revision {}", printable(store_path()), revision));
    JsonObject object(out.buffer());
    object.text("store", store_path());
    object.number("revision", revision);
    object.close();
    out.line_done();
  }

  ClusterOptions options_;
  std::optional<std::string> from_;
};

}   // namespace

std::unique_ptr<Command> make_cluster_restore() {
  return std::make_unique<ClusterRestoreCommand>();
}

}   // namespace usertags::command
