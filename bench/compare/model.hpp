// Model: what every contender's users have to be, told by nothing but the steps themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "contender.hpp"
#include "population.hpp"

namespace usertags::bench {

// An update in numbers.
struct Step {
  std::uint32_t user;
  std::uint32_t k;
  std::uint32_t v;
  std::optional<std::uint64_t> expected_sum{};
};

class Model {
 public:
  explicit Model(const Population& population);

  Answer apply(const Step& step);
  std::uint64_t sum(std::uint32_t user) const;   // of the user's tags
  std::uint32_t value(std::uint32_t user, std::size_t k) const { return values_[user * keys_ + k]; }
  // How many users have value v of key k, and w of key l.
  std::uint64_t count(std::size_t k, std::uint32_t v, std::size_t l, std::uint32_t w) const;

 private:
  const Population& population_;
  const std::size_t keys_;
  std::vector<std::uint32_t> values_;   // of each user, of each key
};

}   // namespace usertags::bench
