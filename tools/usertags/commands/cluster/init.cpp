#include <fmt/format.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

class ClusterInitCommand final : public Command {
 public:
  ClusterInitCommand()
      : Command(
            "cluster init", "Found a cluster, of a store that is there",
            "The store becomes the cluster's first node: run it. The others are restored from its snapshots. From now\n"
            "on nothing but the cluster writes to the file. Where it was interrupted, it is repeated as it was.\n"
            "\n"
            "With --again, the cluster is founded anew, after etcd was lost or put back: of the most advanced file\n"
            "that there is (see usertags info). The files of the other nodes have to be restored.\n"
            "\n"
            "A cluster of several shards is founded shard by shard, of the stores that usertags cluster split makes, or of\n"
            "empty ones; --shards is the same for all of them, and for good.\n"
            "\n"
            "Examples:\n"
            "  usertags cluster init --from users.db --cluster accounts --etcd 10.0.0.1:2379,10.0.0.2:2379\n"
            "  usertags cluster init --from parts/shard-1.db --shards 4 --shard 1 --cluster accounts \\\n"
            "    --etcd 10.0.0.1:2379",
            Takes::no_store) {}

  void declare(Arguments& arguments) override {
    arguments.option("--from", "STORE", from_, "The store's file, which nobody has open");
    arguments.option("--shards", "N", shards_, "How many shards the cluster has (1)");
    arguments.flag("--again", founding_.again, "Give up the cluster that is there, or that the file is of");
    options_.declare(arguments);
  }

  int run(Console& console) override {
    const std::string& file = required(from_, "--from");
    const cluster::NodeOptions options = options_.get();
    founding_.shards = shards_.value_or(founding_.shards);
    const auto founded = cluster::found(file, options, founding_);
    const auto status = founded ? cluster::cluster_status(options) : std::unexpected(founded.error());
    if (!status) return console.error(status.error());
    answer(options.cluster, status->revision, console);
    return kDone;
  }

 private:
  void answer(const std::string& cluster, std::uint64_t revision, Console& console) const {
    Output& out = console.out();
    if (!console.json)
      return out.line(fmt::format("founded {} of {}, revision {}", cluster, printable(*from_), revision));
    JsonObject object(out.buffer());
    object.text("cluster", cluster);
    object.number("revision", revision);
    object.close();
    out.line_done();
  }

  ClusterOptions options_;
  std::optional<std::string> from_;
  std::optional<std::uint64_t> shards_;
  cluster::Founding founding_;
};

}   // namespace

std::unique_ptr<Command> make_cluster_init() {
  return std::make_unique<ClusterInitCommand>();
}

}   // namespace usertags::command
