#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/host_figures.hpp"
#include "input/store_access.hpp"
#include "output/change_lines.hpp"
#include "output/distribution.hpp"
#include "output/json_out.hpp"
#include "output/pages.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "terminal/frames.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kColumns = 80;   // where the output is no terminal
constexpr std::int64_t kLongest_s = 86'400;

struct Figure {
  std::string_view name;
  std::uint64_t value;
};
using Figures = std::vector<Figure>;

struct Sizes {
  Distribution tags{Distribution::Unit::plain};
  Distribution bytes{Distribution::Unit::bytes};   // of external id, keys and values
};

// What one look has found.
struct Look {
  std::chrono::sys_time<std::chrono::milliseconds> at;
  std::chrono::steady_clock::time_point moment;
  std::uint64_t revision;
  Figures figures;
  Sizes sizes;
  std::optional<Result<HostFigures>> host;
};

// The file's own figures are those of the file as it is: a store that only reads knows them as of its last refresh.
Figures figures_of(const Stats& stats, const StoreInfo& info) {
  return {
      {"users", stats.users},
      {"tags", stats.tags},
      {"tag_keys", stats.tag_keys},
      {"tag_values", stats.tag_values},
      {"tokens", stats.tokens},
      {"revision", stats.revision},
      {"record_bytes", stats.record_bytes},
      {"directory_bytes", stats.directory_bytes},
      {"tag_index_bytes", stats.tag_index_bytes},
      {"token_bytes", stats.token_bytes},
      {"database_bytes", info.database_bytes},
      {"wal_bytes", info.wal_bytes},
      {"log_floor", info.log_floor},
      {"folded_revision", info.folded_revision},
  };
}

Figures figures_of(const HostFigures& host) {
  return {
      {"changed_writes", host.number("answered_writes_total{outcome=\"changed\"}")},
      {"unchanged_writes", host.number("answered_writes_total{outcome=\"unchanged\"}")},
      {"replayed_writes", host.number("answered_writes_total{outcome=\"replayed\"}")},
      {"refused_writes", host.sum("refused_writes_total")},
      {"waiting_writes", host.number("waiting_writes")},
      {"changes", host.number("changes_total")},
      {"folded_users", host.number("folded_users_total")},
      {"wal_pinned", host.number("wal_pinned")},
      {"failed", host.number("failed")},
  };
}

// Name of the plot, and of the histogram in the host's text.
constexpr std::pair<std::string_view, std::string_view> kHostPlots[] = {
    {"commit", "commit_seconds"},
    {"sync", "sync_seconds"},
    {"fold", "fold_seconds"},
    {"publish", "publish_seconds"},
    {"checkpoint", "checkpoint_seconds"},
    {"writes_per_group", "group_writes"},
};

Result<Sizes> sizes_of(const UserTagStore& store) {
  Sizes sizes;
  UserPages pages(every_user(store));
  for (;;) {
    const auto page = pages.next();
    if (!page) return std::unexpected(page.error());
    if (page->users.empty()) return sizes;
    for (const User& user : page->users) {
      std::uint64_t bytes = user.external_id().size();
      for (const auto& [key, value] : user.tags()) bytes += key.size() + value.size();
      sizes.tags.add(user.tags().size());
      sizes.bytes.add(bytes);
    }
  }
}

void append_figures(std::string& out, const Figures& figures) {
  JsonObject object(out);
  for (const auto& [name, value] : figures) object.number(name, value);
  object.close();
}

void append_since(std::string& out, const Figures& figures, const Figures& before) {
  JsonObject object(out);
  for (std::size_t i = 0; i < figures.size(); ++i)
    object.number(figures[i].name, static_cast<std::int64_t>(figures[i].value - before[i].value));
  object.close();
}

void append_host(std::string& out, const Result<HostFigures>& host) {
  if (!host) return append_json_answer(out, host.error());
  JsonObject object(out);
  append_figures(object.name_of("figures"), figures_of(*host));
  for (const auto& [name, histogram] : kHostPlots) {
    const Distribution distribution = host->histogram(histogram);
    append_json(object.name_of(name), distribution,
                distribution.unit() == Distribution::Unit::nanoseconds ? "_ns" : "");
  }
  object.close();
}

std::int64_t milliseconds_between(const Look& before, const Look& look) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(look.moment - before.moment).count();
}

void append_json(std::string& out, const Look& look, const Look* before) {
  JsonObject object(out);
  object.text("at", utc(look.at));
  for (const auto& [name, value] : look.figures) object.number(name, value);
  append_json_array(object.name_of("tags_per_user"), look.sizes.tags.counts(), [&](const auto& entry) {
    JsonObject bar(out);
    bar.number("tags", entry.first);
    bar.number("users", entry.second);
    bar.close();
  });
  append_json(object.name_of("bytes_per_user"), look.sizes.bytes, "");
  if (look.host)
    append_host(object.name_of("host"), *look.host);
  else
    object.null("host");
  if (before != nullptr) {
    object.number("since_ms", milliseconds_between(*before, look));
    append_since(object.name_of("since"), look.figures, before->figures);
  }
  object.close();
}

std::string rate(std::uint64_t now, std::uint64_t before, double seconds) {
  if (now == before) return {};
  const double amount = (static_cast<double>(now) - static_cast<double>(before)) / std::max(seconds, 1e-3);
  return std::abs(amount) < 10 ? fmt::format("{:.1f}/s", amount)
                               : fmt::format("{}{}/s", amount < 0 ? "-" : "",
                                             grouped(static_cast<std::uint64_t>(std::abs(amount) + 0.5)));
}

// One look, for people.
class Page {
 public:
  Page(const Look& look, const Look* before, Console& console)
      : look_(look),
        before_(before),
        style_(console.style()),
        out_(console.out().buffer()),
        terminal_(terminal_columns(console.out().fd())) {}

  void write() {
    append_table(look_.figures, before_ == nullptr ? nullptr : &before_->figures);
    if (look_.host) append_host();
    plot("TAGS OF A USER", look_.sizes.tags, before_ == nullptr ? nullptr : &before_->sizes.tags);
    plot("BYTES OF A USER", look_.sizes.bytes, before_ == nullptr ? nullptr : &before_->sizes.bytes);
    if (look_.host) return;
    title("COMMITS, SYNCS, FOLDS");
    line("  known inside the process that writes alone; --metrics FILE draws what it tells");
  }

 private:
  std::size_t columns() const { return terminal_.value_or(kColumns); }
  void line(std::string_view text) { out_.append(terminal_ ? clipped(text, *terminal_) : text).append("\n"); }
  void title(std::string_view text) {
    out_.append("\n").append(style_.dim(clipped(text, columns()))).append("\n");
  }

  void append_table(const Figures& figures, const Figures* before) {
    using Align = Table::Align;
    Table table({Align::left, Align::right, Align::right, Align::right});
    for (std::size_t i = 0; i < figures.size(); ++i) {
      const auto& [name, value] = figures[i];
      if (before == nullptr) {
        table.row({std::string(name), grouped(value)});
        continue;
      }
      const std::uint64_t was = (*before)[i].value;
      const double seconds = static_cast<double>(milliseconds_between(*before_, look_)) / 1000;
      table.row(
          {std::string(name), grouped(value), signed_difference(value, was), rate(value, was, seconds)});
    }
    table.write(out_, terminal_);
  }

  void append_host() {
    title("THE PROCESS THAT WRITES, since it opened the store");
    const Result<HostFigures>& host = *look_.host;
    if (!host) return line("  " + printable_message(host.error().message()));
    const HostFigures* before =
        before_ != nullptr && before_->host && *before_->host ? &**before_->host : nullptr;
    const Figures was = before == nullptr ? Figures() : figures_of(*before);
    append_table(figures_of(*host), before == nullptr ? nullptr : &was);
    for (const auto& [name, histogram] : kHostPlots) {
      const Distribution then = (before == nullptr ? *host : *before).histogram(histogram);
      plot(in_capitals(name), host->histogram(histogram), before == nullptr ? nullptr : &then);
    }
  }

  static std::string in_capitals(std::string_view name) {
    std::string text(name);
    for (char& letter : text) letter = letter == '_' ? ' ' : static_cast<char>(std::toupper(letter));
    return text;
  }

  void plot(std::string_view name, const Distribution& distribution, const Distribution* before) {
    out_ += '\n';
    append_plot(out_, name, distribution, before, columns(), style_);
  }

  const Look& look_;
  const Look* before_;
  const Style& style_;
  std::string& out_;
  std::optional<std::size_t> terminal_;
};

class StatsCommand final : public Command {
 public:
  StatsCommand()
      : Command(
            "stats", "Say what a store takes in memory and on disk, and draw how its sizes are distributed",
            "Loads the store, as a host does. With --every it goes on, beside the process that writes: each look says\n"
            "what has come since the last one, and how much a second. How long commits, syncs and folds take, and what\n"
            "became of writes, is known inside that process alone. Where it writes the text of metrics_text() to a file\n"
            "(to another name, and renames it), --metrics FILE draws that; percentiles are bounds of its buckets.\n"
            "With --json, a look is one object: figures by name; \"tags_per_user\", \"bytes_per_user\"; \"host\", null\n"
            "without --metrics; from the second on \"since_ms\" and \"since\", what was added to the figures.\n"
            "\n"
            "Examples:\n"
            "  usertags stats users.db\n"
            "  usertags stats users.db --every 1s\n"
            "  usertags stats users.db --every 10s --metrics service.prom\n"
            "  usertags stats users.db --json | jq .tags_per_user\n"
            "  usertags stats users.db --openmetrics >users.prom") {}

  void declare(Arguments& arguments) override {
    arguments.option("--every", "TIME", every_, "Look again after this time, such as 1s or 5m, until ^C");
    arguments.option("--metrics", "FILE", metrics_,
                     "Draw what the writing process tells here (- is standard input)");
    arguments.flag("--openmetrics", openmetrics_,
                   "The text format of OpenMetrics, as hosts answer it to Prometheus");
  }

  int run(Console& console) override {
    const auto every = interval();
    if (openmetrics_ && (every || metrics_ || console.json))
      throw UsageError("--openmetrics goes with no other form of answer");
    auto host = read_host();
    if (host && !*host) return console.error(host->error());   // before the store is loaded
    auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    if (openmetrics_) return print_openmetrics(*store, console);
    const auto file = open_to_inspect(store_path());
    if (!file) return console.error(file.error());
    if (every) return look_again(*store, *file, std::move(host), *every, console);
    const auto look = take_look(*store, *file, std::move(host), nullptr);
    if (!look) return console.error(look.error());
    print(*look, nullptr, console);
    return kDone;
  }

 private:
  std::optional<std::chrono::seconds> interval() const {
    if (!every_) return {};
    const std::int64_t seconds = parse_seconds("--every", *every_);
    if (seconds < 1 || seconds > kLongest_s) throw UsageError("--every is at least 1s, and at most 1d");
    if (metrics_ == "-") throw UsageError("--every reads --metrics again and again: name a file");
    return std::chrono::seconds(seconds);
  }

  std::optional<Result<HostFigures>> read_host() const {
    if (!metrics_) return {};
    return HostFigures::read(*metrics_);
  }

  static Result<Look> take_look(const UserTagStore& store, const Inspector& file,
                                std::optional<Result<HostFigures>> host, const Look* before) {
    const auto info = file.info();
    if (!info) return std::unexpected(info.error());
    const Stats stats = store.stats();
    Look look{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
              std::chrono::steady_clock::now(),
              stats.revision,
              figures_of(stats, *info),
              {},
              std::move(host)};
    if (before != nullptr && before->revision == look.revision) {
      look.sizes = before->sizes;
      return look;
    }
    auto sizes = sizes_of(store);
    if (!sizes) return std::unexpected(sizes.error());
    look.sizes = *std::move(sizes);
    return look;
  }

  static void print(const Look& look, const Look* before, Console& console) {
    if (!console.json) return Page(look, before, console).write();
    append_json(console.out().buffer(), look, before);
    console.out().line_done();
  }

  int look_again(UserTagStore& store, const Inspector& file, std::optional<Result<HostFigures>> host,
                 std::chrono::seconds every, Console& console) const {
    defer_interruptions();
    Frames frames(console.out());
    std::optional<Look> before;
    for (auto next = std::chrono::steady_clock::now();;) {
      auto look = take_look(store, file, std::move(host), before ? &*before : nullptr);
      if (!look) return console.error(look.error());
      show(*look, before ? &*before : nullptr, frames, console);
      before = *std::move(look);
      next = std::max(next + every, std::chrono::steady_clock::now());
      if (!wait_until(next)) break;
      if (const auto seen = store.refresh(); !seen) return console.error(seen.error());
      host = read_host();
    }
    if (!console.json) frames.finish();
    return interrupted_exit_code();
  }

  void show(const Look& look, const Look* before, Frames& frames, Console& console) const {
    if (console.json) {
      print(look, before, console);
      return console.out().flush();
    }
    const std::string head =
        fmt::format("{}  {}  every {}, until ^C", printable(store_path()), utc(look.at), *every_);
    console.out().line(clipped(head, terminal_columns(console.out().fd()).value_or(head.size())));
    console.out().buffer() += '\n';
    print(look, before, console);
    frames.show(std::exchange(console.out().buffer(), {}));
  }

  static int print_openmetrics(const UserTagStore& store, Console& console) {
    const auto text = store.metrics_text();
    if (!text) return console.error(text.error());
    console.out().buffer() += *text;
    return kDone;
  }

  std::optional<std::string> every_;
  std::optional<std::string> metrics_;
  bool openmetrics_ = false;
};

}   // namespace

std::unique_ptr<Command> make_stats() {
  return std::make_unique<StatsCommand>();
}

}   // namespace usertags::command
