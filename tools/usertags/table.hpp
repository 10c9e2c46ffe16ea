// Rows of printable text under each other, in aligned columns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "style.hpp"

namespace usertags::command {

// Rows are collected and then written with write(), also several times: a column that has become wide stays
// wide, so that pages of one list fit each other. The last column is not padded.
class Table {
 public:
  enum class Align { left, right };

  explicit Table(std::vector<Align> columns);

  void header(std::vector<std::string> cells, const Style& style);
  void row(std::vector<std::string> cells);

  // Appends the rows to `out` and forgets them. Lines are cut to `columns`, where given.
  void write(std::string& out, std::optional<std::size_t> columns = {});

 private:
  using Row = std::vector<std::string>;
  std::string line(const Row& row) const;

  std::vector<Align> align_;
  std::vector<std::size_t> widths_;
  std::vector<Row> rows_;
  std::optional<Style> header_style_;   // the first row is a header, until it is written
};

}   // namespace usertags::command
