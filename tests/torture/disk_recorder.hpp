// DiskRecorder: writes down what a store does to its disk, for building what a power loss may leave of it
// (crash_images.hpp).
//
//   DiskRecorder recorder(path, image_of(path));   // the default VFS while it lives
//   … open, write, close the store at `path` …
//   recorder.record().operations
//
// It stands between the usertags VFS, which looks for the default one, and the default one of before; a
// FaultVfs that is made later stands before it. It sees database, WAL and rollback journal of one store.
// Connections that are opened while it lives are closed before its end.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sqlite/vfs_shim.hpp"
#include "support/fault_vfs.hpp"
#include "torture/memory_disk.hpp"

namespace usertags::torture {

struct DiskOperation {
  enum class Kind : std::uint8_t { create, remove, write, truncate, sync, failed_sync };

  Kind kind{};
  // Each creation makes another file. Files that were there have the numbers 0, 1 … in the order of their
  // names.
  std::size_t file = 0;
  std::string name{};         // of create and remove: "", "-wal", "-journal"
  std::uint64_t offset = 0;   // of write; of truncate the size
  std::string bytes{};        // of write
  // The folder was synced as well. SQLite's unix VFS does so with the first sync of a journal or WAL that may
  // be new (os_unix.c, UNIXFILE_DIRSYNC), and at removals that ask for it.
  bool syncs_folder = false;
};

struct DiskRecord {
  DiskImage before;
  std::vector<DiskOperation> operations;
};

// "", "-wal" or "-journal".
std::string name_of(test::FileRole role);

// The store's files in the file system.
DiskImage image_of(const std::filesystem::path& store);

class DiskRecorder final : public sqlite::VfsShim {
 public:
  // `before`: what the disk has of the store by now, all of it synced.
  DiskRecorder(std::filesystem::path store, DiskImage before);
  ~DiskRecorder();

  // Not while another thread uses the store.
  const DiskRecord& record() const { return record_; }
  std::size_t operations() const;

  // The sync of the file of that name failed: what is pending is clean from now on, as Linux has it, and no
  // later sync brings it to the disk.
  void fail_sync(const std::string& name);

  // Syncs of the WAL are answered and not done: for seeing that their absence is noticed.
  void ignore_wal_syncs() { ignores_wal_syncs_ = true; }

  // Of VfsShim.
  int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept override;
  int remove(const char* name, int sync_folder) noexcept override;
  std::unique_ptr<sqlite::ShimFile> wrap(sqlite3_file& file, int flags) noexcept override;

 private:
  class File;

  void note(DiskOperation operation);
  bool is_ours(const char* name, std::string& suffix) const;

  const std::filesystem::path store_;
  mutable std::mutex mutex_;
  DiskRecord record_;
  std::map<std::string, std::size_t> folder_;   // the number of the file that has the name
  std::size_t files_ = 0;
  bool ignores_wal_syncs_ = false;
};

}   // namespace usertags::torture
