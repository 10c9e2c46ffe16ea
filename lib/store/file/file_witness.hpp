// FileWitness: tells whether anybody has written to a store's file since a moment, for readers whom no lock
// protects (immutable=1).
//
// A writer of the library makes the sidecar before all else, and it stays. Any other one changes the file's
// times or its size, or leaves a WAL or a journal beside it. What this cannot see is a write of somebody else
// within the same tick of the file system's clock as an earlier one.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>

namespace usertags::store {

class FileWitness {
 public:
  explicit FileWitness(const std::filesystem::path& store);   // of now

  bool nobody_wrote() const;

 private:
  // Of a file that is there, and not empty where emptiness means the same as absence.
  struct Look {
    dev_t device = 0;
    ino_t file = 0;
    std::int64_t bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const Look&) const = default;
  };
  static Look look_at(const std::filesystem::path& file, bool counts_if_empty);
  std::array<Look, 4> look() const;

  std::filesystem::path store_;
  std::array<Look, 4> then_;
};

}   // namespace usertags::store
