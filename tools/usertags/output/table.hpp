// Rows of printable text under each other, in aligned columns.
//
// Bars: counts as a plot of text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "terminal/console.hpp"

namespace usertags::command {

// Rows are collected and then written with write(), also several times: a column that has become wide stays
// wide, so that pages of one list fit each other. The last column is not padded.
class Table {
 public:
  enum class Align { left, right };

  explicit Table(std::vector<Align> columns);

  void header(std::vector<std::string> cells, const Style& style);
  void row(std::vector<std::string> cells);

  // Appends the rows to `out` and forgets them. Lines are cut to `columns`, where given, and
  // columns but the last to half of that.
  void write(std::string& out, std::optional<std::size_t> columns = {});

 private:
  using Row = std::vector<std::string>;
  void narrow(std::size_t columns);
  std::string line(const Row& row) const;

  std::vector<Align> align_;
  std::vector<std::size_t> widths_;
  std::vector<Row> rows_;
  std::optional<Style> header_style_;   // the first row is a header, until it is written
};

struct Bar {
  std::string label;   // printable
  std::uint64_t count;
};

// A bar of so many columns, drawn in eighths of one; what is more than nothing shows.
std::string bar_of(double columns);

// One line a bar: label, count, and a bar whose length is in proportion, the longest `columns` wide.
void append_bars(std::string& out, const std::vector<Bar>& bars, std::size_t columns = 40);

// The same as rows of a table with three columns.
void add_bars(Table& table, const std::vector<Bar>& bars, std::size_t columns = 40);

}   // namespace usertags::command
