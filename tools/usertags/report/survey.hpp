// Survey: what a report says of a store, gathered from it in one pass over its users and one over its log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/facets.hpp>
#include <usertags/stats.hpp>
#include <usertags/user.hpp>
#include <usertags/user_tag_store.hpp>

#include "report/time_series.hpp"

namespace usertags::command {

// A key whose many values are all whole numbers, as a histogram.
struct Histogram {
  struct Bin {
    std::int64_t from;
    std::int64_t to;   // inclusive
    std::uint64_t users = 0;
  };
  std::int64_t min = 0;
  std::int64_t median = 0;
  std::int64_t max = 0;
  std::vector<Bin> bins;
};

struct KeySurvey {
  std::string key;
  std::uint64_t users = 0;
  std::uint64_t values = 0;      // different ones
  std::vector<ValueCount> top;   // most users first
  std::optional<Histogram> histogram;
};

struct Survey {
  static constexpr std::size_t kUsers = 5'000;   // in the table
  static constexpr std::size_t kTableBytes = std::size_t{24} << 20;
  static constexpr std::size_t kKeys = 100;   // whose coverage is shown
  static constexpr std::size_t kKeysInDetail = 24;
  static constexpr std::size_t kValues = 8;
  static constexpr std::size_t kKeysTogether = 12;
  static constexpr std::size_t kNewestChanges = 20;

  Stats stats;
  std::vector<User> users;   // all, or spread evenly over all, in the order of creation
  TimeSeries created;        // of the users who are there, by their ids

  std::vector<KeyCount> keys;                         // most users first
  std::vector<KeySurvey> details;                     // of the first of these
  std::vector<std::vector<std::uint64_t>> together;   // [a][b]: users who have both keys

  std::uint64_t changes = 0;   // that the log keeps
  TimeSeries changed;          // by created, patched, deleted
  TimeSeries::Counts kinds{};
  std::vector<Change> newest;   // the newest first
};

// The store is open to look.
Result<Survey> survey(const UserTagStore& store);

// When the user of this id was created: a part of each id.
TimeSeries::Time creation_time(std::string_view user_id);

// `values` in ascending order, at least one, with their users. At most 20 bins, of a round width.
Histogram histogram_of(const std::vector<std::pair<std::int64_t, std::uint64_t>>& values);

}   // namespace usertags::command
