// Stats and VerifyReport: what a store says of itself. Plain values, of the moment of the call.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/export.hpp>

namespace usertags {

// A distribution of durations since the store was opened. Percentiles are accurate to one part in 16.
struct Latency {
  std::uint64_t count = 0;             // durations
  std::chrono::nanoseconds total{0};   // their sum
  std::chrono::nanoseconds p50{0};     // half of them took no longer
  std::chrono::nanoseconds p99{0};     // 99 of 100 took no longer
  std::chrono::nanoseconds max{0};     // the longest
};

// Figures of data, memory, file and work.
struct Stats {
  // The data.
  std::uint64_t revision = 0;     // the newest visible change
  std::uint64_t users = 0;        // that are there now
  std::uint64_t tags = 0;         // key-value pairs of all users together
  std::uint64_t tag_keys = 0;     // different keys
  std::uint64_t tag_values = 0;   // different pairs of key and value
  std::uint64_t tokens = 0;       // idempotency tokens that are kept

  // Memory, in bytes, allocator overhead estimated.
  std::uint64_t record_bytes = 0;      // live snapshots; those that only the host still holds are not counted
  std::uint64_t directory_bytes = 0;   // look-up by external id and by id, order of creation
  std::uint64_t tag_index_bytes = 0;   // from tags to users
  std::uint64_t token_bytes = 0;       // idempotency tokens
  // All four: what Options::memory_budget bounds.
  std::uint64_t memory_bytes() const noexcept {
    return record_bytes + directory_bytes + tag_index_bytes + token_bytes;
  }

  // The file. Zero for a store in memory.
  std::uint64_t database_bytes = 0;   // without the WAL
  std::uint64_t wal_bytes = 0;        // PATH-wal
  bool wal_pinned = false;            // a reader kept the last checkpoint from recycling the WAL

  // The log.
  std::uint64_t log_floor = 0;         // the oldest change still kept; revision + 1 where none is kept
  std::uint64_t folded_revision = 0;   // every change up to it is in the user table
  std::uint64_t backlog_users = 0;     // users with patches that are not folded yet

  // The work since opening.
  std::uint64_t commits = 0;        // groups of writes
  std::uint64_t changes = 0;        // that became visible
  std::uint64_t folded_users = 0;   // rows that were brought up to the log
  std::uint64_t checkpoints = 0;    // of the WAL into the database
  Latency commit;                   // of a whole group: judging, writing, syncing
  Latency sync;                     // single syncs, of WAL and database
  Latency fold;                     // the folding and pruning within a commit
  Latency publish;                  // from the end of a commit to its visibility
  Latency checkpoint;               // from the WAL into the database, with its syncs

  bool failed = false;   // the store has stopped: writes answer store_failed
};

// What verify() has read and compared, and what is wrong.
struct VerifyReport {
  // Which part of the store a problem is in.
  enum class Kind : std::uint8_t {
    sqlite,             // SQLite's own integrity check complains
    schema,             // tables or views are not those of the format
    state,              // the commit record does not fit its checksum
    log,                // a gap, a broken checksum chain, or an unreadable change
    user_row,           // a row that is malformed, or does not fit its checksum, other rows or the log
    token,              // a row of table `token` that is missing, or not as the store left it
    digest,             // file or memory do not have the digest of the commit record
    memory,             // memory and file differ in a user
    tag_index,          // the index from tags to users has not what the users have
    external_id_hash,   // a row of table `external_id_hash` has not what the users have
  };
  // One thing that is wrong.
  struct Problem {
    Kind kind{};           // in which part
    std::string user_id;   // where one user is concerned
    std::string what;      // for people, in one line
  };

  std::uint64_t revision = 0;                             // at which file and memory were compared
  std::uint64_t users = 0;                                // users compared
  std::uint64_t changes = 0;                              // log entries read
  std::uint64_t tokens = 0;                               // idempotency tokens read
  std::string digest;                                     // 32 hexadecimal digits; equal for equal stores
  std::vector<Problem> problems;                          // at most 1,000
  bool ok() const noexcept { return problems.empty(); }   // nothing is wrong
};

// A stable name, such as "user_row".
USERTAGS_EXPORT std::string_view to_string(VerifyReport::Kind) noexcept;

}   // namespace usertags
