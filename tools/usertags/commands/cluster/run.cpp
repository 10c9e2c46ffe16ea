// Beside the threads of the node there are two: this one takes writes from standard input and answers them on standard
// output; Running's says on standard error what becomes of the node, and makes its snapshots.
#include <fmt/format.h>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/writes.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

using Clock = std::chrono::steady_clock;
using cluster::Node;
using cluster::NodeStatus;
using cluster::Role;

constexpr std::chrono::milliseconds kLookEvery{20};

// Lines on standard error, from any thread. The console of the command is the main thread's.
class Teller {
 public:
  explicit Teller(bool json) { console_.json = json; }

  void note(std::string_view text) {
    const std::lock_guard lock(mutex_);
    console_.note(text);
  }

  // `role` is that of the status, or what has become of the node besides.
  void role(std::string_view role, const NodeStatus& status) {
    if (!console_.json) return note(in_words(role, status));
    const std::lock_guard lock(mutex_);
    JsonObject object(console_.err().buffer());
    object.text("role", role);
    object.text_or_null("leader", status.leader);
    object.number("term", status.term);
    object.number("revision", status.revision);
    object.close();
    console_.err().line_done();
    console_.err().flush();
  }

 private:
  static std::string in_words(std::string_view role, const NodeStatus& status) {
    std::string words(role);
    if (status.role == Role::following) words += status.leader ? " " + *status.leader : ", nobody leads";
    return fmt::format("{} (term {}, revision {})", words, status.term, status.revision);
  }

  std::mutex mutex_;
  Console console_;
};

std::string_view name_of(Role role) {
  switch (role) {
    case Role::following: return "following";
    case Role::leading: return "leading";
    case Role::stopped: return "stopped";
  }
  return "";
}

// Where a node's snapshots go, and how often one is made. Not where nothing has come since the last one.
class Snapshots {
 public:
  Snapshots(std::shared_ptr<cluster::SnapshotTransport> transport, std::chrono::seconds every)
      : transport_(std::move(transport)), every_(every) {}

  void make_if_due(Node& node, const NodeStatus& status, Teller& teller, const std::stop_token& stop) {
    if (!transport_ || !status.freshness.as_of || Clock::now() < due_ || made_ == status.entry) return;
    due_ = Clock::now() + every_;
    const auto made = node.make_snapshot(*transport_);
    if (made) {
      made_ = *made;
      teller.note(fmt::format("made a snapshot, up to entry {}", *made));
    } else if (!stop.stop_requested()) {
      teller.note(fmt::format("no snapshot was made: {}", made.error().message()));
    }
  }

 private:
  std::shared_ptr<cluster::SnapshotTransport> transport_;   // none: no snapshots
  std::chrono::seconds every_;
  Clock::time_point due_ = Clock::now();
  std::optional<std::uint64_t> made_;
};

// A node that has joined, until end().
class Running {
 public:
  Running(Node& node, Snapshots snapshots, Teller& teller)
      : node_(node),
        snapshots_(std::move(snapshots)),
        teller_(teller),
        thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested() && look(stop)) std::this_thread::sleep_for(kLookEvery);
        }) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { std::ignore = end(); }

  // Hands over, and closes. Once; later calls do nothing.
  Result<void> end() {
    thread_.request_stop();
    auto closed = node_.close();   // ends a snapshot under way, too
    if (thread_.joinable()) thread_.join();
    return closed;
  }

 private:
  // False once the node has stopped.
  bool look(const std::stop_token& stop) {
    const auto status = node_.status();
    if (!status) return true;
    if (const Told now{status->role, status->leader, status->term}; now != told_) {
      told_ = now;
      teller_.role(name_of(status->role), *status);
    }
    if (status->role == Role::stopped) return end_waiting(), false;
    snapshots_.make_if_due(node_, *status, teller_, stop);
    return true;
  }

  using Told = std::tuple<Role, std::optional<std::string>, std::uint64_t>;

  Node& node_;
  Snapshots snapshots_;
  Teller& teller_;
  std::optional<Told> told_;
  std::jthread thread_;
};

class ClusterRunCommand final : public Command {
 public:
  ClusterRunCommand()
      : Command(
            "cluster run", "Run a node: it leads or follows, and takes writes from standard input",
            "Writes and answers are those of usertags stream; where the node does not lead, a write is answered with\n"
            "not_leader, and the address of who does. Standard error has a line whenever it leads, follows, or stops.\n"
            "At the end of the input, and at ^C or SIGTERM, it hands over, and ends. Every command that only looks\n"
            "works on the node's file meanwhile.\n"
            "\n"
            "With --snapshots it makes a snapshot when it has joined, and every ten minutes: best on one node or two\n"
            "that seldom lead.\n"
            "\n"
            "Examples:\n"
            "  usertags cluster run users.db --cluster accounts --etcd 10.0.0.1:2379 --address 10.0.0.1:4000 <writes.jsonl\n"
            "  usertags cluster run users.db --cluster accounts --etcd 10.0.0.1:2379 --snapshots snapshots \\\n"
            "    --snapshot-every 1h --keep-running </dev/null") {}

  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.flag("--keep-running", keep_running_, "Go on after the end of the input");
    arguments.option("--snapshots", "FOLDER", snapshots_, "Make snapshots, into a folder that all nodes see");
    arguments.option("--snapshot-every", "TIME", snapshot_every_, "How often (10m)");
    arguments.flag("--remote", remote_, "The folder's files outlive the machine of each node");
  }

  int run(Console& console) override {
    Teller teller(console.json);
    cluster::NodeOptions options = options_.get();
    options.store.log = [&teller](LogLevel level, std::string_view text) {
      if (level != LogLevel::info) teller.note(text);
    };
    auto snapshots = open_snapshots();
    if (!snapshots) return console.error(snapshots.error());
    auto node = Node::join(store_path(), options);
    if (!node) return console.error(node.error());
    defer_interruptions();
    return run(*node, *std::move(snapshots), teller, console);
  }

 private:
  Result<Snapshots> open_snapshots() const {
    const std::chrono::seconds every(parse_seconds("--snapshot-every", snapshot_every_.value_or("10m")));
    if (every <= std::chrono::seconds(0)) throw UsageError("--snapshot-every is not above zero");
    if (!snapshots_) {
      if (snapshot_every_ || remote_) throw UsageError("--snapshot-every and --remote go with --snapshots");
      return Snapshots(nullptr, every);
    }
    auto transport = cluster::folder_transport(*snapshots_, remote_);
    if (!transport) return std::unexpected(std::move(transport).error());
    return Snapshots(*std::move(transport), every);
  }

  int run(Node& node, Snapshots snapshots, Teller& teller, Console& console) const {
    Running running(node, std::move(snapshots), teller);
    const int worst = answer_writes(node.store(), console.out());
    while (keep_running_ && wait_until(Clock::now() + std::chrono::hours(1))) {
    }
    const auto status = node.status();
    const auto ended = running.end();
    if (!status) return console.error(status.error());
    if (status->failure) return console.error(*status->failure);
    if (!ended) return console.error(ended.error());
    teller.role("ended", {.role = Role::stopped, .term = status->term, .revision = status->revision});
    return interrupted() ? interrupted_exit_code() : worst;
  }

  MemberOptions options_;
  bool keep_running_ = false;
  std::optional<std::string> snapshots_;
  std::optional<std::string> snapshot_every_;
  bool remote_ = false;
};

}   // namespace

std::unique_ptr<Command> make_cluster_run() {
  return std::make_unique<ClusterRunCommand>();
}

}   // namespace usertags::command
