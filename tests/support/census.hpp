// People's census attributes as users and tags (tests/data/README.md).
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace usertags::test {

using PersonTags = std::map<std::string, std::string>;
using People =
    std::vector<std::pair<std::string, PersonTags>>;   // external id and tags, in the order of the file

inline std::vector<std::string> census_cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream text(line);
  for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
  return cells;
}

// The header names the keys; an empty cell is a tag that the user lacks. Nobody, where there is no such file.
inline People read_people(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const auto keys = census_cells(line);
  People people;
  while (std::getline(file, line)) {
    const auto values = census_cells(line);
    PersonTags tags;
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (!values[i].empty()) tags.emplace(keys[i], values[i]);
    }
    people.emplace_back(values[0], std::move(tags));
  }
  return people;
}

}   // namespace usertags::test
