// Report: bars that are met or not, figures by contender, and curves for plots.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace usertags::bench {

struct Bar {
  std::string name;
  std::string unit;
  double ours;
  double theirs;
  double ratio;
  double goal;
  bool at_least;   // the goal: else at most

  bool met() const { return at_least ? ratio >= goal : ratio <= goal; }
};

class Report {
 public:
  // `contenders`: in the order in which tables and plots show them.
  explicit Report(std::vector<std::string> contenders) : contenders_(std::move(contenders)) {}

  // Times: they need at least `goal` times as long as ours.
  void faster(std::string name, std::string unit, double ours, double theirs, double goal);
  // Times, or sizes: ours are at most `goal` times theirs.
  void within(std::string name, std::string unit, double ours, double theirs, double goal);

  // One number in a table with a row for each `what` and a column for each contender.
  void figure(const std::string& table, const std::string& what, const std::string& contender, double value);
  // One point of a curve; `x` and `y` go to the plot's data as they are.
  void point(const std::string& plot, const std::string& series, double x, double y);
  // A distribution as a curve: over 1 / (1 - p), the time that a part p of all does not exceed.
  void distribution(const std::string& plot, const std::string& series, const std::vector<double>& times);
  // What a reader has to know of how the run was made.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  // comparison.md, comparison.json, and a file a plot.
  void write(const std::filesystem::path& folder) const;
  std::string markdown() const;

 private:
  struct Table {
    std::string title;
    std::vector<std::string> rows;
    std::map<std::pair<std::string, std::string>, double> values;
  };
  using Curves = std::map<std::string, std::vector<std::pair<double, double>>>;   // by series

  void add(Bar bar);
  std::string json() const;
  std::string markdown_of(const Table& table) const;

  const std::vector<std::string> contenders_;
  std::vector<Bar> bars_;
  std::vector<Table> tables_;
  std::map<std::string, Curves> plots_;
  std::vector<std::string> notes_;
};

}   // namespace usertags::bench
