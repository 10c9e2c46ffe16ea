#include <fmt/format.h>
#include <chrono>
#include <memory>
#include <string>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

using cluster::ClusterStatus;

constexpr std::chrono::seconds kSucceededWithin{10};
constexpr std::chrono::milliseconds kLookEvery{20};

class ClusterResignCommand final : public Command {
 public:
  ClusterResignCommand()
      : Command(
            "cluster resign", "Ask whoever leads to hand over, and say who leads then",
            "A planned hand-over, before a machine is taken away: what is under way is ended first. It may be the\n"
            "same node that leads again, where no other is as far as the log.\n"
            "\n"
            "Examples:\n"
            "  usertags cluster resign --cluster accounts --etcd 10.0.0.1:2379",
            Takes::no_store) {}

  void declare(Arguments& arguments) override { options_.declare(arguments); }

  int run(Console& console) override {
    const cluster::NodeOptions options = options_.get();
    const auto before = cluster::cluster_status(options);
    if (!before) return console.error(before.error());
    if (!before->leader) return console.error(Error(ErrorCode::not_leader, "nobody leads"));
    if (const auto asked = cluster::request_resignation(options); !asked) return console.error(asked.error());
    const auto after = await_term_after(before->term, options);
    if (!after) return console.error(after.error());
    answer(*after, console);
    return kDone;
  }

 private:
  static Result<ClusterStatus> await_term_after(std::uint64_t term, const cluster::NodeOptions& options) {
    const auto deadline = std::chrono::steady_clock::now() + kSucceededWithin;
    while (wait_until(std::chrono::steady_clock::now() + kLookEvery)) {
      auto status = cluster::cluster_status(options);
      if (!status || (status->leader && status->term > term)) return status;
      if (std::chrono::steady_clock::now() > deadline) break;
    }
    return std::unexpected(Error(ErrorCode::timeout, "the leader was asked; no other has taken over yet"));
  }

  static void answer(const ClusterStatus& status, Console& console) {
    Output& out = console.out();
    if (!console.json)
      return out.line(fmt::format("{} leads, term {}", printable_word(*status.leader), status.term));
    JsonObject object(out.buffer());
    object.text_or_null("leader", status.leader);
    object.number("term", status.term);
    object.close();
    out.line_done();
  }

  ClusterOptions options_;
};

}   // namespace

std::unique_ptr<Command> make_cluster_resign() {
  return std::make_unique<ClusterResignCommand>();
}

}   // namespace usertags::command
