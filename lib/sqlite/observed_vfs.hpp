// A VFS shim over the default one that sees what SQLite does not tell: the time of a sync, which is only a
// part of a COMMIT's, the errno of the system call that made a COMMIT fail, and whether it had begun to
// write. It changes nothing, but that it does not write beyond the process's limit on files, and takes a
// short read of what the file has for an error. Registered once for the process, under the name kObservedVfs,
// and never as the default one: the host's own connections do not see it.
#pragma once

#include <chrono>
#include <cstdint>

namespace usertags::sqlite {

// The process's limit on the size of files (RLIMIT_FSIZE: ulimit -f, LimitFSIZE=). Whoever writes beyond it
// is sent SIGXFSZ, which ends a process that has not said otherwise. A library cannot say otherwise for its
// host: it does not write there, and answers EFBIG itself.
bool exceeds_file_size_limit(std::uint64_t offset, std::uint64_t bytes) noexcept;

inline constexpr const char* kObservedVfs = "usertags";

// Registers the shim if need be. Throws Failure (out_of_memory).
void register_observed_vfs();

// The errno of the last read, write, truncation or sync that failed on this thread; 0 where none has.
int last_file_error() noexcept;

// Writes, truncations and syncs that were tried on this thread.
std::uint64_t file_writes() noexcept;

// Called on the thread that synced, with the time the sync took. One observer a thread: the store sets it
// around its writing, so that stores in one process do not see each other's syncs.
class SyncObserver {
 public:
  virtual void on_sync(std::chrono::nanoseconds took) noexcept = 0;

 protected:
  ~SyncObserver() = default;
};

class ObserveSyncs {
 public:
  explicit ObserveSyncs(SyncObserver& observer) noexcept;
  ObserveSyncs(const ObserveSyncs&) = delete;
  ObserveSyncs& operator=(const ObserveSyncs&) = delete;
  ~ObserveSyncs();

 private:
  SyncObserver* previous_;
};

}   // namespace usertags::sqlite
