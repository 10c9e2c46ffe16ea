// Contestant: a contender in the arena, with the users as they have to be after all that it was told.
// Whatever it answers is compared with them, outside the time that is measured; a difference ends the run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "choice.hpp"
#include "contenders.hpp"
#include "measure.hpp"
#include "model.hpp"
#include "population.hpp"

namespace usertags::bench {

class Contestant {
 public:
  // `name`: the contender's, and whether it goes without the index from tag to users.
  Contestant(const Entry& entry, const Population& population, Place place);

  const std::string& name() const { return name_; }
  bool has_index() const { return place_.tag_index; }
  bool is_limit() const { return is_limit_; }   // it keeps nothing, so it is not compared
  Contender& contender() { return *contender_; }
  const std::filesystem::path& folder() const { return place_.folder; }

  // Loads all users into an empty store; answers the time.
  double load();
  bool is_loaded() const { return is_loaded_; }
  void close() { contender_.reset(); }
  void open() { contender_ = entry_.make(place_); }

  // The next group of updates to users chosen evenly, or as it is said; answers the time.
  double update(std::size_t group) { return update(group, uniform_); }
  double update(std::size_t group, const Choice& choice);
  // Many groups, until the time is over; answers the time of each.
  Times update_for(double us, std::size_t group) { return update_for(us, group, uniform_); }
  Times update_for(double us, std::size_t group, const Choice& choice);

  // For groups that somebody else makes up: what is to be done next, in numbers and in texts.
  Step next_step(const Choice& choice);
  Step next_step() { return next_step(uniform_); }
  Update update_of(const Step& step) const;

  // Compare answers with the model, which does the steps as well.
  void check_answers(const std::vector<Step>& steps, const std::vector<Answer>& answers);
  void check_find(std::uint32_t user, const Found& found) const;
  // A sample of all users, counts of tags, and updates that have to be refused.
  void check_all();

  const Population& population() const { return population_; }
  const Model& model() const { return model_; }

 private:
  void check(bool right, const std::string& what) const;
  void check_counts();
  void check_refusals();

  const Entry& entry_;
  const Population& population_;
  const Place place_;
  const std::string name_;
  const bool is_limit_;
  const Choice uniform_;
  Model model_;
  bool is_loaded_ = false;
  std::uint64_t updates_ = 0;
  std::unique_ptr<Contender> contender_;
};

}   // namespace usertags::bench
