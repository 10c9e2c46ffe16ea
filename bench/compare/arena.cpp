#include "arena.hpp"

#include <algorithm>
#include <cstdio>

namespace usertags::bench {
namespace {

bool keeps_an_index_or_not(std::string_view name) {
  return name != "usertags" && name != "limit";
}

}   // namespace

Arena::Arena(const Population& population, const std::filesystem::path& folder, Field field)
    : population_(population) {
  for (const Entry& entry : entries()) {
    const bool is_peer = keeps_an_index_or_not(entry.name);
    if (is_peer && field == Field::ours_and_limit) continue;
    admit(entry, folder / entry.name, true);
    if (is_peer && field == Field::everybody)
      admit(entry, folder / (std::string(entry.name) + "-no-index"), false);
  }
}

void Arena::admit(const Entry& entry, const std::filesystem::path& folder, bool tag_index) {
  try {
    contestants_.emplace_back(entry, population_, Place{folder, tag_index});
  } catch (const Skipped& skipped) {
    std::fprintf(stderr, "%s is skipped: %s\n", std::string(entry.name).c_str(), skipped.what());
  }
}

std::vector<Contestant*> Arena::everybody() {
  std::vector<Contestant*> all;
  for (Contestant& contestant : contestants_) all.push_back(&contestant);
  return all;
}

std::vector<Contestant*> Arena::with_index() {
  std::vector<Contestant*> some = everybody();
  std::erase_if(some, [](const Contestant* contestant) { return !contestant->has_index(); });
  return some;
}

Contestant* Arena::find(std::string_view name) {
  const auto found = std::ranges::find(contestants_, name, &Contestant::name);
  return found == contestants_.end() ? nullptr : &*found;
}

void Arena::load() {
  for (Contestant& contestant : contestants_) {
    if (!contestant.is_loaded()) contestant.load();
  }
}

Medians in_turns(std::size_t rounds, const std::vector<Contestant*>& contestants,
                 const std::function<double(Contestant&)>& measure) {
  std::map<std::string, Times> times;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Contestant* const contestant : contestants) {
      times[contestant->name()].push_back(measure(*contestant));
      contestant->contender().settle();
    }
  }
  Medians medians;
  for (const auto& [name, each] : times) medians[name] = median(each);
  return medians;
}

}   // namespace usertags::bench
