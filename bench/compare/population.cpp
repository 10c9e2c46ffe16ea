#include "population.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "../workload.hpp"

namespace usertags::bench {
namespace {

class Workload final : public Population {
 public:
  explicit Workload(std::uint32_t users) : users_(users) {}

  std::uint32_t users() const override { return users_; }
  std::string external_id(std::uint32_t user) const override { return bench::external_id(user); }
  std::size_t keys() const override { return kKeys.size(); }
  std::string_view key(std::size_t k) const override { return kKeys[k].key; }
  std::uint32_t values(std::size_t k) const override { return static_cast<std::uint32_t>(kKeys[k].values); }
  std::string value(std::size_t k, std::uint32_t v) const override { return bench::value(kKeys[k], v); }
  std::uint32_t first_value(std::uint32_t user, std::size_t k) const override {
    return static_cast<std::uint32_t>(mix(std::uint64_t{user} * 8 + k) % kKeys[k].values);
  }
  std::pair<std::size_t, std::size_t> popular_keys() const override { return {2, 3}; }

 private:
  std::uint32_t users_;
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream text(line);
  for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
  return cells;
}

class Census final : public Population {
 public:
  explicit Census(std::istream& file) {
    std::string line;
    std::getline(file, line);
    const std::vector<std::string> header = cells_of(line);
    std::vector<std::size_t> columns(header.size() - 1);   // in the order of their keys
    std::iota(columns.begin(), columns.end(), 1);
    std::ranges::sort(columns, {}, [&](std::size_t column) { return header[column]; });
    for (const std::size_t column : columns) keys_.push_back({header[column], {}, {}});
    while (std::getline(file, line)) add(cells_of(line), columns);
  }

  std::uint32_t users() const override { return static_cast<std::uint32_t>(external_ids_.size()); }
  std::string external_id(std::uint32_t user) const override { return external_ids_[user]; }
  std::size_t keys() const override { return keys_.size(); }
  std::string_view key(std::size_t k) const override { return keys_[k].key; }
  std::uint32_t values(std::size_t k) const override {
    return static_cast<std::uint32_t>(keys_[k].values.size());
  }
  std::string value(std::size_t k, std::uint32_t v) const override { return keys_[k].values[v]; }
  std::uint32_t first_value(std::uint32_t user, std::size_t k) const override {
    return first_values_[user * keys_.size() + k];
  }
  std::pair<std::size_t, std::size_t> popular_keys() const override {
    return {index("education"), index("income")};
  }

 private:
  struct Key {
    std::string key;
    std::vector<std::string> values;
    std::map<std::string, std::uint32_t> numbers;
  };

  void add(const std::vector<std::string>& cells, const std::vector<std::size_t>& columns) {
    external_ids_.push_back(cells[0]);
    for (std::size_t k = 0; k < columns.size(); ++k)
      first_values_.push_back(columns[k] < cells.size() ? number(keys_[k], cells[columns[k]]) : kAbsent);
  }
  static std::uint32_t number(Key& key, const std::string& value) {
    if (value.empty()) return kAbsent;
    const auto [entry, added] = key.numbers.emplace(value, key.values.size());
    if (added) key.values.push_back(value);
    return entry->second;
  }
  std::size_t index(std::string_view key) const {
    return static_cast<std::size_t>(std::ranges::find(keys_, key, &Key::key) - keys_.begin());
  }

  std::vector<Key> keys_;
  std::vector<std::string> external_ids_;
  std::vector<std::uint32_t> first_values_;
};

}   // namespace

NewUser Population::user(std::uint32_t user) const {
  NewUser made{external_id(user), {}};
  for (std::size_t k = 0; k < keys(); ++k) {
    const std::uint32_t v = first_value(user, k);
    if (v != kAbsent) made.tags.emplace_back(key(k), value(k, v));
  }
  return made;
}

std::unique_ptr<Population> make_workload(std::uint32_t users) {
  return std::make_unique<Workload>(users);
}

std::unique_ptr<Population> read_census(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no census data at " + path.string());
  return std::make_unique<Census>(file);
}

}   // namespace usertags::bench
