// MemoryDisk: a disk in memory, for opening thousands of crash images a second.
//
//   MemoryDisk disk;                           // the default VFS while it lives
//   disk.put(path, {{"", database}, {"-wal", wal}});
//   UserTagStore::open(path, …);               // with Access::exclusive
//
// It has no locks and no shared memory: a store is opened with Access::exclusive, and by one thread. What is
// not SQLite's (the sidecar) is in the file system as ever. Connections that are opened while it lives are
// closed before its end.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace usertags::torture {

// The files of a store by what their names have behind the store's: "", "-wal", "-journal".
using DiskImage = std::map<std::string, std::string>;

class MemoryDisk {
 public:
  MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;
  ~MemoryDisk();

  // The store at `path` has these files, and no others.
  void put(const std::filesystem::path& path, const DiskImage& image);
  DiskImage image(const std::filesystem::path& path) const;

 private:
  struct Callbacks;

  sqlite3_vfs* const before_;   // the default one
  sqlite3_vfs vfs_;
  std::map<std::string, std::shared_ptr<std::string>>
      files_;   // by full name; an open file outlives its name
};

}   // namespace usertags::torture
