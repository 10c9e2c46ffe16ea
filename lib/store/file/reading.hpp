// Reading a store's file beside whoever writes it, or alone.
#pragma once

#include <sys/types.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <type_traits>
#include <utility>

#include "model/deadline.hpp"
#include "sqlite/connection.hpp"
#include "store/file/store_lock.hpp"

namespace usertags::store {

// FileWitness: tells whether anybody has written to a store's file since a moment, for readers whom no lock
// protects (immutable=1).
//
// A writer of the library makes the sidecar before all else, and it stays. Any other one changes the file's
// times or its size, or leaves a WAL or a journal beside it. What this cannot see is a write of somebody else
// within the same tick of the file system's clock as an earlier one.
class FileWitness {
 public:
  explicit FileWitness(const std::filesystem::path& store);   // of now

  bool nobody_wrote() const;

 private:
  // Of a file that is there, and not empty where emptiness means the same as absence.
  struct Fingerprint {
    dev_t device = 0;
    ino_t file = 0;
    std::int64_t bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const Fingerprint&) const = default;
  };
  static Fingerprint fingerprint_of(const std::filesystem::path& file, bool counts_if_empty);
  std::array<Fingerprint, 4> fingerprints() const;

  std::filesystem::path store_;
  std::array<Fingerprint, 4> then_;
};

// Reading: a connection that looks at a store's file and changes no byte of database and WAL, beside a live
// writer or without one.
//
// Where a WAL or a journal stands, or a writer holds the sidecar, it reads as SQLite readers do (mode=ro).
// Where none is, SQLite would have to make a -shm first; then the sidecar, if there is one, is held shared
// instead, so that no writer starts meanwhile, and the file is read as immutable, which leaves nothing
// behind. No lock of SQLite's protects such a reading, and without a sidecar none at all. So it is a reading
// only when nobody has written meanwhile; otherwise it is void, whatever it answered, and is done again
// (read_file).
struct Reading {
  std::optional<StoreLock> lock;
  std::optional<FileWitness> witness;   // of a file that is read as immutable
  sqlite::Connection connection;

  bool is_immutable() const noexcept { return witness.has_value(); }
  bool is_void() const { return witness && !witness->nobody_wrote(); }
};

// `store` is a resolved path (store_path.hpp). Throws Failure: not_a_store where the file is empty, what
// Connection and identify() throw; permission_denied with the right that is missing; read_only where a
// transaction that somebody else left unfinished has to be rolled back first.
Reading open_for_reading(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout);

// The same for a caller who holds the sidecar exclusively, so that no store writes.
Reading open_under_lock(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout);

// The same, of a file that may be none of ours any more, without a look at what it is: for telling what is
// wrong with it.
Reading open_unidentified(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout);

// How often a void reading is done again: as long as one waits for locks, and once at least.
class ReadingAgain {
 public:
  explicit ReadingAgain(std::chrono::milliseconds busy_timeout) : end_(model::deadline_in(busy_timeout)) {}
  // Throws Failure (busy).
  void next(const std::filesystem::path& store);

 private:
  const std::chrono::steady_clock::time_point end_;
  bool tried_ = false;
};

// Opens with `open` and answers function(Reading&), again where that was void: what it does must then be
// worth nothing. Throws what the two throw, and Failure (busy) where others keep writing.
template <class Function>
auto read_file(Reading (*open)(const std::filesystem::path&, std::chrono::milliseconds),
               const std::filesystem::path& store, std::chrono::milliseconds busy_timeout,
               Function&& function) {
  for (ReadingAgain again(busy_timeout);; again.next(store)) {
    Reading reading = open(store, busy_timeout);
    try {
      auto answer = function(reading);
      if (!reading.is_void()) return answer;
    } catch (...) {
      if (!reading.is_void()) throw;
    }
  }
}

}   // namespace usertags::store
