// The same questions over fewer and more users, and over the census.
#include <algorithm>
#include <deque>

#include "sections.hpp"

namespace usertags::bench {
namespace {

constexpr std::size_t kGroup = 256;

using Measure = std::function<double(Contestant&)>;

// Of each arena, the medians; the arenas take turns as their contestants do.
std::vector<Medians> in_turns(std::size_t rounds, const std::vector<Arena*>& arenas, const Measure& measure) {
  std::vector<std::map<std::string, Times>> times(arenas.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < arenas.size(); ++i) {
      for (const auto& [name, us] : bench::in_turns(1, arenas[i]->with_index(), measure))
        times[i][name].push_back(us);
    }
  }
  std::vector<Medians> medians(arenas.size());
  for (std::size_t i = 0; i < arenas.size(); ++i) {
    for (const auto& [name, each] : times[i]) medians[i][name] = median(each);
  }
  return medians;
}

// Populations and arenas of other sizes; the run's own arena comes last, unless the growth goes beyond it.
class Sizes {
 public:
  explicit Sizes(Run& run) {
    const std::uint32_t users = run.arena.population().users();
    add(run, std::max(users / 100, 100U), Field::with_index);
    add(run, users / 10, Field::with_index);
    if (run.options.growth_users > users)
      add(run, run.options.growth_users, Field::ours_and_limit);
    else
      all_.push_back(&run.arena);
  }

  const std::vector<Arena*>& all() const { return all_; }

 private:
  void add(Run& run, std::uint32_t users, Field field) {
    populations_.push_back(make_workload(users));
    arenas_.emplace_back(*populations_.back(), run.folder / std::to_string(users), field);
    Arena& arena = arenas_.back();
    arena.load();
    for (Contestant* const contestant : arena.with_index()) {
      if (!contestant->is_limit()) warm_up(*contestant, run.options.warm_up_us / 2);
    }
    all_.push_back(&arena);
  }

  std::deque<std::unique_ptr<Population>> populations_;
  std::deque<Arena> arenas_;
  std::vector<Arena*> all_;
};

void measure_growth(Run& run, const Sizes& sizes, const std::string& what, const std::string& plot,
                    const Measure& measure) {
  const std::vector<Medians> us = in_turns(run.options.rounds, sizes.all(), measure);
  for (std::size_t i = 0; i < us.size(); ++i) {
    for (const auto& [name, median] : us[i])
      run.report.point(plot, name, sizes.all()[i]->population().users(), median);
  }
  const Medians& few = us[1];
  const Medians& many = us.back();
  const auto factor = [&](const char* name) { return many.at(name) / few.at(name); };
  run.report.within("P11 growth of " + what + ", vs limit", "x", factor("usertags"), factor("limit"), 1.15);
}

void report_memory(Run& run, const Sizes& sizes) {
  for (Arena* const arena : sizes.all()) {
    const double users = arena->population().users();
    for (Contestant* const contestant : arena->with_index()) {
      const auto bytes = static_cast<double>(contestant->contender().memory_bytes());
      if (bytes != 0) run.report.point("memory", contestant->name(), users, bytes / users);
    }
  }
}

}   // namespace

void growth(Run& run) {
  const Sizes sizes(run);
  const double turn_us = run.options.turn_us / 3;
  run.report.note("P11 goes from " + std::to_string(sizes.all()[1]->population().users()) + " to " +
                  std::to_string(sizes.all().back()->population().users()) + " users.");
  measure_growth(run, sizes, "P1, durable updates", "growth-update",
                 [&](Contestant& contestant) { return update_us(contestant, kGroup, 2 * turn_us); });
  measure_growth(run, sizes, "P4, find", "growth-find",
                 [&](Contestant& contestant) { return lookup_us(contestant, turn_us); });
  measure_growth(run, sizes, "P6, count", "growth-count",
                 [&](Contestant& contestant) { return count_us(contestant, turn_us); });
  report_memory(run, sizes);
}

void census(Run& run) {
  if (run.options.census.empty()) return;
  const std::unique_ptr<Population> people = read_census(run.options.census);
  Arena arena(*people, run.folder / "census", Field::with_index);
  arena.load();
  for (Contestant* const contestant : arena.with_index()) {
    if (!contestant->is_limit()) warm_up(*contestant, run.options.warm_up_us / 2);
  }
  const std::string table =
      "The census, " + std::to_string(people->users()) + " people: median of the rounds, µs";
  const auto measure = [&](const char* what, const Measure& one) {
    for (const auto& [name, median] : bench::in_turns(run.options.rounds, arena.with_index(), one))
      run.report.figure(table, what, name, median);
  };
  const double turn_us = run.options.turn_us / 5;
  measure("find by external id, all tags touched", [&](Contestant& one) { return lookup_us(one, turn_us); });
  measure("count of two tags", [&](Contestant& one) { return count_us(one, turn_us); });
  measure("durable update, 256 in flight", [&](Contestant& one) { return update_us(one, kGroup, turn_us); });
  for (Contestant* const contestant : arena.with_index()) contestant->check_all();
}

}   // namespace usertags::bench
