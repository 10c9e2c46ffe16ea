// Follower: keeps a read-only store's memory up with a file that another process writes.
//
//   look (PRAGMA data_version) ──▶ the log's new entries, checked against its chain ──▶ publish
//                    └▶ the log no longer reaches back to what memory shows, or does not lead to the users of
//                       the commit record: load all, publish the difference
//
// Memory moves from the end of one segment of the log to the end of another, always forward, and each of its
// states is proved: by the log's chain, and by the digest of the commit record. Users and tokens move together.
// A file that is no continuation of what memory shows (an older copy was put in its place) is refused, and
// memory stays as it is.
//
// Beside a live writer it keeps an ordinary SQLite connection, outside any transaction, so that it never pins
// the WAL for longer than a look takes. Where nobody writes it keeps none: reading the file as immutable
// holds writers off, or does not see them. A refresh that fails keeps none either, so that it leaves no lock
// and no transaction behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "model/thread_annotations.hpp"
#include "sqlite/change_log.hpp"
#include "sqlite/commit_watch.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"
#include "store/file/reading.hpp"
#include "store/load/loader.hpp"
#include "store/load/replay.hpp"
#include "store/memory/memory.hpp"
#include "store/watch/telemetry.hpp"

namespace usertags::store {

class Follower {
 public:
  // Loads the file (a resolved path) into the empty projection and token index. Throws Failure,
  // std::bad_alloc.
  Follower(std::filesystem::path file, std::chrono::milliseconds busy_timeout, Memory& memory,
           Metrics& metrics);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Brings memory to where the file is now; answers that commit record. Any thread. Throws Failure:
  // store_failed where the file is no continuation, store_closed, and what reading throws; memory is then as
  // good as before.
  sqlite::State refresh() USERTAGS_EXCLUDES(mutex_);

  sqlite::State state() const USERTAGS_EXCLUDES(mutex_);   // as memory shows it

  // Later calls answer store_closed.
  void close() noexcept USERTAGS_EXCLUDES(mutex_);
  // In a child after fork: forgets the connection without touching it.
  void abandon() noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS;

 private:
  class Group;

  struct OpenFile {
    explicit OpenFile(Reading opened)
        : reading(std::move(opened)),
          version(reading.connection),
          state(reading.connection),
          heads(reading.connection),
          segments(reading.connection),
          tokens(reading.connection) {}

    Reading reading;
    sqlite::DataVersion version;
    sqlite::StateTable state;
    sqlite::ChangeLog::Heads heads;
    sqlite::ChangeLog::Reader segments;
    sqlite::TokenTable::Reader tokens;
    std::int64_t seen = 0;   // the data version of the moment that memory shows
  };

  // What is read of the file's moment before anything is shown of it, so that nothing can fail afterwards.
  struct Moment {
    sqlite::State state;
    std::int64_t data_version = 0;
    std::uint64_t database_bytes = 0;
    index::TokenIndex::Addition tokens;   // that memory does not have yet …
    std::uint64_t token_floor = 0;        // … and those below this it has no more
  };

  void load() USERTAGS_REQUIRES(mutex_);
  void refresh_once() USERTAGS_REQUIRES(mutex_);
  void catch_up() USERTAGS_REQUIRES(mutex_);
  Loaded load_users() USERTAGS_REQUIRES(mutex_);
  Moment look() USERTAGS_REQUIRES(mutex_);
  void expect_same_tokens(const sqlite::State& state) USERTAGS_REQUIRES(mutex_);
  // Whether the log still has what follows on what memory shows.
  bool log_goes_on(const sqlite::State& state) USERTAGS_REQUIRES(mutex_);
  bool apply_log(Moment& moment) USERTAGS_REQUIRES(mutex_);
  bool add(const model::Segment& segment, Group& group) USERTAGS_REQUIRES(mutex_);
  bool add(const model::Change& change, Group& group) USERTAGS_REQUIRES(mutex_);
  bool has_room_for(std::span<const index::Transition> transitions) const;
  std::unique_ptr<index::Projection::Publication> prepare(std::vector<index::Transition> transitions,
                                                          std::uint64_t revision) USERTAGS_REQUIRES(mutex_);
  void publish_part(std::vector<index::Transition> transitions, const sqlite::State& state)
      USERTAGS_REQUIRES(mutex_);
  void publish_all(std::vector<index::Transition> transitions, Moment& moment) USERTAGS_REQUIRES(mutex_);
  void reload(Moment& moment) USERTAGS_REQUIRES(mutex_);
  void advance_to(const Moment& moment) noexcept USERTAGS_REQUIRES(mutex_);
  void leave() noexcept USERTAGS_REQUIRES(mutex_);

  const std::filesystem::path file_;
  const std::chrono::milliseconds busy_timeout_;
  Memory& memory_;
  Metrics& metrics_;

  mutable model::Mutex mutex_;
  std::unique_ptr<OpenFile> opened_ USERTAGS_GUARDED_BY(mutex_);   // none while nobody writes
  sqlite::State state_ USERTAGS_GUARDED_BY(mutex_);                // as memory shows it
  Replay replay_ USERTAGS_GUARDED_BY(mutex_);
  model::SegmentDecoder decoder_ USERTAGS_GUARDED_BY(mutex_);
  bool closed_ USERTAGS_GUARDED_BY(mutex_) = false;
};

}   // namespace usertags::store
