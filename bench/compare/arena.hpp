// Arena: all contestants over one population.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "contestant.hpp"

namespace usertags::bench {

enum class Field {
  everybody,
  with_index,      // as everybody, but nobody twice
  ours_and_limit   // usertags and limit alone
};

class Arena {
 public:
  // Makes the contestants, with empty stores. Says who is skipped, and why.
  Arena(const Population& population, const std::filesystem::path& folder, Field field);

  const Population& population() const { return population_; }
  std::vector<Contestant*> everybody();   // those without an index from tag to user, too
  std::vector<Contestant*> with_index();
  Contestant& ours() { return contestants_.front(); }
  Contestant* find(std::string_view name);

  void load();   // those who are still empty

 private:
  void admit(const Entry& entry, const std::filesystem::path& folder, bool tag_index);

  const Population& population_;
  std::deque<Contestant> contestants_;
};

// Each of them in turn, so many times: measure(contestant) answers one time, or what stands for it; the
// median of each is answered, by name. Nobody is disturbed by what the one before left to be done.
using Medians = std::map<std::string, double>;
Medians in_turns(std::size_t rounds, const std::vector<Contestant*>& contestants,
                 const std::function<double(Contestant&)>& measure);

}   // namespace usertags::bench
