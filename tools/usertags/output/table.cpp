#include "output/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <usertags/user_id.hpp>

#include "output/text.hpp"

namespace usertags::command {

Table::Table(std::vector<Align> columns) : align_(std::move(columns)), widths_(align_.size()) {}

void Table::header(std::vector<std::string> cells, const Style& style) {
  header_style_ = style;
  row(std::move(cells));
}

void Table::row(std::vector<std::string> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], width(cells[i]));
  rows_.push_back(std::move(cells));
}

// One long text does not push the other columns off the line; an id is shown whole.
void Table::narrow(std::size_t columns) {
  const std::size_t most = std::max(columns / 2, UserId::kCharacters);
  for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
    widths_[i] = std::min(widths_[i], most);
    for (Row& cells : rows_) {
      if (i < cells.size()) cells[i] = clipped(cells[i], most);
    }
  }
}

void Table::write(std::string& out, std::optional<std::size_t> columns) {
  if (columns) narrow(*columns);
  for (const Row& cells : rows_) {
    std::string text = line(cells);
    if (columns) text = clipped(text, *columns);
    if (header_style_) text = std::exchange(header_style_, std::nullopt)->dim(text);
    out.append(text).append("\n");
  }
  rows_.clear();
}

std::string Table::line(const Row& row) const {
  std::string out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string gap(widths_[i] - width(row[i]), ' ');
    const bool last = i + 1 == row.size();
    if (i != 0) out += "  ";
    if (align_[i] == Align::right) out += gap;
    out += row[i];
    if (align_[i] == Align::left && !last) out += gap;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string bar_of(double columns) {
  static constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (columns <= 0) return {};
  const auto eighths = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(columns * 8)));
  std::string bar;
  for (std::size_t whole = 0; whole < eighths / 8; ++whole) bar += "█";
  return bar.append(kEighths[eighths % 8]);
}

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
