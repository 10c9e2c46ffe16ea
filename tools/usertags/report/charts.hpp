// Charts: SVG within the page, drawn of bars alone. Their places are percentages, so that a chart takes the width
// it is given, and its text keeps its size. Each comes with its figures as a table, for who cannot see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace usertags::command {

struct ChartBar {
  std::string label;                   // of the bar, in HTML
  std::vector<std::uint64_t> counts;   // stacked from below, one a series
  std::string tick;                    // what stands under it, where there is room
};

struct Chart {
  std::string name;                  // what it shows, for those who hear it; in HTML
  std::string unit;                  // of the bars' labels: the head of the table's first column
  std::vector<std::string> series;   // their names; the colours are those of classes s0, s1, s2
  std::vector<ChartBar> bars;
  unsigned height = 180;
  bool is_gapless = false;   // an area rather than bars
};

void append_chart(std::string& out, const Chart& chart);

// A cell of a table: a bar whose length is part of whole.
std::string bar_of(std::uint64_t part, std::uint64_t whole);

}   // namespace usertags::command
