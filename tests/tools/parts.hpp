// What tests of the command's parts share.
#pragma once

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "support/temp_dir.hpp"

namespace usertags::test {

inline std::string write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(content).str();
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The lines of an output, each of which has to be one JSON object.
inline std::vector<boost::json::object> objects_of(std::string_view text) {
  std::vector<boost::json::object> objects;
  for (const std::string& line : lines_of(text)) objects.push_back(boost::json::parse(line).as_object());
  return objects;
}

// The value at a path such as "data.tags.0.key".
inline boost::json::value at(const boost::json::value& root, std::string_view path) {
  boost::json::value value = root;
  std::istringstream names{std::string(path)};
  for (std::string name; std::getline(names, name, '.');) {
    value = value.is_array() ? boost::json::value(value.as_array().at(std::stoul(name)))
                             : boost::json::value(value.as_object().at(name));
  }
  return value;
}

inline std::string text_at(const boost::json::value& root, std::string_view path) {
  return std::string(at(root, path).as_string());
}

inline std::int64_t number_at(const boost::json::value& root, std::string_view path) {
  return at(root, path).to_number<std::int64_t>();
}

}   // namespace usertags::test
