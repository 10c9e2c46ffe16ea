// FaultVfs: lets SQLite's operations on files fail, at a chosen one or from it on, and counts them.
//
//   FaultVfs vfs;                                        // the default VFS while it lives
//   Database database(…);
//   vfs.arm({.operation = FileOperation::sync, .file = FileRole::wal, .result = SQLITE_IOERR_FSYNC});
//
// It stands between the usertags VFS, which looks for the default one, and the system's. Connections that are
// opened while it lives are closed before its end. All of it may be used from any thread.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include "sqlite/vfs_shim.hpp"

namespace usertags::test {

enum class FileOperation : std::uint8_t { open, read, write, sync, truncate, remove };
inline constexpr std::size_t kFileOperations = 6;

enum class FileRole : std::uint8_t { database, wal, journal, other };
inline constexpr std::size_t kFileRoles = 4;

struct Fault {
  FileOperation operation = FileOperation::write;
  std::vector<FileRole> files = {};   // empty: any
  std::uint64_t nth = 1;              // of the operations that fit, from arming on
  bool sticky = false;                // and every later one
  int result = SQLITE_IOERR;
  int system_error = EIO;        // errno
  bool torn = false;             // of a write or a read: its first half is done before it fails
  std::thread::id thread = {};   // whose operations; none: anybody's
};

// A fault with the name that a parametrized test bears.
struct NamedFault {
  const char* name;
  Fault fault;

  Fault at(std::uint64_t nth) const {
    Fault later = fault;
    later.nth = nth;
    return later;
  }
};
inline void PrintTo(const NamedFault& named, std::ostream* out) {
  *out << named.name;
}

class FaultVfs final : public sqlite::VfsShim {
 public:
  FaultVfs();
  ~FaultVfs();

  void arm(Fault fault);   // beside those that are armed
  void disarm();           // all
  // Called after each sync that failed here, which is not passed on.
  void on_failed_sync(std::function<void(FileRole)> function) { on_failed_sync_ = std::move(function); }
  std::uint64_t fired() const;   // how many operations failed

  std::uint64_t count(FileOperation operation) const;   // since it was made, failed ones included
  std::uint64_t count(FileOperation operation, FileRole file) const;
  std::uint64_t bytes_written(FileRole file) const;   // by writes that did not fail

  // Of VfsShim.
  int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept override;
  int remove(const char* name, int sync_folder) noexcept override;
  std::unique_ptr<sqlite::ShimFile> wrap(sqlite3_file& file, int flags) noexcept override;

 private:
  class File;
  struct Armed {
    Fault fault;
    std::uint64_t seen = 0;
  };

  // What an operation comes to; nothing armed fits it: no fault.
  struct Judgement {
    int result = SQLITE_OK;
    int system_error = 0;
    bool torn = false;
  };
  Judgement judge(FileOperation operation, FileRole file);
  // Judges, and sets errno.
  int fail_or_pass(FileOperation operation, FileRole file);
  void note_written(FileRole file, int bytes);

  std::function<void(FileRole)> on_failed_sync_;
  mutable std::mutex mutex_;
  std::vector<Armed> armed_;
  std::uint64_t fired_ = 0;
  std::array<std::array<std::uint64_t, kFileRoles>, kFileOperations> counts_{};
  std::array<std::uint64_t, kFileRoles> bytes_written_{};
  std::uint64_t open_files_ = 0;
};

}   // namespace usertags::test
