// Judgement of one update, as every peer does it: the user's tags are shown to it one by one, as they are
// read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contender.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {

class Judgement {
 public:
  explicit Judgement(const Update& update) : update_(update) {}

  void see(std::string_view key, std::string_view value) {
    sum_ += tag_sum(key, value);
    if (key != update_.key) return;
    has_key_ = true;
    old_value_ = value;
  }

  // Of the tags as they will be.
  Answer answer() const {
    if (update_.expected_version && *update_.expected_version != sum_) return {Outcome::stale, 0};
    if (!has_key_) return {Outcome::no_key, 0};
    return {Outcome::applied, sum_ - tag_sum(update_.key, old_value_) + tag_sum(update_.key, update_.value)};
  }
  bool changes(const Answer& answer) const {
    return answer.outcome == Outcome::applied && old_value_ != update_.value;
  }
  const std::string& old_value() const { return old_value_; }

 private:
  const Update& update_;
  std::uint64_t sum_ = 0;
  bool has_key_ = false;
  std::string old_value_;
};

}   // namespace usertags::bench
