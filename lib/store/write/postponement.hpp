// Postponement: how long housekeeping is put off when it has failed, so that a disk that stays full does not
// cost every commit a try: until 1,024 writes have come, then twice as many, up to a bound.
#pragma once

#include <algorithm>
#include <cstddef>

namespace usertags::store {

class Postponement {
 public:
  static constexpr std::size_t kFirst = 1024;
  static constexpr std::size_t kLongest = 64 * kFirst;

  bool is_over() const noexcept { return left_ == 0; }
  void note_writes(std::size_t count) noexcept { left_ -= std::min(left_, count); }

  void note_failure() noexcept {
    left_ = next_;
    next_ = std::min(2 * next_, kLongest);
  }
  void note_success() noexcept {
    left_ = 0;
    next_ = kFirst;
  }

 private:
  std::size_t left_ = 0;   // writes to come before the next try
  std::size_t next_ = kFirst;
};

}   // namespace usertags::store
