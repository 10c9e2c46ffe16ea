#include <fmt/format.h>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

constexpr std::chrono::seconds kCatchUpWithin{600};

class ClusterSnapshotCommand final : public Command {
 public:
  ClusterSnapshotCommand()
      : Command(
            "cluster snapshot", "Make a snapshot of a node that is not running",
            "The node joins, catches up, copies its file into FOLDER, and leaves. The cluster knows of the copy from\n"
            "then on: others are restored from it, and the log is trimmed behind it. The copy before it is removed.\n"
            "A node that runs makes its snapshots by itself: usertags cluster run --snapshots.\n"
            "\n"
            "Examples:\n"
            "  usertags cluster snapshot users.db --to snapshots --cluster accounts --etcd 10.0.0.1:2379") {}

  void declare(Arguments& arguments) override {
    arguments.option("--to", "FOLDER", to_, "A folder that all nodes see under this path");
    arguments.flag("--remote", remote_, "It is not on the machine of a node: its files outlive each of them");
    options_.declare(arguments);
  }

  int run(Console& console) override {
    const auto transport = cluster::folder_transport(required(to_, "--to"), remote_);
    if (!transport) return console.error(transport.error());
    auto node = cluster::Node::join(store_path(), options_.get());
    if (!node) return console.error(node.error());
    defer_interruptions();
    const auto caught_up = node->read_latest(kCatchUpWithin);
    const auto entry = caught_up ? node->make_snapshot(**transport) : std::unexpected(caught_up.error());
    const auto closed = node->close();
    if (!entry) return console.error(entry.error());
    if (!closed) console.note(closed.error().message());
    answer(*entry, *caught_up, console);
    return kDone;
  }

 private:
  void answer(std::uint64_t entry, std::uint64_t revision, Console& console) const {
    Output& out = console.out();
    if (!console.json)
      return out.line(
          fmt::format("a snapshot is in {}: entry {}, revision {}", printable(*to_), entry, revision));
    JsonObject object(out.buffer());
    object.number("entry", entry);
    object.number("revision", revision);
    object.close();
    out.line_done();
  }

  ClusterOptions options_;
  std::optional<std::string> to_;
  bool remote_ = false;
};

}   // namespace

std::unique_ptr<Command> make_cluster_snapshot() {
  return std::make_unique<ClusterSnapshotCommand>();
}

}   // namespace usertags::command
