// Population: who the users are, and what values their keys can have. Keys, values and users are numbers
// here; texts are made when they are needed, so that ten million users need no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "contender.hpp"

namespace usertags::bench {

class Population {
 public:
  static constexpr std::uint32_t kAbsent = std::numeric_limits<std::uint32_t>::max();

  virtual ~Population() = default;

  virtual std::uint32_t users() const = 0;
  virtual std::string external_id(std::uint32_t user) const = 0;   // ascending
  virtual std::size_t keys() const = 0;
  virtual std::string_view key(std::size_t k) const = 0;   // ascending
  virtual std::uint32_t values(std::size_t k) const = 0;   // how many different ones
  virtual std::string value(std::size_t k, std::uint32_t v) const = 0;
  // What the user has at first; kAbsent: not this key.
  virtual std::uint32_t first_value(std::uint32_t user, std::size_t k) const = 0;
  // Two keys with few values, so that many users share two tags.
  virtual std::pair<std::size_t, std::size_t> popular_keys() const = 0;

  NewUser user(std::uint32_t user) const;
};

// The users of ../workload.hpp.
std::unique_ptr<Population> make_workload(std::uint32_t users);
// The people of a census (tests/data/README.md): the header names the keys; an empty cell is no tag.
std::unique_ptr<Population> read_census(const std::filesystem::path& file);

}   // namespace usertags::bench
