// Options: chosen at open, fixed until close. The defaults keep every promise. They belong to the process
// that opens the store; what belongs to the store itself (limits, retention) is in its settings
// (settings.hpp).
//
//   auto store = usertags::UserTagStore::open("users.db", {.access = usertags::Access::read_only});
//   if (!store) return report(store.error());
//
// A plain value; open() copies it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <usertags/settings.hpp>

namespace usertags {

// What a write has survived when it is answered.
enum class Durability : std::uint8_t {
  full,      // a write that was answered survives power loss, if the device honours its sync
  relaxed,   // it survives a process crash; power loss may drop the newest commits, never part of one
};

// What the process may do to the file.
enum class Access : std::uint8_t {
  read_write,   // one process at a time; others may read
  read_only,   // writes nothing; works beside a live writer; shows the state at its opening or last refresh()
  exclusive,   // read_write, and no other process can read the file meanwhile
};

// When the engine does its housekeeping, a little with each commit.
struct Housekeeping {
  // How many users may have patches that are in the log only, before folding writes them into their rows. The
  // bound is this, or three fifths of all users if that is more.
  std::uint64_t backlog_users = 65'536;
  // The engine checkpoints when the WAL has this size: behind a commit, which takes as much longer.
  std::uint64_t checkpoint_wal_bytes = std::uint64_t{2} << 20;
  // The engine refuses writes (`busy`) when the WAL has this size, because a reader that never ends keeps it
  // from being recycled.
  std::uint64_t max_wal_bytes = std::uint64_t{1} << 30;
};

// error: the store stops. docs/semantics.md, "Opening and closing", lists what is logged.
enum class LogLevel : std::uint8_t { info, warning, error };

// How a process opens a store.
struct Options {
  Durability durability = Durability::full;   // of each commit
  Access access = Access::read_write;         // for as long as it is open
  bool create_if_missing = true;              // else a missing or empty file is not_a_store
  bool allow_network_file_system = false;     // its locks are the host's risk then; else invalid_argument
  bool secure_delete = false;                 // overwrite freed pages with zeros; costs writes
  // Given: a new store gets these settings; an existing store must have them, or the answer is
  // settings_mismatch. Absent: an existing store keeps its own, a new one gets the defaults.
  std::optional<Settings> settings{};
  Housekeeping housekeeping{};   // when to do what can wait
  // Bytes of memory that the data may take, as Stats::memory_bytes() counts them; 0: no bound. A write, an
  // open or a refresh() that would take more is refused with memory_budget_exceeded; deletions, and patches
  // that only erase, never are. SQLite's page cache, and what a call itself needs, come on top.
  std::uint64_t memory_budget = 0;
  // A thread of the store commits what was submitted (UserTagStore::submit), and calls back: else drain() and
  // close() call back, and blocking writes commit it with their own. The thread ends with the store, and takes
  // no signals. Not for a read-only store.
  bool commit_thread = false;
  // How much may be submitted and not answered yet, each write with its texts and its answer. Beyond, submit()
  // answers `busy`.
  std::size_t queue_writes = 65'536;
  std::size_t queue_bytes = std::size_t{64} << 20;
  std::chrono::milliseconds busy_timeout{5'000};   // for locks that other processes hold briefly
  std::chrono::milliseconds slow_commit{500};      // a commit that takes longer is reported to `log`

  // Called with one line of text, on whichever thread has something to say, never under a lock that a read
  // needs. It may make calls of the store that never wait (UserTagStore, "Threads"); others are answered with
  // invalid_argument. What it throws is swallowed: the line is lost, and nothing else.
  std::function<void(LogLevel, std::string_view)> log{};

  // For tests: the time of changes and ids. Empty: the system clock. It calls the store as `log` may. If it
  // throws, the process ends with a message.
  std::function<std::chrono::system_clock::time_point()> clock{};

  // For tests: the time since the machine was started, sleep included, by which changes and tokens age.
  // Empty: clock_gettime(CLOCK_BOOTTIME). Same rules as `clock`.
  std::function<std::chrono::nanoseconds()> uptime{};
};

}   // namespace usertags
