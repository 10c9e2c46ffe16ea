// StoreLock: the sidecar PATH.lock, by which processes keep out of each other's way (flock(2)).
//
//   exclusive   the one writer, for as long as it is open; the file then holds its process id
//   shared      readers of a file without a WAL, while they load it: no writer may start meanwhile
//
// The database file itself is never opened for this: POSIX drops all of SQLite's locks on a file when any
// descriptor of it is closed. flock belongs to the open file, so it also catches a second open in the same
// process and a second SQLite linked into it. The sidecar is never unlinked: whoever waits for it must be
// waiting for the same file.
//
// Owner, group and mode are those of the store's file, as SQLite's are for the files that it makes beside it;
// they are put right at every opening for writing, as far as the process may. To lock takes the right to read
// only. A child of fork() has no part in it, from the moment that the descriptor exists to its close.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

namespace usertags::store {

class StoreLock {
 public:
  // Makes the sidecar where there is none. Throws Failure: store_locked with the holder's process id; busy
  // where readers keep it longer than `patience`; permission_denied, io_error; std::bad_alloc.
  static StoreLock exclusive(const std::filesystem::path& store, std::chrono::milliseconds patience);

  // None where there is no sidecar, where it cannot be read, or where a writer holds it. Creates nothing.
  // Throws std::bad_alloc.
  static std::optional<StoreLock> try_shared(const std::filesystem::path& store);

  // Whether there is one: a writer makes it before the file, and it stays.
  static bool has_sidecar(const std::filesystem::path& store);

  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;
  ~StoreLock();

 private:
  class Descriptor;
  explicit StoreLock(std::unique_ptr<Descriptor> descriptor) noexcept;

  std::unique_ptr<Descriptor> descriptor_;
};

}   // namespace usertags::store
