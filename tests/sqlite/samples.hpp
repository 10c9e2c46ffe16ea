// Records, states and configurations for the tests of this layer, in one line each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/record.hpp"
#include "model/segment.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/database.hpp"
#include "sqlite/state.hpp"
#include "support/segments.hpp"

namespace usertags::test {

inline sqlite::ConnectionConfig config_of(const std::filesystem::path& path,
                                          sqlite::OpenMode mode = sqlite::OpenMode::create) {
  sqlite::ConnectionConfig config;
  config.path = path;
  config.mode = mode;
  config.busy_timeout = std::chrono::milliseconds(0);
  return config;
}

inline sqlite::ConnectionConfig in_memory() {
  return config_of({}, sqlite::OpenMode::memory);
}

inline sqlite::State first_state() {
  sqlite::State state;
  state.store_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  return state;
}

inline model::Uuid uuid_of(std::uint32_t ordinal) {
  model::Uuid uuid{};
  for (std::size_t i = 0; i < 4; ++i) uuid[15 - i] = static_cast<std::uint8_t>(ordinal >> (8 * i));
  return uuid;
}
inline std::string id_of(std::uint32_t ordinal) {
  return model::format_typeid(model::kUserIdPrefix, uuid_of(ordinal));
}

// `tags` may be in any order.
inline model::RecordPtr make_record(std::uint32_t ordinal, std::uint64_t revision, std::vector<Tag> tags = {},
                                    std::string_view external_id = "ann") {
  std::ranges::sort(tags, {}, &Tag::key);
  return model::Record::make(ordinal, revision, uuid_of(ordinal), external_id, tags);
}

inline model::Change make_patch(std::uint64_t revision, std::uint32_t ordinal,
                                std::string_view patch = R"({"tags":{"tier":"gold"}})") {
  model::Change change;
  change.revision = revision;
  change.ordinal = ordinal;
  change.patch = patch;
  return change;
}

inline void append(sqlite::Database& database, const model::Change& change, std::uint64_t checksum) {
  const std::string entries = entries_of(std::span(&change, 1));
  database.log().append(segment_of(std::span(&change, 1), entries, checksum));
}

// Commits a group of one change of user 1, as a store does; the state is then at `revision`.
inline sqlite::Transaction::Commit commit_change(sqlite::Database& database, std::uint64_t revision) {
  sqlite::Transaction transaction(database.connection());
  append(database, make_patch(revision, 1), revision);
  sqlite::State state = first_state();
  state.revision = revision;
  database.state().write(state);
  return transaction.commit();
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The names of the files in a folder, sorted.
inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}   // namespace usertags::test
