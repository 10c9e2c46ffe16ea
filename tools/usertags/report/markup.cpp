#include "report/markup.hpp"

#include <fmt/format.h>

#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

std::string html(std::string_view text) {
  std::string out;
  for (const char byte : printable_on_page(text)) {
    switch (byte) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += byte;
    }
  }
  return out;
}

std::string isolated(std::string_view text) {
  if (text.empty()) return "<i>empty</i>";
  return "<bdi>" + html(text) + "</bdi>";
}

// No '<' may be left: "<!--" and "</script" end or change the mode of a script, wherever they stand.
void append_script_string(std::string& out, std::string_view text) {
  std::string json;
  append_json_string(json, printable_on_page(text));
  for (const char byte : json) byte == '<' ? out += "\\u003c" : out += byte;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (part == 0 || whole == 0) return "0 %";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (share < 1) return "&lt;1 %";
  if (part < whole && share > 99) return "&gt;99 %";
  return fmt::format("{:.0f} %", share);
}

std::string moment(TimeSeries::Time time, std::chrono::seconds step) {
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::string text =
      fmt::format("{} {} {}", static_cast<unsigned>(date.day()),
                  kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()));
  if (step >= std::chrono::days(1)) return text;
  text += fmt::format(", {:02}:{:02}", clock.hours().count(), clock.minutes().count());
  if (step < std::chrono::minutes(1)) text += fmt::format(":{:02}", clock.seconds().count());
  return text;
}

std::string duration(std::chrono::seconds step) {
  const auto seconds = static_cast<std::uint64_t>(step.count());
  if (seconds < 60) return counted(seconds, "second");
  if (seconds < 3'600) return counted(seconds / 60, "minute");
  if (seconds < 86'400) return counted(seconds / 3'600, "hour");
  return counted(seconds / 86'400, "day");
}

}   // namespace usertags::command
