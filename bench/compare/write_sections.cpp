// Durable updates: one at a time, from many threads, in groups of all sizes, sustained; and new users.
#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "bare_commit.hpp"
#include "sections.hpp"

namespace usertags::bench {
namespace {

constexpr const char* kTable = "Durable updates of one tag: median of the rounds, µs an update";
constexpr const char* kLongest = "Commits of 256 updates, ms";
constexpr std::size_t kGroup = 256;

void append(Times& all, const Times& some) {
  all.insert(all.end(), some.begin(), some.end());
}

// --- Many threads. ---

constexpr std::size_t kWaiting = 32;   // threads of P3

struct Work {
  std::vector<Step> steps;
  std::vector<Update> updates;
  std::vector<Answer> answers;
};

// Each thread has users of its own, so that what has to be answered does not hang on their order.
std::vector<Work> share_out(Contestant& contestant, std::size_t updates, std::size_t threads) {
  std::vector<Work> shares(threads);
  for (std::size_t i = 0; i < updates; ++i) {
    const Step step = contestant.next_step();
    Work& share = shares[step.user % threads];
    share.steps.push_back(step);
    share.updates.push_back(contestant.update_of(step));
    share.answers.emplace_back();
  }
  return shares;
}

// What an update takes, when every thread waits for the answers to so many before it goes on.
struct Taken {
  double us = 0;              // by the clock
  double processors_us = 0;   // of processor time, on all threads of the process
  double callers_us = 0;      // of it, on those who call
};

Taken threads_take(Contestant& contestant, std::size_t updates, std::size_t threads, std::size_t at_once) {
  std::vector<Work> shares = share_out(contestant, updates, threads);
  std::atomic<double> callers_us = 0;
  const Stopwatch stopwatch;
  const ProcessorStopwatch processors(CLOCK_PROCESS_CPUTIME_ID);
  {
    std::vector<std::jthread> running;
    for (Work& share : shares) {
      running.emplace_back([&] {
        const ProcessorStopwatch caller(CLOCK_THREAD_CPUTIME_ID);
        for (std::size_t i = 0; i < share.updates.size(); i += at_once) {
          const std::size_t size = std::min(at_once, share.updates.size() - i);
          contestant.contender().update({&share.updates[i], size}, {&share.answers[i], size});
        }
        callers_us += caller.us();
      });
    }
  }
  const double us = stopwatch.us();
  const double processors_us = processors.us();
  for (const Work& share : shares) contestant.check_answers(share.steps, share.answers);
  const auto all = static_cast<double>(updates);
  return {us / all, processors_us / all, callers_us / all};
}

// --- Sustained. ---

// As long as a turn is; or, where that is asked for, a number of updates.
Times sustained_turn(Contestant& contestant, const Options& options) {
  if (options.sustained_updates == 0) return contestant.update_for(options.turn_us * 2, kGroup);
  const std::uint64_t groups = options.sustained_updates / kGroup / options.rounds;
  Times times;
  for (std::uint64_t i = 0; i < groups; ++i) times.push_back(contestant.update(kGroup));
  return times;
}

void report_sustained(Run& run, const Medians& us) {
  for (const auto& [name, median] : us) run.report.figure(kTable, "256 in flight, sustained", name, median);
  for (const auto& [peer, goal] : {std::pair{"rocksdb", 7}, {"sqlite_rows", 18}, {"lmdb", 8}}) {
    if (us.contains(peer)) {
      run.report.faster(std::string("P1 durable updates, 256 in flight, vs ") + peer, "µs", us.at("usertags"),
                        us.at(peer), goal);
    }
  }
  run.report.note(fmt::format("P1: {:.1f} times `limit`, which takes {:.2f} µs an update.",
                              us.at("usertags") / us.at("limit"), us.at("limit")));
}

void report_commits(Run& run, const std::map<std::string, Times>& all) {
  for (const auto& [name, times] : all) {
    run.report.figure(kLongest, "half of them are shorter", name, median(times) / 1e3);
    run.report.figure(kLongest, "99 of 100 are shorter", name, percentile(times, 0.99) / 1e3);
    run.report.figure(kLongest, "the longest", name, greatest(times) / 1e3);
    run.report.distribution("latency-group", name, times);
  }
  const Times& ours = all.at("usertags");
  run.report.within("P12 commits of P1, 999 of 1,000, vs a bound", "ms", percentile(ours, 0.999) / 1e3, 6, 1);
  run.report.note(
      fmt::format("P12: the longest of {} commits took {:.1f} ms. ", ours.size(), greatest(ours) / 1e3) +
      run.arena.ours().contender().longest_waits() +
      fmt::format(" `limit`, which does nothing but sync: {:.1f} ms, and 999 of 1,000 within {:.1f} ms.",
                  greatest(all.at("limit")) / 1e3, percentile(all.at("limit"), 0.999) / 1e3));
}

// P1 as hosts may bring it about: by four threads, or of users of whom a few are patched most.
void other_ways_to_update(Run& run) {
  Contestant& ours = run.arena.ours();
  const Choice zipfian = Choice::zipfian(run.arena.population().users());
  Times one;
  Times leading;
  Times alone;
  Times four;
  Times skewed;
  for (std::size_t round = 0; round < run.options.rounds; ++round) {
    one.push_back(update_us(ours, kGroup, run.options.turn_us));
    const auto updates = static_cast<std::size_t>(run.options.turn_us / one.back());
    const Taken by_one = threads_take(ours, updates, 1, kGroup);
    alone.push_back(by_one.us);
    leading.push_back(by_one.callers_us);
    four.push_back(threads_take(ours, updates, 4, kGroup).us);
    skewed.push_back(mean(ours.update_for(run.options.turn_us, kGroup, zipfian)) / kGroup);
  }
  run.report.faster("P1b durable updates by four threads, 256 each in flight, vs one thread", "µs",
                    median(four), median(alone), 1.4);
  run.report.note(
      fmt::format("P1b: the one thread takes {:.2f} µs of processor time an update, its host's work in them; "
                  "what it does for the store is done one after the other, however many call.",
                  median(leading)));
  run.report.within("P1z durable updates of users chosen by Zipf's law, vs evenly", "µs", median(skewed),
                    median(one), 1);
}

}   // namespace

double update_us(Contestant& contestant, std::size_t group, double turn_us) {
  return mean(contestant.update_for(turn_us, group)) / static_cast<double>(group);
}

void warm_up(Contestant& contestant, double most_us) {
  // usertags' backlog is bounded by three fifths of the users, or 65,536. A first round of folding is over, and from
  // then on the log does not grow, before there are five times as many updates.
  const double updates = 5 * std::max(65'536.0, 0.6 * contestant.population().users());
  const Stopwatch stopwatch;
  for (double done = 0; done < updates && stopwatch.us() < most_us; done += kGroup) contestant.update(kGroup);
  contestant.contender().settle();
}

void single_updates(Run& run) {
  BareCommit bare(run.folder / "bare-commit.db");
  Times bare_us;
  std::map<std::string, Times> all;
  const Medians us = in_turns(run.options.rounds, run.arena.everybody(), [&](Contestant& contestant) {
    if (contestant.is_limit()) bare_us.push_back(median(bare.run_for(run.options.turn_us / 2)));
    const Times times = contestant.update_for(run.options.turn_us / 2, 1);
    append(all[contestant.name()], times);
    return median(times);
  });
  for (const auto& [name, median] : us) run.report.figure(kTable, "one at a time, one thread", name, median);
  for (const auto& [name, times] : all) run.report.distribution("latency-single", name, times);
  run.report.within("P2 one durable update at a time, vs a bare transaction of SQLite", "µs",
                    us.at("usertags"), median(bare_us), 1.15);
  run.report.note(
      fmt::format("P2: the bare transaction writes the same two pages, {:.2f} times as long as `limit`.",
                  median(bare_us) / us.at("limit")));
}

void many_threads(Run& run) {
  std::vector<Contestant*> some = run.arena.everybody();
  std::erase_if(some, [](Contestant* contestant) { return !contestant->contender().takes_threads(); });
  const auto updates = static_cast<std::size_t>(run.options.turn_us / 50);
  std::map<std::string, Times> alone;
  Times processors;
  const Medians us = in_turns(run.options.rounds, some, [&](Contestant& contestant) {
    if (&contestant == &run.arena.ours() || contestant.is_limit())
      alone[contestant.name()].push_back(update_us(contestant, 1, run.options.turn_us / 2));
    const Taken taken = threads_take(contestant, updates, kWaiting, 1);
    if (&contestant == &run.arena.ours()) processors.push_back(taken.processors_us);
    return taken.us;
  });
  for (const auto& [name, median] : us)
    run.report.figure(kTable, "one at a time from each of 32 threads", name, median);
  run.report.faster("P3 updates from 32 threads that wait, vs one thread", "µs", us.at("usertags"),
                    median(alone.at("usertags")), 11);
  run.report.note(
      fmt::format("P3: threads of `limit`, which only bring bytes and share syncs, come to {:.1f} times one.",
                  median(alone.at("limit")) / us.at("limit")));
  const double busy = median(processors) / std::thread::hardware_concurrency();
  run.report.note(fmt::format(
      "P3: an update takes {:.1f} µs of processor time, so that with all processors busy, and syncs "
      "that take nothing, 32 threads would come to {:.1f} times one.",
      median(processors), median(alone.at("usertags")) / busy));
}

void sustained_updates(Run& run) {
  for (Contestant* const contestant : run.arena.everybody()) {
    if (!contestant->is_limit()) warm_up(*contestant, run.options.warm_up_us);
  }
  std::map<std::string, Times> all;
  const Medians us = in_turns(run.options.rounds, run.arena.everybody(), [&](Contestant& contestant) {
    const Times times = sustained_turn(contestant, run.options);
    append(all[contestant.name()], times);
    return mean(times) / kGroup;
  });
  report_sustained(run, us);
  report_commits(run, all);
  other_ways_to_update(run);
  for (Contestant* const contestant : run.arena.everybody()) contestant->check_all();
}

// Stores of their own, as large: how a host hands its writes in is all that differs.
void submissions(Run& run) {
  constexpr std::size_t kSubmitted = 64 * kGroup;   // before the host looks whether all are answered
  const Entry each{"apply_each", make_usertags};
  const Entry drained{"submit and drain", make_submitting};
  const Entry with_thread{"submit to the commit thread", make_submitting_to_thread};
  std::deque<Contestant> contestants;
  std::vector<Contestant*> all;
  for (const Entry* entry : {&each, &drained, &with_thread}) {
    const Place place{run.folder / "submissions" / std::to_string(all.size()), true};
    all.push_back(&contestants.emplace_back(*entry, run.arena.population(), place));
    all.back()->load();
    warm_up(*all.back(), run.options.warm_up_us);
  }
  const Medians us = in_turns(run.options.rounds, all, [&](Contestant& contestant) {
    return update_us(contestant, contestant.name() == each.name ? kGroup : kSubmitted, run.options.turn_us);
  });
  const double theirs = us.at(std::string(each.name));
  for (const Entry* entry : {&drained, &with_thread}) {
    const std::string name(entry->name);
    run.report.within("P14 updates by " + name + ", vs apply_each of 256", "µs", us.at(name), theirs, 1.25);
  }
  for (Contestant& contestant : contestants) contestant.check_all();
  contestants.clear();
  std::filesystem::remove_all(run.folder / "submissions");
}

void group_sizes(Run& run) {
  for (const std::size_t group : {1U, 4U, 16U, 64U, 256U, 1024U, 4096U}) {
    const Medians us = in_turns(run.options.rounds, run.arena.with_index(), [&](Contestant& contestant) {
      return update_us(contestant, group, run.options.turn_us / 5);
    });
    for (const auto& [name, median] : us)
      run.report.point("throughput", name, static_cast<double>(group), 1e6 / median);
  }
}

// Into an empty store, so that everything grows from nothing to its size while somebody waits.
void creations(Run& run) {
  const Place place{run.folder / "creations", true};
  std::filesystem::create_directories(place.folder);
  Times times;
  {
    const auto contender = make_usertags(place);
    std::vector<NewUser> users;
    for (std::uint32_t user = 0; user < run.arena.population().users(); ++user) {
      users.push_back(run.arena.population().user(user));
      if (users.size() < kGroup) continue;
      const Stopwatch stopwatch;
      contender->load(users);
      times.push_back(stopwatch.us());
      users.clear();
    }
  }
  std::filesystem::remove_all(place.folder);
  run.report.within("P12 longest commit while creating users, vs a bound", "ms", greatest(times) / 1e3, 25,
                    1);
}

}   // namespace usertags::bench
