// VfsShim: a VFS in front of another one. It passes every call on; a derived class overrides what it wants to
// see or to change. Everything that the VFS below can do, and no more, can be done through it.
//
// The VFS below may need more memory for a file than was known when the shim was registered, so that each of
// its files lies in a block of its own.
#pragma once

#include <memory>

#include <sqlite3.h>

namespace usertags::sqlite {

// One open file. Results are SQLite's result codes.
class ShimFile {
 public:
  explicit ShimFile(sqlite3_file& below) noexcept : below_(below) {}
  ShimFile(const ShimFile&) = delete;
  ShimFile& operator=(const ShimFile&) = delete;
  virtual ~ShimFile() = default;

  virtual int read(void* to, int bytes, sqlite3_int64 offset) noexcept;
  virtual int write(const void* from, int bytes, sqlite3_int64 offset) noexcept;
  virtual int truncate(sqlite3_int64 size) noexcept;
  virtual int sync(int flags) noexcept;
  virtual int shm_map(int region, int bytes, int extend, void volatile** at) noexcept;

  sqlite3_file& below() const noexcept { return below_; }

 private:
  sqlite3_file& below_;   // open; closed after this object is gone
};

class VfsShim {
 public:
  // `name` lives as long as the shim. Where `below` is null, it is whichever VFS is the default one at each
  // call, so that a VFS which a host, or a test, makes the default later is used as well.
  explicit VfsShim(const char* name, sqlite3_vfs* below = nullptr) noexcept;
  VfsShim(const VfsShim&) = delete;
  VfsShim& operator=(const VfsShim&) = delete;

  // Result codes of sqlite3_vfs_register and sqlite3_vfs_unregister. A registered shim stays where it is,
  // and lives until it is unregistered and its last file is closed.
  int enroll(bool as_default) noexcept;
  int withdraw() noexcept;

  sqlite3_vfs& below() const noexcept { return below_ != nullptr ? *below_ : *sqlite3_vfs_find(nullptr); }

  // `file` is memory for a file of the VFS below.
  virtual int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept;
  virtual int remove(const char* name, int sync_folder) noexcept;
  // Null: out of memory. `flags` are those of open, SQLITE_OPEN_WAL and so on.
  virtual std::unique_ptr<ShimFile> wrap(sqlite3_file& file, int flags) noexcept;

 protected:
  ~VfsShim() = default;

 private:
  sqlite3_vfs* below_;
  sqlite3_vfs vfs_{};
};

}   // namespace usertags::sqlite
