#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>

#include "measure.hpp"

namespace usertags::bench {
namespace {

// Three digits tell all that such a measurement knows.
std::string shown(double value) {
  if (value >= 100) return fmt::format("{:.0f}", value);
  if (value >= 10) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}   // namespace

void Report::faster(std::string name, std::string unit, double ours, double theirs, double goal) {
  add({std::move(name), std::move(unit), ours, theirs, theirs / ours, goal, true});
}

void Report::within(std::string name, std::string unit, double ours, double theirs, double goal) {
  add({std::move(name), std::move(unit), ours, theirs, ours / theirs, goal, false});
}

// Told at once: a run takes long.
void Report::add(Bar bar) {
  fmt::print("{:<68} {:>9} {:>9} {:<4} {:>8}   goal {} {}{}\n", bar.name, shown(bar.ours), shown(bar.theirs),
             bar.unit, shown(bar.ratio), bar.at_least ? ">=" : "<=", bar.goal, bar.met() ? "" : "   NOT MET");
  std::fflush(stdout);
  bars_.push_back(std::move(bar));
}

void Report::figure(const std::string& table, const std::string& what, const std::string& contender,
                    double value) {
  auto found = std::ranges::find(tables_, table, &Table::title);
  if (found == tables_.end()) found = tables_.insert(tables_.end(), Table{table, {}, {}});
  if (std::ranges::find(found->rows, what) == found->rows.end()) found->rows.push_back(what);
  found->values[{what, contender}] = value;
}

void Report::point(const std::string& plot, const std::string& series, double x, double y) {
  plots_[plot][series].emplace_back(x, y);
}

void Report::distribution(const std::string& plot, const std::string& series, const Times& times) {
  constexpr double kWorthCounting = 5;   // beyond a point; fewer tell of the machine
  for (const double part : {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999}) {
    if ((1 - part) * static_cast<double>(times.size()) >= kWorthCounting)
      point(plot, series, 1 / (1 - part), percentile(times, part));
  }
}

void Report::write(const std::filesystem::path& folder) const {
  write_text(folder / "comparison.md", markdown());
  write_text(folder / "comparison.json", json());
  for (const auto& [plot, curves] : plots_) {
    std::string text;
    for (const auto& [series, points] : curves) {
      text += "# " + series + "\n";
      for (const auto& [x, y] : points) text += fmt::format("{} {}\n", x, y);
      text += "\n\n";
    }
    write_text(folder / (plot + ".dat"), text);
  }
}

std::string Report::markdown() const {
  std::string text =
      "| bar | ours | theirs | unit | ratio | goal | |\n| --- | ---: | ---: | --- | ---: | --- | --- |\n";
  for (const Bar& bar : bars_) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} {} | {} |\n", bar.name, shown(bar.ours),
                        shown(bar.theirs), bar.unit, shown(bar.ratio), bar.at_least ? "≥" : "≤", bar.goal,
                        bar.met() ? "met" : "**not met**");
  }
  for (const Table& table : tables_) text += markdown_of(table);
  if (!notes_.empty()) text += "\n";
  for (const std::string& note : notes_) text += "- " + note + "\n";
  return text;
}

std::string Report::markdown_of(const Table& table) const {
  const auto value = [&](const std::string& row, const std::string& column) {
    const auto found = table.values.find({row, column});
    return found == table.values.end() ? std::string() : shown(found->second);
  };
  std::vector<std::string> columns = contenders_;
  std::erase_if(columns, [&](const std::string& column) {
    return std::ranges::all_of(table.rows,
                               [&](const std::string& row) { return value(row, column).empty(); });
  });
  std::string text = "\n" + table.title + "\n\n| |";
  for (const std::string& column : columns) text += " " + column + " |";
  text += "\n| --- |";
  for (std::size_t i = 0; i < columns.size(); ++i) text += " ---: |";
  for (const std::string& row : table.rows) {
    text += "\n| " + row + " |";
    for (const std::string& column : columns) text += " " + value(row, column) + " |";
  }
  return text + "\n";
}

std::string Report::json() const {
  std::string text = "{\"bars\":[";
  for (const Bar& bar : bars_) {
    text += fmt::format(
        "{}\n {{\"name\":\"{}\",\"unit\":\"{}\",\"ours\":{:.6g},\"theirs\":{:.6g},\"ratio\":{:.6g},"
        "\"goal\":{},\"goal_is\":\"{}\",\"met\":{}}}",
        &bar == bars_.data() ? "" : ",", bar.name, bar.unit, bar.ours, bar.theirs, bar.ratio, bar.goal,
        bar.at_least ? "at least" : "at most", bar.met());
  }
  return text + "\n]}\n";
}

}   // namespace usertags::bench
