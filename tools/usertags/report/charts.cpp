#include "report/charts.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <numeric>

#include "output/text.hpp"

namespace usertags::command {

namespace {

constexpr unsigned kHead = 8;    // room over the highest line, for half its label
constexpr unsigned kFoot = 22;   // room under the axis

std::uint64_t sum(const ChartBar& bar) {
  return std::accumulate(bar.counts.begin(), bar.counts.end(), std::uint64_t{0});
}

std::uint64_t round_top(std::uint64_t most) {
  for (std::uint64_t ten = 1;; ten *= 10) {
    for (const std::uint64_t factor : {1U, 2U, 3U, 4U, 5U, 6U, 8U}) {
      if (ten * factor >= most || ten > most) return ten * factor;
    }
  }
}

// Beside the chart there is room for seven characters.
std::string scale_text(std::uint64_t count) {
  if (count < 1'000'000) return grouped(count);
  return fmt::format("{:.3g} M", static_cast<double>(count) / 1e6);
}

// One drawing: heights by the same scale.
class Drawing {
 public:
  Drawing(std::string& out, const Chart& chart) : out_(out), chart_(chart) {
    for (const ChartBar& bar : chart.bars) top_ = std::max(top_, sum(bar));
    top_ = round_top(top_);
  }

  void draw() {
    fmt::format_to(to(), R"(<svg class="chart" width="100%" height="{}" role="img" aria-label="{}">)",
                   chart_.height, chart_.name);
    grid_line(0);
    grid_line(top_);
    if (top_ % 2 == 0) grid_line(top_ / 2);
    for (std::size_t i = 0; i < chart_.bars.size(); ++i) bar(i);
    fmt::format_to(to(), R"(<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>)", y(0));
    ticks();
    out_ += "</svg>\n";
  }

 private:
  std::back_insert_iterator<std::string> to() { return std::back_inserter(out_); }

  double y(std::uint64_t count) const {
    const double room = chart_.height - kHead - kFoot;
    return kHead + room * (1 - static_cast<double>(count) / static_cast<double>(top_));
  }

  double share() const { return 100 / static_cast<double>(chart_.bars.size()); }

  void grid_line(std::uint64_t count) {
    fmt::format_to(to(),
                   "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{0:.1f}\" y2=\"{0:.1f}\"/>"
                   "<text x=\"-8\" y=\"{1:.1f}\" text-anchor=\"end\">{2}</text>",
                   y(count), y(count) + 4, scale_text(count));
  }

  void bar(std::size_t index) {
    const ChartBar& bar = chart_.bars[index];
    const double width = share() * (chart_.is_gapless ? 1.02 : 0.8);   // more: no seam between neighbours
    const double x = share() * static_cast<double>(index) + (chart_.is_gapless ? 0 : share() * 0.1);
    std::uint64_t below = 0;
    out_ += "<g><title>" + bar.label;
    for (std::size_t i = 0; i < bar.counts.size(); ++i) {
      fmt::format_to(to(), "{} {} {}", i == 0 ? ":" : ",", grouped(bar.counts[i]), chart_.series[i]);
    }
    out_ += "</title>";
    for (std::size_t i = 0; i < bar.counts.size(); ++i) {
      if (bar.counts[i] == 0) continue;
      const double bottom = y(below);
      const double top = y(below += bar.counts[i]);
      fmt::format_to(to(), R"(<rect class="s{}" x="{:.3f}%" width="{:.3f}%" y="{:.1f}" height="{:.1f}"/>)", i,
                     x, std::min(width, 100 - x), top, std::max(bottom - top, 0.5));
    }
    out_ += "</g>";
  }

  // The first, the last, and one between them, which the style takes away on a phone.
  void ticks() {
    const std::size_t many = chart_.bars.size();
    tick(0, "start", 0);
    const std::size_t middle = many / 2;
    if (many >= 9) tick(middle, "middle", share() * (static_cast<double>(middle) + 0.5));
    if (many > 1) tick(many - 1, "end", 100);
  }
  void tick(std::size_t index, const char* anchor, double x) {
    fmt::format_to(to(), R"(<text class="{2}" x="{0:.2f}%" y="{1}" text-anchor="{2}">{3}</text>)", x,
                   chart_.height - 6, anchor, chart_.bars[index].tick);
  }

  std::string& out_;
  const Chart& chart_;
  std::uint64_t top_ = 1;
};

void append_figures(std::string& out, const Chart& chart) {
  out += R"(<details><summary>Figures</summary><div class="scroll" role="region" tabindex="0" aria-label=")" +
         chart.name + R"("><table><thead><tr><th scope="col">)" + chart.unit + "</th>";
  for (const std::string& name : chart.series) out += R"(<th scope="col" class="n">)" + name + "</th>";
  out += "</tr></thead><tbody>\n";
  for (const ChartBar& bar : chart.bars) {
    out += "<tr><th scope=\"row\">" + bar.label + "</th>";
    for (const std::uint64_t count : bar.counts) out += "<td class=\"n\">" + grouped(count) + "</td>";
    out += "</tr>\n";
  }
  out += "</tbody></table></div></details>\n";
}

}   // namespace

void append_chart(std::string& out, const Chart& chart) {
  Drawing(out, chart).draw();
  append_figures(out, chart);
}

std::string bar_of(std::uint64_t part, std::uint64_t whole) {
  const double share = whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format(
      "<svg class=\"bar\" width=\"100%\" height=\"10\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" "
      "height=\"10\"/><rect class=\"s0\" width=\"{:.2f}%\" height=\"10\"/></svg>",
      share);
}

}   // namespace usertags::command
