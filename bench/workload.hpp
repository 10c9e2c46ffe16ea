// The users and patches that the benchmarks work on: N users with 5 tags each, three keys of 100 values and
// two of 100,000. Everything follows from a number, so that contenders see the same data without keeping it.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace usertags::bench {

// SplitMix64 (Steele, Lea, Flood 2014): a good hash of a counter.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

struct KeySpec {
  std::string_view key;
  std::string_view value_prefix;
  std::uint64_t values;
};

inline constexpr std::array<KeySpec, 5> kKeys = {{
    {"city", "c", 100'000},
    {"cohort", "w", 100'000},
    {"plan", "p", 100},
    {"team", "t", 100},
    {"tier", "g", 100},
}};

inline std::string external_id(std::uint64_t user) {
  std::array<char, 24> text;
  const int size =
      std::snprintf(text.data(), text.size(), "user-%07llu", static_cast<unsigned long long>(user));
  return {text.data(), static_cast<std::size_t>(size)};
}

inline std::string value(const KeySpec& spec, std::uint64_t random) {
  return std::string(spec.value_prefix) + std::to_string(random % spec.values);
}

// The value of a user's k-th key before any patch.
inline std::string first_value(std::uint64_t user, std::size_t k) {
  return value(kKeys[k], mix(user * 8 + k));
}

// The n-th patch: one tag of one user, both chosen evenly.
struct Patch {
  std::uint64_t user;
  std::string_view key;
  std::string value;
};

inline Patch patch(std::uint64_t n, std::uint64_t users) {
  const std::uint64_t random = mix(n ^ 0xA5A5'0000'0000'0000U);
  const KeySpec& spec = kKeys[random % kKeys.size()];
  return {mix(random) % users, spec.key, value(spec, mix(random + 1))};
}

}   // namespace usertags::bench
