// Mixes of look-ups and updates, as YCSB has them, with 256 operations in flight: their look-ups are asked
// first, then their updates are made durable together.
#include <array>

#include "sections.hpp"

namespace usertags::bench {
namespace {

constexpr const char* kTable =
    "YCSB's mixes, 256 operations in flight: median of the rounds, thousand operations a second";
constexpr std::size_t kInFlight = 256;

struct Mix {
  const char* name;
  std::uint64_t updates_of_100;
  bool reads_before;   // and updates only what it has read
};
constexpr std::array<Mix, 4> kMixes = {{{"A: half updates", 50, false},
                                        {"B: 5 of 100 are updates", 5, false},
                                        {"C: look-ups", 0, false},
                                        {"F: half read, then update at that version", 50, true}}};

struct Window {
  std::vector<std::uint32_t> users;
  std::vector<std::string> external_ids;
  std::vector<Step> steps;
  std::vector<Update> updates;
  std::vector<std::size_t> read_as;   // of each update, which look-up came before it

  void look_up(const Contestant& contestant, std::uint32_t user) {
    users.push_back(user);
    external_ids.push_back(contestant.population().external_id(user));
  }
};

Window draw(Contestant& contestant, const Mix& mix, const Choice& choice) {
  Window window;
  for (std::size_t i = 0; i < kInFlight; ++i) {
    Step step = contestant.next_step(choice);
    const bool updates =
        bench::mix(step.user ^ std::uint64_t{step.v} << 32 ^ i << 20) % 100 < mix.updates_of_100;
    if (!updates || mix.reads_before) window.look_up(contestant, step.user);
    if (!updates) continue;
    if (mix.reads_before) {
      step.expected_sum = contestant.model().sum(step.user);
      window.read_as.push_back(window.users.size() - 1);
    }
    window.steps.push_back(step);
    window.updates.push_back(contestant.update_of(step));
  }
  return window;
}

double window_us(Contestant& contestant, const Mix& mix, const Choice& choice) {
  Window window = draw(contestant, mix, choice);
  std::vector<Found> found(window.users.size());
  std::vector<Answer> answers(window.updates.size());
  const Stopwatch stopwatch;
  contestant.contender().find_each(window.external_ids, found);
  for (std::size_t i = 0; i < window.read_as.size(); ++i)
    window.updates[i].expected_version = found[window.read_as[i]].version;
  if (!window.updates.empty()) contestant.contender().update(window.updates, answers);
  const double us = stopwatch.us();
  for (std::size_t i = 0; i < found.size(); ++i) contestant.check_find(window.users[i], found[i]);
  contestant.check_answers(window.steps, answers);
  return us;
}

double operation_us(Contestant& contestant, const Mix& mix, const Choice& choice, double turn_us) {
  double us = 0;
  std::size_t windows = 0;
  for (; us < turn_us; ++windows) us += window_us(contestant, mix, choice);
  return us / static_cast<double>(windows * kInFlight);
}

}   // namespace

void mixes(Run& run) {
  const std::uint32_t users = run.arena.population().users();
  std::vector<Contestant*> stores = run.arena.with_index();
  std::erase_if(stores, [](const Contestant* contestant) { return contestant->is_limit(); });
  for (const auto& [name, choice] :
       {std::pair{"uniform", Choice::uniform(users)}, std::pair{"Zipfian 0.99", Choice::zipfian(users)}}) {
    for (const Mix& mix : kMixes) {
      const Medians us = in_turns(run.options.rounds, stores, [&](Contestant& contestant) {
        return operation_us(contestant, mix, choice, run.options.turn_us / 5);
      });
      for (const auto& [contender, median] : us)
        run.report.figure(kTable, std::string(mix.name) + ", " + name, contender, 1e3 / median);
    }
  }
}

}   // namespace usertags::bench
