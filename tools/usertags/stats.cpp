#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bars.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "json_out.hpp"
#include "store_access.hpp"
#include "table.hpp"
#include "text.hpp"
#include "user_pages.hpp"

namespace usertags::command {

namespace {

using Align = Table::Align;
using Distribution = std::map<std::size_t, std::uint64_t>;   // tags of a user -> users that have as many

Result<Distribution> tags_per_user(const UserTagStore& store) {
  Distribution users;
  UserPages pages(store);
  for (;;) {
    const auto page = pages.next();
    if (!page) return std::unexpected(page.error());
    if (page->users.empty()) return users;
    for (const User& user : page->users) ++users[user.tags().size()];
  }
}

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

struct NamedCount {
  std::string_view name;
  std::uint64_t Stats::* member;
};
constexpr std::array kCounts = {
    NamedCount{"revision", &Stats::revision},
    NamedCount{"users", &Stats::users},
    NamedCount{"tags", &Stats::tags},
    NamedCount{"tag_keys", &Stats::tag_keys},
    NamedCount{"tag_values", &Stats::tag_values},
    NamedCount{"record_bytes", &Stats::record_bytes},
    NamedCount{"directory_bytes", &Stats::directory_bytes},
    NamedCount{"tag_index_bytes", &Stats::tag_index_bytes},
    NamedCount{"database_bytes", &Stats::database_bytes},
    NamedCount{"wal_bytes", &Stats::wal_bytes},
    NamedCount{"log_floor", &Stats::log_floor},
    NamedCount{"folded_revision", &Stats::folded_revision},
    NamedCount{"backlog_users", &Stats::backlog_users},
    NamedCount{"commits", &Stats::commits},
    NamedCount{"changes", &Stats::changes},
    NamedCount{"folded_users", &Stats::folded_users},
    NamedCount{"checkpoints", &Stats::checkpoints},
};

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
  for (const auto& [name, member] : kCounts) object.number(name, stats.*member);
  object.flag("wal_pinned", stats.wal_pinned);
  object.flag("failed", stats.failed);
  JsonObject latencies(object.name_of("latency"));
  for (const auto& [name, member] : kLatencies) append_latency(latencies.name_of(name), stats.*member);
  latencies.close();
  append_json_array(object.name_of("tags_per_user"), distribution, [&](const auto& entry) {
    JsonObject bar(out);
    bar.number("tags", entry.first);
    bar.number("users", entry.second);
    bar.close();
  });
  object.close();
}

std::string milliseconds(std::chrono::nanoseconds time) {
  return fmt::format("{:.3f} ms", static_cast<double>(time.count()) / 1e6);
}

void append_latencies(std::string& out, const Stats& stats, const Style& style) {
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right});
  table.header({"SINCE OPENING", "COUNT", "P50", "P99", "MAX"}, style);
  for (const auto& [name, member] : kLatencies) {
    const Latency& latency = stats.*member;
    table.row({std::string(name), grouped(latency.count), milliseconds(latency.p50),
               milliseconds(latency.p99), milliseconds(latency.max)});
  }
  table.write(out);
}

void append_people(std::string& out, const Stats& stats, const Distribution& distribution,
                   const Style& style) {
  Table counts({Align::left, Align::right});
  for (const auto& [name, member] : kCounts) counts.row({std::string(name), grouped(stats.*member)});
  counts.write(out);
  out += '\n';
  append_latencies(out, stats, style);
  if (distribution.empty()) return;
  out += '\n' + style.dim("USERS BY NUMBER OF TAGS") + '\n';
  std::vector<Bar> bars;
  for (const auto& [tags, users] : distribution) bars.push_back({std::to_string(tags), users});
  append_bars(out, bars);
}

class StatsCommand final : public Command {
 public:
  StatsCommand()
      : Command("stats", "Print every number that the store keeps of itself, and distributions",
                "Work and latencies are those since the store was opened, here by this command, which only "
                "looks:\n"
                "a host gets its own from UserTagStore::stats().\n"
                "\n"
                "Examples:\n"
                "  usertags stats users.db\n"
                "  usertags stats users.db --json | jq .tags_per_user") {}

  void declare(Arguments&) override {}

  int run(Console& console) override {
    const auto store = open_to_look(this->store());
    if (!store) return console.error(store.error());
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
};

}   // namespace

std::unique_ptr<Command> make_stats() {
  return std::make_unique<StatsCommand>();
}

}   // namespace usertags::command
