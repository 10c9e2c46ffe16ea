// Look-ups, alone and beside a writer, and counts.
#include <fmt/format.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "sections.hpp"

namespace usertags::bench {
namespace {

constexpr const char* kTable = "Reading: median of the rounds, µs";
constexpr std::size_t kLookUps = 200'000;
constexpr std::size_t kCounts = 500;

// Drawn ahead, so that the time holds nothing but the look-ups.
std::vector<std::string> draw_users(const Population& population) {
  std::vector<std::string> external_ids;
  for (std::uint64_t i = 0; i < kLookUps; ++i)
    external_ids.push_back(
        population.external_id(static_cast<std::uint32_t>(mix(i ^ 0x5EED) % population.users())));
  return external_ids;
}

// Asks one question after the other, a few between two looks at the clock, until the turn is over; answers
// the time of one.
template <class Question, class Ask>
double mean_us(const std::vector<Question>& questions, std::size_t at_once, double turn_us, Ask&& ask) {
  std::uint64_t asked = 0;
  const Stopwatch turn;
  do {
    for (std::size_t i = 0; i < at_once; ++i) ask(questions[(asked + i) % questions.size()]);
    asked += at_once;
  } while (turn.us() < turn_us);
  return turn.us() / static_cast<double>(asked);
}

void look_up(Contestant& contestant, const std::string& external_id) {
  if (contestant.contender().find(external_id).tags == 0)
    throw std::runtime_error(contestant.name() + " lost " + external_id);
}

// Each with a time of its own, which includes a look at the clock.
Times time_each_lookup(Contestant& contestant, double turn_us) {
  const std::vector<std::string> users = draw_users(contestant.population());
  Times times;
  const Stopwatch turn;
  for (std::size_t i = 0; turn.us() < turn_us; i = (i + 1) % users.size()) {
    const Stopwatch stopwatch;
    look_up(contestant, users[i]);
    times.push_back(stopwatch.us());
  }
  return times;
}

Times time_each_lookup_beside_a_writer(Contestant& contestant, double turn_us) {
  std::atomic<bool> is_over = false;
  std::jthread writer([&] {
    while (!is_over) contestant.update(256);
  });
  Times times = time_each_lookup(contestant, turn_us);
  is_over = true;
  return times;
}

// The time of a look-up, of all threads together: half of one thread's where two do not disturb each other.
// Each thread makes a look-up of its own.
template <class MakeLookUp>
double mean_us_of_threads(std::size_t threads, const std::vector<std::string>& users, double turn_us,
                          MakeLookUp&& make_look_up) {
  std::atomic<double> per_us = 0;
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        const auto look_up = make_look_up();
        start.arrive_and_wait();
        per_us += 1 / mean_us(users, 100, turn_us, look_up);
      });
    }
  }
  return 1 / per_us;
}

struct OneAndTwo {
  double one_us = 0;
  double two_us = 0;
};

// One thread and two, in turns: medians of both.
template <class MakeLookUp>
OneAndTwo one_and_two_threads(Run& run, const std::vector<std::string>& users, MakeLookUp&& make_look_up) {
  Times one;
  Times two;
  for (std::size_t round = 0; round < run.options.rounds; ++round) {
    one.push_back(mean_us_of_threads(1, users, run.options.turn_us / 4, make_look_up));
    two.push_back(mean_us_of_threads(2, users, run.options.turn_us / 4, make_look_up));
  }
  return {median(one), median(two)};
}

void compare_two_threads(Run& run, const std::string& what, const OneAndTwo& us) {
  run.report.faster(what + ", two threads, vs one", "µs", us.two_us, us.one_us, 1.9);
}

auto finds_with(Contestant& contestant) {
  return [&contestant] {
    return [&contestant, find = contestant.contender().finder()](const std::string& user) {
      if (find(user).tags == 0) throw std::runtime_error(contestant.name() + " lost " + user);
    };
  };
}

struct TwoTags {
  std::string one;
  std::string other;
};

std::vector<TwoTags> draw_tags(const Population& population) {
  const auto [k, l] = population.popular_keys();
  std::vector<TwoTags> drawn;
  for (std::uint64_t i = 0; i < kCounts; ++i) {
    drawn.push_back({population.value(k, static_cast<std::uint32_t>(mix(i) % population.values(k))),
                     population.value(l, static_cast<std::uint32_t>(mix(~i) % population.values(l)))});
  }
  return drawn;
}

// Of a look-up without a copy of the user.
double look_us(Contestant& contestant, double turn_us) {
  return mean_us(draw_users(contestant.population()), 100, turn_us, [&](const std::string& external_id) {
    if (contestant.contender().look_at(external_id) == 0)
      throw std::runtime_error(contestant.name() + " lost " + external_id);
  });
}

}   // namespace

double lookup_us(Contestant& contestant, double turn_us) {
  return mean_us(draw_users(contestant.population()), 100, turn_us,
                 [&](const std::string& external_id) { look_up(contestant, external_id); });
}

double count_us(Contestant& contestant, double turn_us) {
  const Population& population = contestant.population();
  const auto [k, l] = population.popular_keys();
  const std::string_view one = population.key(k);
  const std::string_view other = population.key(l);
  return mean_us(draw_tags(population), 1, turn_us, [&](const TwoTags& tags) {
    contestant.contender().count({one, tags.one}, {other, tags.other});
  });
}

void lookups(Run& run) {
  const double turn_us = run.options.turn_us / 2;
  Medians us = in_turns(run.options.rounds, run.arena.with_index(),
                        [&](Contestant& contestant) { return lookup_us(contestant, turn_us); });
  for (const auto& [name, median] : us)
    run.report.figure(kTable, "find by external id, all tags touched", name, median);
  const auto bar = [&](const char* peer, double goal) {
    if (!us.contains(peer)) return;
    run.report.faster(std::string("P4 find, all tags touched, vs ") + peer, "µs", us["usertags"], us[peer],
                      goal);
    run.report.note(fmt::format("P4: `limit` itself is {:.1f} times as fast as `{}` here.",
                                us[peer] / us["limit"], peer));
  };
  bar("lmdb", 8);
  bar("sqlite_rows", 25);
  bar("rocksdb", 60);
  run.report.within("P4 find, all tags touched, vs limit", "µs", us["usertags"], us["limit"], 1.15);
  const Medians read_us = in_turns(run.options.rounds, {&run.arena.ours(), run.arena.find("limit")},
                                   [&](Contestant& contestant) { return look_us(contestant, turn_us); });
  run.report.note(fmt::format("P4: `read`, which copies nothing, takes {:.2f} times as long as `limit`.",
                              read_us.at("usertags") / read_us.at("limit")));
  for (Contestant* const contestant : run.arena.with_index()) {
    run.report.distribution("latency-find", contestant->name(), time_each_lookup(*contestant, turn_us));
    contestant->check_all();
  }
}

void lookups_by_threads(Run& run) {
  Contestant& ours = run.arena.ours();
  const std::vector<std::string> any = draw_users(ours.population());
  const std::vector<std::string> one(any.begin(), any.begin() + 1);
  const auto reads = [&] {
    return [&](const std::string& user) {
      if (ours.contender().look_at(user) == 0) throw std::runtime_error("usertags lost " + user);
    };
  };
  const OneAndTwo our_us = one_and_two_threads(run, any, finds_with(ours));
  compare_two_threads(run, "P4s find of any users", our_us);
  compare_two_threads(run, "P4h find of one user", one_and_two_threads(run, one, finds_with(ours)));
  compare_two_threads(run, "P4h read of one user", one_and_two_threads(run, one, reads));
  Contestant& limit = *run.arena.find("limit");
  const OneAndTwo any_us = one_and_two_threads(run, any, finds_with(limit));
  const OneAndTwo one_user_us = one_and_two_threads(run, one, finds_with(limit));
  run.report.note(fmt::format(
      "P4s, P4h: two threads of `limit` look up {:.2f} times as much as one, and {:.2f} times of one user.",
      any_us.one_us / any_us.two_us, one_user_us.one_us / one_user_us.two_us));
  Contestant* const lmdb = run.arena.find("lmdb");
  if (lmdb == nullptr) return;
  const OneAndTwo their_us = one_and_two_threads(run, any, finds_with(*lmdb));
  run.report.figure(kTable, "find of any users, by two threads", "usertags", our_us.two_us);
  run.report.figure(kTable, "find of any users, by two threads", "lmdb", their_us.two_us);
  run.report.note(fmt::format(
      "P4s: two threads of `lmdb` look up {:.2f} times as much as one, usertags' {:.2f} times; "
      "usertags' two are {:.1f} times as fast as `lmdb`'s.",
      their_us.one_us / their_us.two_us, our_us.one_us / our_us.two_us, their_us.two_us / our_us.two_us));
}

void counts(Run& run) {
  Medians us = in_turns(run.options.rounds, run.arena.with_index(), [&](Contestant& contestant) {
    return count_us(contestant, run.options.turn_us / 2);
  });
  for (const auto& [name, median] : us) run.report.figure(kTable, "count of two tags", name, median);
  run.report.faster("P6 count of two tags, vs sqlite_rows", "µs", us["usertags"], us["sqlite_rows"], 50);
  if (us.contains("redis"))
    run.report.faster("P6 count of two tags, vs redis", "µs", us["usertags"], us["redis"], 20);
  run.report.within("P6 count of two tags, vs limit", "µs", us["usertags"], us["limit"], 1.3);
}

void lookups_beside_a_writer(Run& run) {
  Contestant& ours = run.arena.ours();
  Times alone;
  Times beside;
  Times all_beside;
  for (std::size_t round = 0; round < run.options.rounds; ++round) {
    alone.push_back(percentile(time_each_lookup(ours, run.options.turn_us), 0.99));
    const Times times = time_each_lookup_beside_a_writer(ours, run.options.turn_us);
    beside.push_back(percentile(times, 0.99));
    all_beside.insert(all_beside.end(), times.begin(), times.end());
  }
  run.report.within("P5 p99 of find beside a writer of groups of 256, vs alone", "µs", median(beside),
                    median(alone), 1.5);
  run.report.distribution("latency-find", "usertags beside a writer", all_beside);
}

}   // namespace usertags::bench
