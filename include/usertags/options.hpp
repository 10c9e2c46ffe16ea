// Options: chosen at open, fixed until close. The defaults keep every promise. What belongs to the store and
// not to who opens it (limits, retention) are its settings (settings.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <usertags/settings.hpp>

namespace usertags {

enum class Durability : std::uint8_t {
  full,      // an acknowledged write survives power loss, if the device honours its sync
  relaxed,   // it survives a process crash; power loss may drop the newest commits, never part of one
};

enum class Access : std::uint8_t {
  read_write,
  read_only,   // writes nothing, beside a live writer too; shows the state at its opening or last refresh()
  exclusive,   // read_write, and no other process can read the file meanwhile
};

// When the engine does its housekeeping, a little with each commit.
struct Housekeeping {
  // Users whose newest patches are in the log only, before they are folded into their rows.
  // The bound is the greater of this and two fifths of the users.
  std::uint64_t backlog_users = 65'536;
  // WAL size at which the engine checkpoints, and at which it refuses writes (`busy`), because a reader that
  // never ends keeps the WAL from being recycled.
  std::uint64_t checkpoint_wal_bytes = std::uint64_t{4} << 20;
  std::uint64_t max_wal_bytes = std::uint64_t{1} << 30;
};

enum class LogLevel : std::uint8_t { info, warning, error };

struct Options {
  Durability durability = Durability::full;
  Access access = Access::read_write;
  bool create_if_missing = true;
  bool allow_network_file_system = false;
  bool secure_delete = false;   // overwrite freed pages with zeros; costs writes
  // Absent: those that the file has; a new store gets the defaults. Given: a new store gets these; a store
  // that is there must have them, or the answer is settings_mismatch.
  std::optional<Settings> settings{};
  Housekeeping housekeeping{};
  // Bytes of memory that the data may take, as Stats::memory_bytes() counts them; 0: as much as there is.
  // Writes that would lead beyond it are refused with memory_budget_exceeded, as are open and refresh();
  // deletions and erasures never are. SQLite's page cache and what a call itself needs come on top.
  std::uint64_t memory_budget = 0;
  std::chrono::milliseconds busy_timeout{5'000};   // for locks that other processes hold briefly
  std::chrono::milliseconds slow_commit{500};      // a commit that takes longer is told to `log`

  // Called with one line of text, from whichever thread has something to say, never under a lock that a
  // read needs. It must not throw and must not call the store.
  std::function<void(LogLevel, std::string_view)> log{};

  // The time of changes and ids; the system clock where it is empty. For tests. Same rules as `log`.
  std::function<std::chrono::system_clock::time_point()> clock{};

  // The time since the machine was started, sleep included, by which the age of changes and tokens grows;
  // clock_gettime(CLOCK_BOOTTIME) where it is empty. For tests. Same rules as `log`.
  std::function<std::chrono::nanoseconds()> uptime{};
};

}   // namespace usertags
