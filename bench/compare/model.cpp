#include "model.hpp"

#include "tag_sum.hpp"

namespace usertags::bench {

Model::Model(const Population& population) : population_(population), keys_(population.keys()) {
  values_.reserve(population.users() * keys_);
  for (std::uint32_t user = 0; user < population.users(); ++user) {
    for (std::size_t k = 0; k < keys_; ++k) values_.push_back(population.first_value(user, k));
  }
}

Answer Model::apply(const Step& step) {
  if (step.expected_sum && *step.expected_sum != sum(step.user)) return {Outcome::stale, 0};
  std::uint32_t& value = values_[step.user * keys_ + step.k];
  if (value == Population::kAbsent) return {Outcome::no_key, 0};
  value = step.v;
  return {Outcome::applied, sum(step.user)};
}

std::uint64_t Model::sum(std::uint32_t user) const {
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < keys_; ++k) {
    const std::uint32_t v = value(user, k);
    if (v != Population::kAbsent) sum += tag_sum(population_.key(k), population_.value(k, v));
  }
  return sum;
}

std::uint64_t Model::count(std::size_t k, std::uint32_t v, std::size_t l, std::uint32_t w) const {
  std::uint64_t count = 0;
  for (std::uint32_t user = 0; user < population_.users(); ++user)
    count += static_cast<std::uint64_t>(value(user, k) == v && value(user, l) == w);
  return count;
}

}   // namespace usertags::bench
