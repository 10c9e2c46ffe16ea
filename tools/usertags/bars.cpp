#include "bars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "table.hpp"
#include "text.hpp"

namespace usertags::command {

namespace {

// In eighths of a column; what is not nothing shows.
std::string bar_of(double columns) {
  static constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (columns <= 0) return {};
  const auto eighths = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(columns * 8)));
  std::string bar;
  for (std::size_t whole = 0; whole < eighths / 8; ++whole) bar += "█";
  return bar.append(kEighths[eighths % 8]);
}

}   // namespace

void add_bars(Table& table, const std::vector<Bar>& bars, std::size_t columns) {
  std::uint64_t longest = 1;
  for (const Bar& bar : bars) longest = std::max(longest, bar.count);
  const double scale = static_cast<double>(columns) / static_cast<double>(longest);
  for (const Bar& bar : bars) {
    table.row({bar.label, grouped(bar.count), bar_of(static_cast<double>(bar.count) * scale)});
  }
}

void append_bars(std::string& out, const std::vector<Bar>& bars, std::size_t columns) {
  Table table({Table::Align::right, Table::Align::right, Table::Align::left});
  add_bars(table, bars, columns);
  table.write(out);
}

}   // namespace usertags::command
