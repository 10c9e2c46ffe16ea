// Choice of users: evenly, or as YCSB's Zipfian generator does it (Gray et al., "Quickly generating
// billion-record synthetic databases", 1994), with exponent 0.99, scattered over all users.
#pragma once

#include <cmath>
#include <cstdint>

#include "../workload.hpp"

namespace usertags::bench {

class Choice {
 public:
  static Choice uniform(std::uint32_t users) { return Choice(users); }
  static Choice zipfian(std::uint32_t users) {
    Choice choice(users);
    choice.zeta_ = 0;
    for (std::uint32_t rank = 1; rank <= users; ++rank) choice.zeta_ += 1 / std::pow(rank, kExponent);
    const double zeta_of_two = 1 + std::pow(0.5, kExponent);
    choice.eta_ = (1 - std::pow(2.0 / users, 1 - kExponent)) / (1 - zeta_of_two / choice.zeta_);
    return choice;
  }

  std::uint32_t user(std::uint64_t random) const {
    return static_cast<std::uint32_t>((zeta_ == 0 ? random : mix(rank(random))) % users_);
  }

 private:
  static constexpr double kExponent = 0.99;

  explicit Choice(std::uint32_t users) : users_(users) {}

  std::uint64_t rank(std::uint64_t random) const {
    const double u = static_cast<double>(random >> 11) * 0x1p-53;
    if (u * zeta_ < 1) return 0;
    if (u * zeta_ < 1 + std::pow(0.5, kExponent)) return 1;
    return static_cast<std::uint64_t>(users_ * std::pow(eta_ * u - eta_ + 1, 1 / (1 - kExponent)));
  }

  std::uint32_t users_;
  double zeta_ = 0;   // 0: evenly
  double eta_ = 0;
};

}   // namespace usertags::bench
