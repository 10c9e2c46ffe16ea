// Survey: what a file holds that something other than the store may have changed, read for an adoption: rows,
// as they stand; users, as rows and log together have them; what the kept log tells of each; tokens.
//
// Nothing is judged here but damage, which is a Failure as it is at open: a file that SQLite finds broken,
// rows and entries that no store writes, a log that does not fit its checksums, a commit record without its
// own.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"

namespace usertags::store {

// A row of table `user` that is not as the store left it.
struct ForeignRow {
  std::uint32_t ordinal = 0;
  std::string id;
  std::string external_id;
  std::uint64_t revision = 0;
  std::int64_t checksum = 0;
  std::optional<std::string> tags;   // JSON; none: a tombstone
  bool bears_checksum = false;       // it says what the store wrote, in another spelling
};

// What the kept log tells of one user.
struct Past {
  model::RecordPtr user;          // as the log leaves it, a tombstone where deleted; null: the log no longer
                                  // has the creation, …
  std::set<std::string> keys;     // … but patches that mention these
  std::uint64_t deleted_at = 0;   // 0: it is not
  std::uint64_t newest_folded = 0;   // the newest entry that has to be in the row; 0: none is kept
  std::uint64_t newest = 0;          // the newest entry …
  std::uint64_t newest_end = 0;      // … and the last one of its segment
};

struct Survey {
  sqlite::State state;
  // What the rows say, with the patches that the log has beyond the fold, as loading takes them: in the order
  // of ordinals, tombstones included. Foreign rows are among them, if a record can be made of them.
  std::vector<model::RecordPtr> users;
  std::vector<std::uint32_t> backlog;   // of users: ordinals whose rows are behind
  std::vector<ForeignRow> foreign;      // in the order of ordinals
  std::vector<ForeignRow> inserted;     // beyond the newest ordinal that the store has given
  boost::unordered_flat_map<std::uint32_t, Past> pasts;   // by ordinal: of every user whom the log names

  std::uint64_t last_bad_token = 0;    // 0: none
  std::uint64_t tokens_inserted = 0;   // beyond the newest that the store has given
};

// Reads within the caller's transaction. Throws Failure, and std::bad_alloc.
Survey survey(sqlite::Connection& connection);

}   // namespace usertags::store
