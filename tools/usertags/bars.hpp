// Bars: counts as a plot of text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "table.hpp"

namespace usertags::command {

struct Bar {
  std::string label;   // printable
  std::uint64_t count;
};

// One line a bar: label, count, and a bar whose length is in proportion, the longest `columns` wide.
void append_bars(std::string& out, const std::vector<Bar>& bars, std::size_t columns = 40);

// The same as rows of a table with three columns.
void add_bars(Table& table, const std::vector<Bar>& bars, std::size_t columns = 40);

}   // namespace usertags::command
