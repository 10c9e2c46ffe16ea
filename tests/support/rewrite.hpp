// Commit record and log of a closed store, forged with care: they bear their checksums afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/segment.hpp"
#include "sqlite/change_log.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "sqlite/transaction.hpp"
#include "support/segments.hpp"

namespace usertags::test {

// Runs function(connection) in one transaction.
inline void rewrite(const std::filesystem::path& path,
                    const std::function<void(sqlite::Connection&)>& function) {
  sqlite::ConnectionConfig config;
  config.path = path;
  sqlite::Connection connection(config);
  sqlite::Transaction transaction(connection);
  function(connection);
  if (transaction.commit().error) throw std::runtime_error("cannot commit what was forged");
}

inline void rewrite_state(sqlite::Connection& connection, const std::function<void(sqlite::State&)>& change) {
  sqlite::StateTable table(connection);
  sqlite::State state = table.read();
  change(state);
  table.write(state);
}

inline void rewrite_state(const std::filesystem::path& path,
                          const std::function<void(sqlite::State&)>& change) {
  rewrite(path, [&](sqlite::Connection& connection) { rewrite_state(connection, change); });
}

// An entry that owns its texts.
struct OwnedChange {
  model::Change change;
  std::string patch;
  std::string before;
  std::string note;
};

inline std::vector<OwnedChange> read_log(sqlite::Connection& connection) {
  std::vector<OwnedChange> changes;
  sqlite::ChangeLog::Reader segments(connection);
  model::SegmentDecoder decoder;
  const sqlite::ChangeLog::Reader::Walk walk(segments, 1);
  while (const auto segment = segments.next()) {
    const std::span<const model::Change> entries = decoder.changes(*segment).value();
    for (const model::Change& change : entries) {
      changes.push_back(
          {change, std::string(change.patch), std::string(change.before), std::string(change.note)});
    }
  }
  return changes;
}

// Changes the log's entries, of a store that keeps its log from the start. Each transaction becomes a segment,
// and all have lived for no time.
inline void rewrite_log(const std::filesystem::path& path,
                        const std::function<void(std::vector<OwnedChange>&)>& function) {
  rewrite(path, [&](sqlite::Connection& connection) {
    std::vector<OwnedChange> changes = read_log(connection);
    function(changes);
    connection.execute("DELETE FROM segment");
    sqlite::ChangeLog log(connection);
    std::uint64_t checksum = 0;
    std::vector<model::Change> transaction;
    for (OwnedChange& entry : changes) {
      entry.change.patch = entry.patch;
      entry.change.before = entry.before;
      entry.change.note = entry.note;
      transaction.push_back(entry.change);
      if (entry.change.remaining != 0) continue;
      const std::string entries = entries_of(transaction);
      model::Segment segment = segment_of(transaction, entries);
      checksum = segment.checksum = model::chain_checksum(checksum, segment);
      log.append(segment);
      transaction.clear();
    }
    rewrite_state(connection, [&](sqlite::State& state) { state.log_checksum = checksum; });
  });
}

// Makes the changes from `first` to `last` one transaction.
inline void make_transaction(std::vector<OwnedChange>& changes, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t revision = first; revision <= last; ++revision) {
    changes.at(revision - 1).change.remaining = last - revision;
  }
}

}   // namespace usertags::test
