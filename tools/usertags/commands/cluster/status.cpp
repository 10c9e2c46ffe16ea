#include <fmt/format.h>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using cluster::ClusterMember;
using cluster::ClusterStatus;

// What a text names, or that there is none.
std::string named(const std::string& text) {
  return text.empty() ? "(no address)" : printable(text);
}

std::string snapshot_text(const ClusterStatus& status) {
  if (!status.snapshot_entry) return "none";
  return fmt::format("up to entry {}, {}", *status.snapshot_entry, printable(status.snapshot_place));
}

std::string behind_text(std::uint64_t behind) {
  return behind == 0 ? "synced" : fmt::format("{} entries behind", behind);
}

void append_people(std::string& out, const cluster::NodeOptions& asked, const ClusterStatus& status) {
  Table table({Table::Align::left, Table::Align::left});
  table.row({"cluster", asked.cluster});
  if (status.shards > 1) table.row({"shard", fmt::format("{} of {}", asked.shard, status.shards)});
  table.row({"leader", status.leader ? named(*status.leader) : "none"});
  table.row({"term", std::to_string(status.term)});
  table.row({"entry", std::to_string(status.entry)});
  table.row({"revision", std::to_string(status.revision)});
  table.row({"snapshot", snapshot_text(status)});
  table.row({"etcd", byte_size(status.etcd_bytes)});
  for (const ClusterMember& member : status.members) {
    const std::uint64_t behind = status.entry - std::min(status.entry, member.synced_entry);
    table.row({"node", fmt::format("{}  {}  {}", member.node, named(member.address), behind_text(behind))});
  }
  table.write(out);
}

void append_json(std::string& out, const cluster::NodeOptions& asked, const ClusterStatus& status) {
  JsonObject object(out);
  object.text("cluster", asked.cluster);
  object.number("shard", asked.shard);
  object.number("shards", status.shards);
  object.text_or_null("leader", status.leader);
  object.number("term", status.term);
  object.number("entry", status.entry);
  object.number("revision", status.revision);
  object.number_or_null("snapshot_entry", status.snapshot_entry);
  object.text("snapshot_place", status.snapshot_place);
  object.number("etcd_bytes", status.etcd_bytes);
  append_json_array(object.name_of("nodes"), status.members, [&out](const ClusterMember& member) {
    JsonObject node(out);
    node.text("node", member.node);
    node.text("address", member.address);
    node.number("synced_entry", member.synced_entry);
    node.close();
  });
  object.close();
}

class ClusterStatusCommand final : public Command {
 public:
  ClusterStatusCommand()
      : Command("cluster status", "Say what etcd tells of a shard: who leads, who is there, how far it is",
                "Examples:\n"
                "  usertags cluster status --cluster accounts --etcd 10.0.0.1:2379\n"
                "  usertags cluster status --cluster accounts --etcd 10.0.0.1:2379 --json | jq -r .leader",
                Takes::no_store) {}

  void declare(Arguments& arguments) override { options_.declare(arguments); }

  int run(Console& console) override {
    const cluster::NodeOptions options = options_.get();
    const auto status = cluster::cluster_status(options);
    if (!status) return console.error(status.error());
    if (console.json) {
      append_json(console.out().buffer(), options, *status);
      console.out().line_done();
    } else {
      append_people(console.out().buffer(), options, *status);
    }
    return kDone;
  }

 private:
  ClusterOptions options_;
};

}   // namespace

std::unique_ptr<Command> make_cluster_status() {
  return std::make_unique<ClusterStatusCommand>();
}

}   // namespace usertags::command
