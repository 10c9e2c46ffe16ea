// C1 to C3: writes, against the slower of what they would cost here alone, and what etcd alone takes.
#include <fmt/format.h>

#include <algorithm>

#include "../compare/measure.hpp"
#include "bare_txn.hpp"
#include "sections.hpp"

namespace usertags::bench {
namespace {

constexpr std::size_t kWarmUp = 8;   // groups

// The time of each group, until the turn is over.
template <class Work>
Times turn(double turn_us, Work&& work) {
  Times times;
  const Stopwatch turn;
  while (turn.us() < turn_us) {
    const Stopwatch stopwatch;
    work();
    times.push_back(stopwatch.us());
  }
  return times;
}

struct Contest {
  Times local, bare, alone, cluster;   // medians of the rounds, a group
};

class Writing {
 public:
  explicit Writing(Run& run)
      : run_(run),
        local_(must(UserTagStore::open(copy_of_first(run)))),
        bare_(run.name),
        patches_(run.users),
        leader_(run.shard.join(0)) {
    await_lead(leader_);
  }
  ~Writing() { static_cast<void>(local_.close()); }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

  // Of each, what it takes, in turns. Times a patch are means, where groups are large; of single writes medians.
  Contest contest(std::size_t group) {
    Contest contest;
    const auto middle = [&](const Times& times) { return group == 1 ? median(times) : mean(times); };
    const auto cluster_turn = [&] {
      return middle(turn(run_.turn_us, [&] { write(leader_.store(), patches_.next(group)); }));
    };
    for (std::size_t i = 0; i < kWarmUp; ++i) write(leader_.store(), patches_.next(group));
    const std::size_t bytes = run_.shard.newest_entry_bytes();
    for (std::size_t round = 0; round < run_.rounds; ++round) {
      contest.local.push_back(middle(turn(run_.turn_us, [&] { write(local_, patches_.next(group)); })));
      contest.bare.push_back(middle(turn(run_.turn_us, [&] { bare_.append(bytes); })));
      contest.alone.push_back(cluster_turn());
      const cluster::Node second = run_.shard.join(1);
      const cluster::Node third = run_.shard.join(2);
      contest.cluster.push_back(cluster_turn());
    }
    return contest;
  }

 private:
  static std::filesystem::path copy_of_first(Run& run) {
    const auto file = run.folder / "local.db";
    UserTagStore store = must(UserTagStore::open(file));
    load(store, run.users);
    must(store.close());
    return file;
  }

  Run& run_;
  UserTagStore local_;
  BareTxn bare_;
  Patches patches_;
  cluster::Node leader_;
};

constexpr const char* kTable = "What a patch takes, µs";

void report(Run& run, const std::string& row, const Contest& contest, double group) {
  run.report.figure(kTable, row, "here alone, synced", median(contest.local) / group);
  run.report.figure(kTable, row, "bare Txn of its bytes", median(contest.bare) / group);
  run.report.figure(kTable, row, "the leader, nobody follows", median(contest.alone) / group);
  run.report.figure(kTable, row, "the leader, two follow on the same cores", median(contest.cluster) / group);
}

}   // namespace

void groups(Run& run) {
  Writing writing(run);
  for (const auto& [bar, group, goal] :
       {std::tuple("C1 groups of 1,024", 1'024, 0.75), std::tuple("C2 groups of 256", 256, 0.6)}) {
    const Contest contest = writing.contest(static_cast<std::size_t>(group));
    report(run, fmt::format("groups of {}", group), contest, group);
    run.report.faster(fmt::format("{}, vs the slower of local and bare Txn", bar), "µs",
                      median(contest.alone) / group,
                      std::max(median(contest.local), median(contest.bare)) / group, goal);
  }
  const Contest contest = writing.contest(1);
  report(run, "one at a time", contest, 1);
  run.report.within("C3 one write, vs a bare Txn", "µs", median(contest.alone), median(contest.bare), 1.2);
}

}   // namespace usertags::bench
