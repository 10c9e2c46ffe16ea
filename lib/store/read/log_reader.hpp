// LogReader reads the log, for the feed and for whoever looks at a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/error.hpp>

#include "index/projection.hpp"
#include "model/segment.hpp"
#include "sqlite/change_log.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::store {

// LogReader: reads the log over one connection, for the change feed and for histories. Every segment of which
// it shows an entry was held against the checksums of the log. Each call is one read transaction of bounded
// length. One thread at a time.
//
// An entry names its user by ordinal. Whose it is stands in a creation itself; for the others memory tells
// while the user lives, where there is one, and table `user`, which keeps a tombstone of the deleted until the
// floor has passed the deletion. Ordinals, ids and external ids never change hands, so it does not matter which
// moment is asked.

// A revision that the store has not come to.
Error future_revision(std::uint64_t revision, std::uint64_t newest);

// Of the store with this id: where another file took its place, it throws Failure (io_error).
sqlite::State read_state_of(const sqlite::StoreId& store_id, sqlite::StateTable& table,
                            const sqlite::Connection& connection);

// The row of an id, deleted users included as long as they are kept; none where there never was one. It stands
// until the finder is reset. Within the caller's transaction.
std::optional<sqlite::UserTable::Row> find_row(std::string_view id, std::uint32_t last_ordinal,
                                               sqlite::UserTable::Finder& users);

// Who is named by an ordinal, for ever.
struct NamedUser {
  std::uint32_t ordinal = 0;
  std::string id;
  std::string external_id;
};

class LogReader {
 public:
  // Of the store with this id. The projection may be null: whoever looks at a file has none.
  LogReader(sqlite::Connection& connection, const index::Projection* projection,
            const sqlite::StoreId& store_id);

  // The newest change that is shown: the newest visible one, or, where nobody publishes, the file's.
  using Newest = std::optional<std::uint64_t>;

  // Whole transactions behind a revision, until there are `limit` changes, or many bytes.
  // Errors: history_pruned, future_revision. Throws Failure, std::bad_alloc.
  struct Stretch {
    std::vector<Change> changes;
    std::uint64_t epoch = 0;   // of the file
  };
  Result<Stretch> changes_after(std::uint64_t revision, std::size_t limit, const Newest& newest);

  // One part of a walk over a user's changes, newest first: looks at a bounded part of the log, at most at
  // entries up to `last`, and appends up to `limit` changes of the user.
  struct Part {
    std::uint64_t next = 0;    // where the next part goes on; 0: this was the last one
    std::uint64_t floor = 0;   // of the log
  };
  Part history(const NamedUser& user, std::uint64_t last, std::size_t limit, std::vector<Change>& changes);

  // The user of an id, deleted ones included as long as they are kept; none where there never was one.
  std::optional<NamedUser> find_id(std::string_view id);

  sqlite::State state();

 private:
  // One read transaction. When it is over no row stands: one that did would keep the snapshot, and pin the
  // WAL.
  class Moment {
   public:
    explicit Moment(LogReader& reader) : reader_(reader), transaction_(reader.connection_) {}
    Moment(const Moment&) = delete;
    Moment& operator=(const Moment&) = delete;
    ~Moment() { reader_.users_.reset(); }

   private:
    LogReader& reader_;
    sqlite::ReadTransaction transaction_;
  };

  std::span<const model::Change> entries_of(const model::Segment& segment,
                                            std::optional<std::uint64_t> checksum_before);
  Change shown(const model::Change& entry);
  void read_patch(const model::Change& entry, Change& change);
  void name(std::uint32_t ordinal, Change& change);
  NamedUser named(const sqlite::UserTable::Row& row);

  sqlite::Connection& connection_;
  const index::Projection* const projection_;
  const sqlite::StoreId store_id_;
  sqlite::StateTable state_;
  sqlite::ChangeLog::Heads heads_;
  sqlite::ChangeLog::Reader segments_;
  sqlite::ChangeLog::BackReader back_;
  sqlite::UserTable::Finder users_;
  model::SegmentDecoder segment_;
  model::PatchDecoder decoder_;
};

}   // namespace usertags::store
