#include "terminal/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <utility>

#include "output/output.hpp"
#include "output/text.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

namespace {

constexpr std::chrono::milliseconds kBetweenLines{200};

std::string duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

void print(std::string_view text) {
  Output err(STDERR_FILENO, Output::Errors::ignored);
  err.buffer() += text;
  err.flush();
}

}   // namespace

std::string progress_line(std::uint64_t amount, const std::string& unit, double seconds,
                          std::optional<double> fraction) {
  const double rate = static_cast<double>(amount) / std::max(seconds, 1e-3);
  std::string line =
      fmt::format("{} {}, {} a second", grouped(amount), unit, grouped(static_cast<std::uint64_t>(rate)));
  if (fraction && *fraction > 0) {
    const double known = std::min(*fraction, 1.0);
    line += fmt::format(", {:.0f} %, {} left", known * 100, duration(seconds * (1 - known) / known));
  }
  return line;
}

Progress::Progress(std::string unit, bool shown)
    : unit_(std::move(unit)), shown_(shown && is_screen(STDERR_FILENO)) {}

void Progress::at(std::uint64_t amount, std::optional<double> fraction) {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kBetweenLines;
  visible_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  print("\r\x1b[K" + progress_line(amount, unit_, seconds, fraction));
}

void Progress::clear() {
  if (std::exchange(visible_, false)) print("\r\x1b[K");
}

}   // namespace usertags::command
