// C4: how long nobody can write, when a writer is killed, and when it hands over.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "../compare/measure.hpp"
#include "../workload.hpp"
#include "sections.hpp"

namespace usertags::bench {
namespace {

using namespace std::chrono_literals;

// Another process of this program, which leads. It ends with this one.
class Leader {
 public:
  Leader(const std::string& self, const std::filesystem::path& file, const std::string& name) {
    std::array<int, 2> pipe{};
    if (pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(pipe[1], STDOUT_FILENO);
      execl(self.c_str(), self.c_str(), "--lead", file.c_str(), "--name", name.c_str(), nullptr);
      _exit(127);
    }
    close(pipe[1]);
    char said = 0;
    const bool leads = ::read(pipe[0], &said, 1) == 1;
    close(pipe[0]);
    if (!leads) throw std::runtime_error("the process that is to lead has ended");
  }
  ~Leader() { kill(); }
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;

  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
};

// Whichever of them takes it.
void write_somewhere(std::vector<cluster::Node*> nodes, std::uint64_t value) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < end) {
    for (cluster::Node* const node : nodes)
      if (node->store().apply(external_id(0), TagBatch().set("failover", std::to_string(value)))) return;
    std::this_thread::sleep_for(200us);
  }
  throw std::runtime_error("nobody takes a write any more");
}

void report(Run& run, const std::string& bar, const Times& ms, double goal) {
  run.report.within(bar, "ms", median(ms), goal, 1);
  run.report.note(fmt::format("{}: the longest of {} took {:.0f} ms.", bar.substr(0, bar.find(',')),
                              ms.size(), greatest(ms)));
}

}   // namespace

void lead_until_killed(const std::string& file, const std::string& name) {
  const cluster::Node node = Shard::join(file, name);
  await_lead(node);
  if (::write(STDOUT_FILENO, "!", 1) != 1) return;
  while (true) pause();
}

void failovers(Run& run) {
  const std::string name = run.name + "-failover";
  const Shard shard(run.folder / "failover", name, run.users / 10);
  Times killed;
  for (std::size_t round = 0; round < run.rounds; ++round) {
    Leader leader(run.self, shard.file(0), name);
    cluster::Node second = shard.join(1);
    cluster::Node third = shard.join(2);
    const Stopwatch stopwatch;
    leader.kill();
    write_somewhere({&second, &third}, round);
    killed.push_back(stopwatch.us() / 1e3);
    must(second.close());
    must(third.close());
  }
  report(run, "C4 the writer is killed, to the next acknowledged write, vs a bound", killed, 2'500);

  std::array nodes{shard.join(0), shard.join(1), shard.join(2)};
  Times planned;
  for (std::size_t round = 0; round < 4 * run.rounds; ++round) {
    write_somewhere({&nodes[0], &nodes[1], &nodes[2]}, round);
    for (cluster::Node& node : nodes) must(node.read_latest(10s));
    for (cluster::Node& node : nodes) {
      if (!node.leading()) continue;
      const Stopwatch stopwatch;
      must(node.resign());
      write_somewhere({&nodes[0], &nodes[1], &nodes[2]}, round + 1'000);
      planned.push_back(stopwatch.us() / 1e3);
      break;
    }
    std::this_thread::sleep_for(2'500ms);   // who has resigned stands again after its lease
  }
  report(run, "C4 a planned hand-over, to the next acknowledged write, vs a bound", planned, 100);
}

}   // namespace usertags::bench
