// Distribution: how often which amounts came up; with percentiles, a plot of text, and JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "terminal/console.hpp"

namespace usertags::command {

// Amounts are known exactly, or only as not more than the bound of a bucket: what is said of them is the bound then.
class Distribution {
 public:
  enum class Unit : std::uint8_t { plain, bytes, nanoseconds };
  static constexpr std::uint64_t kUnbounded =
      UINT64_MAX;   // of the bucket for what is larger than all bounds

  explicit Distribution(Unit unit) : unit_(unit) {}

  void add(std::uint64_t amount) {
    ++counts_[amount];
    ++count_;
    total_ += amount;
  }
  // A bucket; the sum of its amounts is told apart.
  void add_bucket(std::uint64_t bound, std::uint64_t count);
  void set_total(std::uint64_t total) { total_ = total; }

  Unit unit() const { return unit_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t total() const { return total_; }
  const std::map<std::uint64_t, std::uint64_t>& counts() const { return counts_; }   // by amount or bound

  // As many bars as can be looked at: a bar for each amount where there are few, else for bounds that divide powers of
  // two; buckets as they came. Empty ones stand between others only.
  struct Bars {
    bool are_bounds = false;
    std::map<std::uint64_t, std::uint64_t> counts;      // by amount or bound
    std::uint64_t bar_of(std::uint64_t amount) const;   // whose bar the amount is in
  };
  Bars bars() const;

  // The least amount that `percent` of 100 are not above. Of nothing it is 0.
  std::uint64_t percentile(std::uint64_t percent) const;
  std::uint64_t max() const { return percentile(100); }

 private:
  Unit unit_;
  bool is_bucketed_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t total_ = 0;
  std::map<std::uint64_t, std::uint64_t> counts_;   // by amount or bound
};

// A title with count and average, and the bars. Those of p50, p99 and max are named; they fill the rest of `columns`.
// With what was there `before`, each says how much has come since.
void append_plot(std::string& out, std::string_view title, const Distribution& distribution,
                 const Distribution* before, std::size_t columns, const Style& style);

// {"count","total","p50","p99","max","buckets":[{"up_to","count"}]}, in the unit that `suffix` names: total_ns, …
void append_json(std::string& out, const Distribution& distribution, std::string_view suffix);

// "+12", "-3", and "·" for none.
std::string signed_difference(std::uint64_t now, std::uint64_t before);

// 1023 nanoseconds as "1.02 µs".
std::string time_span(std::uint64_t nanoseconds);

}   // namespace usertags::command
