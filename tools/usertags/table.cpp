#include "table.hpp"

#include <algorithm>
#include <utility>

#include "text.hpp"

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

void Table::write(std::string& out, std::optional<std::size_t> columns) {
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

}   // namespace usertags::command
