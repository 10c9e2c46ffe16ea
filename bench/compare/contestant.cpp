#include "contestant.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace usertags::bench {
namespace {

constexpr std::uint32_t kLoadedAtOnce = 8192;

std::string name_of(const Entry& entry, const Place& place) {
  return std::string(entry.name) + (place.tag_index ? "" : " without index");
}

}   // namespace

Contestant::Contestant(const Entry& entry, const Population& population, Place place)
    : entry_(entry),
      population_(population),
      place_(std::move(place)),
      name_(name_of(entry, place_)),
      is_limit_(entry.name == "limit"),
      uniform_(Choice::uniform(population.users())),
      model_(population) {
  std::filesystem::create_directories(place_.folder);
  open();
}

double Contestant::load() {
  double us = 0;
  std::vector<NewUser> users;
  for (std::uint32_t user = 0; user < population_.users(); ++user) {
    users.push_back(population_.user(user));
    if (users.size() < kLoadedAtOnce && user + 1 < population_.users()) continue;
    const Stopwatch stopwatch;
    contender_->load(users);
    us += stopwatch.us();
    users.clear();
  }
  const Stopwatch stopwatch;
  contender_->finish_load();
  is_loaded_ = true;
  return us + stopwatch.us();
}

Step Contestant::next_step(const Choice& choice) {
  const std::uint64_t random = mix(updates_++ ^ 0xA5A5'0000'0000'0000U);
  const auto k = static_cast<std::uint32_t>(random % population_.keys());
  return {choice.user(mix(random)), k, static_cast<std::uint32_t>(mix(random + 1) % population_.values(k))};
}

Update Contestant::update_of(const Step& step) const {
  return {population_.external_id(step.user), population_.key(step.k), population_.value(step.k, step.v)};
}

double Contestant::update(std::size_t group, const Choice& choice) {
  std::vector<Step> steps;
  std::vector<Update> updates;
  for (std::size_t i = 0; i < group; ++i) {
    steps.push_back(next_step(choice));
    updates.push_back(update_of(steps.back()));
  }
  std::vector<Answer> answers(group);
  const Stopwatch stopwatch;
  contender_->update(updates, answers);
  const double us = stopwatch.us();
  check_answers(steps, answers);
  return us;
}

Times Contestant::update_for(double us, std::size_t group, const Choice& choice) {
  Times times;
  for (double total = 0; total < us; total += times.back()) times.push_back(update(group, choice));
  return times;
}

void Contestant::check_answers(const std::vector<Step>& steps, const std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < steps.size() && !is_limit_; ++i)
    check(answers[i] == model_.apply(steps[i]), "an update of " + population_.external_id(steps[i].user));
}

void Contestant::check_find(std::uint32_t user, const Found& found) const {
  if (!is_limit_) check(found.tags == model_.sum(user), "a look at " + population_.external_id(user));
}

void Contestant::check_all() {
  if (is_limit_) return;
  constexpr std::uint32_t kSample = 2'000;
  for (std::uint32_t i = 0; i < kSample; ++i) {
    const auto user = static_cast<std::uint32_t>(mix(i) % population_.users());
    check_find(user, contender_->find(population_.external_id(user)));
  }
  if (has_index()) check_counts();
  check_refusals();
}

void Contestant::check_counts() {
  const auto [k, l] = population_.popular_keys();
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto v = static_cast<std::uint32_t>(mix(i) % population_.values(k));
    const auto w = static_cast<std::uint32_t>(mix(~i) % population_.values(l));
    const std::string one = population_.value(k, v);
    const std::string other = population_.value(l, w);
    const auto count = contender_->count({population_.key(k), one}, {population_.key(l), other});
    check(count == model_.count(k, v, l, w), "the count of " + one + " and " + other);
  }
}

void Contestant::check_refusals() {
  const std::string user = population_.external_id(0);
  const std::vector<Update> updates = {{"nobody", population_.key(0), "x"},
                                       {user, "no such key", "x"},
                                       {user, population_.key(0), "x", 0x7FFF'0000'0000'0001U}};
  std::vector<Answer> answers(updates.size());
  contender_->update(updates, answers);
  const std::vector<Answer> expected = {{Outcome::no_user, 0}, {Outcome::no_key, 0}, {Outcome::stale, 0}};
  check(answers == expected, "updates that have to be refused");
}

void Contestant::check(bool right, const std::string& what) const {
  if (!right) throw std::runtime_error(name_ + " answers " + what + " wrongly");
}

}   // namespace usertags::bench
