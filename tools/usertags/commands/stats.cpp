#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/pages.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using Distribution = std::map<std::size_t, std::uint64_t>;   // tags of a user -> users that have as many

struct Count {
  std::string_view name;
  std::uint64_t Stats::* member;
};
constexpr std::array kData = {
    Count{"users", &Stats::users},       Count{"tags", &Stats::tags},
    Count{"tag_keys", &Stats::tag_keys}, Count{"tag_values", &Stats::tag_values},
    Count{"tokens", &Stats::tokens},     Count{"revision", &Stats::revision},
};
constexpr std::array kMemory = {
    Count{"record_bytes", &Stats::record_bytes},
    Count{"directory_bytes", &Stats::directory_bytes},
    Count{"tag_index_bytes", &Stats::tag_index_bytes},
    Count{"token_bytes", &Stats::token_bytes},
};
constexpr std::array kFile = {
    Count{"database_bytes", &Stats::database_bytes}, Count{"wal_bytes", &Stats::wal_bytes},
    Count{"log_floor", &Stats::log_floor},           Count{"folded_revision", &Stats::folded_revision},
    Count{"backlog_users", &Stats::backlog_users},
};
constexpr std::array kWork = {
    Count{"commits", &Stats::commits},
    Count{"changes", &Stats::changes},
    Count{"folded_users", &Stats::folded_users},
    Count{"checkpoints", &Stats::checkpoints},
};

struct NamedLatency {
  std::string_view name;
  Latency Stats::* member;
};
constexpr std::array kLatencies = {
    NamedLatency{"commit", &Stats::commit},
    NamedLatency{"sync", &Stats::sync},
    NamedLatency{"fold", &Stats::fold},
    NamedLatency{"publish", &Stats::publish},
    NamedLatency{"checkpoint", &Stats::checkpoint},
};

Result<Distribution> tags_per_user(const UserTagStore& store) {
  Distribution users;
  UserPages pages(every_user(store));
  for (;;) {
    const auto page = pages.next();
    if (!page) return std::unexpected(page.error());
    if (page->users.empty()) return users;
    for (const User& user : page->users) ++users[user.tags().size()];
  }
}

void append_counts(JsonObject& object, const Stats& stats, std::span<const Count> counts) {
  for (const auto& [name, member] : counts) object.number(name, stats.*member);
}

void append_latency(std::string& out, const Latency& latency) {
  JsonObject object(out);
  object.number("count", latency.count);
  object.number("total_ns", latency.total.count());
  object.number("p50_ns", latency.p50.count());
  object.number("p99_ns", latency.p99.count());
  object.number("max_ns", latency.max.count());
  object.close();
}

void append_json(std::string& out, const Stats& stats, const Distribution& distribution) {
  JsonObject object(out);
  append_counts(object, stats, kData);
  append_counts(object, stats, kMemory);
  append_counts(object, stats, kFile);
  object.flag("wal_pinned", stats.wal_pinned);
  append_counts(object, stats, kWork);
  JsonObject latencies(object.name_of("latency"));
  for (const auto& [name, member] : kLatencies) append_latency(latencies.name_of(name), stats.*member);
  latencies.close();
  object.flag("failed", stats.failed);
  append_json_array(object.name_of("tags_per_user"), distribution, [&](const auto& entry) {
    JsonObject bar(out);
    bar.number("tags", entry.first);
    bar.number("users", entry.second);
    bar.close();
  });
  object.close();
}

// What is counted since the opening is left out: to look is no work.
void append_people(std::string& out, const Stats& stats, const Distribution& distribution,
                   const Style& style) {
  Table table({Table::Align::left, Table::Align::right});
  for (const std::span<const Count> counts :
       {std::span<const Count>(kData), std::span<const Count>(kMemory), std::span<const Count>(kFile)}) {
    for (const auto& [name, member] : counts) table.row({std::string(name), grouped(stats.*member)});
  }
  table.write(out);
  if (distribution.empty()) return;
  out += '\n' + style.dim("USERS BY NUMBER OF TAGS") + '\n';
  std::vector<Bar> bars;
  for (const auto& [tags, users] : distribution) bars.push_back({std::to_string(tags), users});
  append_bars(out, bars);
}

class StatsCommand final : public Command {
 public:
  StatsCommand()
      : Command(
            "stats", "Print every number that the store keeps of itself, and how tags are distributed",
            "JSON also has the work and the latencies since the opening. They are those of this command, which\n"
            "only looks; a host gets its own from UserTagStore::stats().\n"
            "\n"
            "Examples:\n"
            "  usertags stats users.db\n"
            "  usertags stats users.db --json | jq .tags_per_user\n"
            "  usertags stats users.db --openmetrics >/var/lib/node_exporter/users.prom") {}

  void declare(Arguments& arguments) override {
    arguments.flag("--openmetrics", openmetrics_,
                   "The text format of OpenMetrics, as hosts answer it to Prometheus");
  }

  int run(Console& console) override {
    const auto store = open_to_look(store_path());
    if (!store) return console.error(store.error());
    if (openmetrics_) {
      const auto text = store->metrics_text();
      if (!text) return console.error(text.error());
      console.out().buffer() += *text;
      return kDone;
    }
    const auto distribution = tags_per_user(*store);
    if (!distribution) return console.error(distribution.error());
    if (console.json) {
      append_json(console.out().buffer(), store->stats(), *distribution);
      console.out().line_done();
    } else {
      append_people(console.out().buffer(), store->stats(), *distribution, console.style());
    }
    return kDone;
  }

 private:
  bool openmetrics_ = false;
};

}   // namespace

std::unique_ptr<Command> make_stats() {
  return std::make_unique<StatsCommand>();
}

}   // namespace usertags::command
