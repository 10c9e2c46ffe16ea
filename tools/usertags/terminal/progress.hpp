// Progress: one line on standard error that is rewritten while something takes long.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace usertags::command {

// Silent for the first second, silent where standard error is no terminal whose cursor can be moved, and gone at the end.
class Progress {
 public:
  // `unit` is what is counted, such as "users". Never `shown` where standard output is a terminal that the
  // answers themselves go to.
  explicit Progress(std::string unit, bool shown = true);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // So many are done; the fraction of the whole, where it is known, tells the time left.
  void at(std::uint64_t amount, std::optional<double> fraction);

  // Takes the line away, for something else to be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  bool shown_;
  bool visible_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(1);
};

// The line itself: "120,000 users, 60,000 a second, 45 %, 2 s left".
std::string progress_line(std::uint64_t amount, const std::string& unit, double seconds,
                          std::optional<double> fraction);

}   // namespace usertags::command
