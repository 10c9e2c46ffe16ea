// C5 to C7: what a follower costs its readers, and how it comes to be one.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../compare/measure.hpp"
#include "../workload.hpp"
#include "sections.hpp"

namespace usertags::bench {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

double ms_between(Time from, Time to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// From the answer to a single write, to when another node shows it; 0 where it shows it before.
Times lags(cluster::Node& leader, cluster::Node& follower, std::uint32_t users, std::size_t count) {
  const std::uint64_t before = must(follower.read_latest(10s));
  std::vector<Time> seen(count);
  std::jthread watching([&] {
    for (std::size_t i = 0; i < count; ++i) {
      if (!follower.store().read_at_least(before + i + 1, 10s)) return;
      seen[i] = std::chrono::steady_clock::now();
    }
  });
  std::vector<Time> answered(count);
  for (std::size_t i = 0; i < count; ++i) {
    must(
        leader.store().apply(external_id(mix(i) % users), TagBatch().set("lag", std::to_string(before + i))));
    answered[i] = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(2ms);
  }
  watching.join();
  Times lags;
  for (std::size_t i = 0; i < count; ++i) lags.push_back(std::max(0.0, ms_between(answered[i], seen[i])));
  return lags;
}

double find_us(const UserTagStore& store, std::uint32_t users, double turn_us, std::uint64_t& random) {
  constexpr std::size_t kAtOnce = 1'000;
  std::size_t found = 0;
  const Stopwatch stopwatch;
  while (stopwatch.us() < turn_us) {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      const auto user = store.find(external_id(mix(random++) % users));
      if (!user) throw std::runtime_error("a user is not found");
      ++found;
    }
  }
  return stopwatch.us() / static_cast<double>(found);
}

}   // namespace

void following(Run& run) {
  cluster::Node leader = run.shard.join(0);
  await_lead(leader);
  cluster::Node follower = run.shard.join(1);
  const Times lag = lags(leader, follower, run.users, 200 * run.rounds);
  run.report.within("C5 acknowledged to seen on a follower, half of them, vs a bound", "ms", median(lag), 3,
                    1);
  run.report.within("C5 acknowledged to seen on a follower, 99 of 100, vs a bound", "ms",
                    percentile(lag, 0.99), 20, 1);

  UserTagStore local = must(UserTagStore::open(run.folder / "local.db"));
  Times here;
  Times there;
  std::uint64_t random = 0;
  for (std::size_t round = 0; round < 2 * run.rounds; ++round) {
    here.push_back(find_us(local, run.users, run.turn_us / 2, random));
    there.push_back(find_us(follower.store(), run.users, run.turn_us / 2, random));
  }
  must(local.close());
  run.report.within("C6 find on a follower, vs in a store of its own", "µs", median(there), median(here),
                    1.05);
}

// The file is there: a copy of a member's, a hundred entries behind the head. It is opened by itself, too, read-only.
void joining(Run& run) {
  {
    cluster::Node leader = run.shard.join(0);
    await_lead(leader);
    Patches patches(run.users);
    for (int i = 0; i < 100; ++i) write(leader.store(), patches.next(256));
    must(leader.close());
  }
  Times opened;
  Times joined;
  for (std::size_t round = 0; round < run.rounds; ++round) {
    const auto file = run.folder / "joiner.db";
    std::filesystem::copy_file(run.shard.file(2), file, std::filesystem::copy_options::overwrite_existing);
    {
      Options looking;
      looking.access = Access::read_only;
      const Stopwatch stopwatch;
      UserTagStore store = must(UserTagStore::open(file, looking));
      opened.push_back(stopwatch.us() / 1e3);
      must(store.close());
    }
    const Stopwatch stopwatch;
    cluster::Node node = Shard::join(file, run.name);
    joined.push_back(stopwatch.us() / 1e3);
    must(node.close());
    std::this_thread::sleep_for(2'500ms);   // its lease: the next process is of the same node
  }
  run.report.within("C7 a joiner shows the head, vs opening such a store", "ms", median(joined),
                    median(opened), 1.5);
}

}   // namespace usertags::bench
