// StoreLock: the sidecar PATH.lock, by which processes keep out of each other's way (flock(2)).
//
//   exclusive   the one writer, for as long as it is open; the file then holds its process id
//   shared      readers of a file without a WAL, while they load it: no writer may start meanwhile
//
// The database file itself is never opened for this: POSIX drops all of SQLite's locks on a file when any
// descriptor of it is closed. flock belongs to the open file, so it also catches a second open in the same
// process and a second SQLite linked into it. The sidecar is never unlinked: whoever waits for it must be
// waiting for the same file.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

namespace usertags::store {

class StoreLock {
 public:
  // Makes the sidecar where there is none. Throws Failure: store_locked with the holder's process id; busy
  // where readers keep it longer than `patience`; permission_denied, io_error.
  static StoreLock exclusive(const std::filesystem::path& store, std::chrono::milliseconds patience);

  // None where there is no sidecar, where it cannot be read, or where a writer holds it. Creates nothing.
  static std::optional<StoreLock> try_shared(const std::filesystem::path& store);

  // Whether there is one: a writer makes it before the file, and it stays.
  static bool has_sidecar(const std::filesystem::path& store);

  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;
  ~StoreLock();

  // In a child after fork: closes its copy of the descriptor; the parent keeps the lock.
  void abandon() noexcept;

 private:
  explicit StoreLock(int descriptor) noexcept : descriptor_(descriptor) {}

  int descriptor_;
};

}   // namespace usertags::store
