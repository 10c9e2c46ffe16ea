#include "torture/memory_disk.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace usertags::torture {

// SQLite's methods. Memory that runs out ends the process: nothing here is about that.
struct MemoryDisk::Callbacks {
  struct File {
    sqlite3_file base;
    std::shared_ptr<std::string>* bytes;   // owned
  };

  static std::string& bytes_of(sqlite3_file* file) noexcept { return **reinterpret_cast<File*>(file)->bytes; }
  static MemoryDisk& disk_of(sqlite3_vfs* vfs) noexcept { return *static_cast<MemoryDisk*>(vfs->pAppData); }

  static int close(sqlite3_file* file) noexcept {
    delete reinterpret_cast<File*>(file)->bytes;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) noexcept {
    const std::string& bytes = bytes_of(file);
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t begin = std::min(bytes.size(), static_cast<std::size_t>(offset));
    const std::size_t found = std::min(wanted, bytes.size() - begin);
    std::memcpy(to, bytes.data() + begin, found);
    std::memset(static_cast<char*>(to) + found, 0, wanted - found);
    return found == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) noexcept {
    std::string& bytes = bytes_of(file);
    const std::size_t begin = static_cast<std::size_t>(offset);
    const std::size_t end = begin + static_cast<std::size_t>(count);
    if (bytes.size() < end) bytes.resize(end);
    std::memcpy(bytes.data() + begin, from, static_cast<std::size_t>(count));
    return SQLITE_OK;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) noexcept {
    bytes_of(file).resize(static_cast<std::size_t>(size));
    return SQLITE_OK;
  }
  static int sync(sqlite3_file*, int) noexcept { return SQLITE_OK; }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) noexcept {
    *size = static_cast<sqlite3_int64>(bytes_of(file).size());
    return SQLITE_OK;
  }
  static int lock(sqlite3_file*, int) noexcept { return SQLITE_OK; }
  static int unlock(sqlite3_file*, int) noexcept { return SQLITE_OK; }
  static int check_reserved_lock(sqlite3_file*, int* held) noexcept {
    *held = 0;
    return SQLITE_OK;
  }
  static int file_control(sqlite3_file*, int, void*) noexcept { return SQLITE_NOTFOUND; }
  // As the system's, so that SQLite writes in the same places.
  static int sector_size(sqlite3_file*) noexcept { return 4'096; }
  static int device_characteristics(sqlite3_file*) noexcept { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static const sqlite3_io_methods* methods() noexcept {
    static const sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods methods{};
      methods.iVersion = 1;   // no shared memory
      methods.xClose = close;
      methods.xRead = read;
      methods.xWrite = write;
      methods.xTruncate = truncate;
      methods.xSync = sync;
      methods.xFileSize = file_size;
      methods.xLock = lock;
      methods.xUnlock = unlock;
      methods.xCheckReservedLock = check_reserved_lock;
      methods.xFileControl = file_control;
      methods.xSectorSize = sector_size;
      methods.xDeviceCharacteristics = device_characteristics;
      return methods;
    }();
    return &kMethods;
  }

  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* opened, int flags,
                  int* flags_out) noexcept {
    auto& files = disk_of(vfs).files_;
    opened->pMethods = nullptr;
    auto bytes = std::make_shared<std::string>();   // of a file without a name
    if (name != nullptr) {
      const auto found = files.find(name);
      if (found == files.end() && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      bytes = found != files.end() ? found->second : (files[name] = bytes);
    }
    reinterpret_cast<File*>(opened)->bytes = new std::shared_ptr<std::string>(std::move(bytes));
    opened->pMethods = methods();
    if (flags_out != nullptr) *flags_out = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int) noexcept {
    return disk_of(vfs).files_.erase(name) != 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int, int* answer) noexcept {
    const auto& files = disk_of(vfs).files_;
    const auto found = files.find(name);
    *answer = found != files.end() && !found->second->empty() ? 1 : 0;
    return SQLITE_OK;
  }
};

// What is not about files is the system's.
MemoryDisk::MemoryDisk() : before_(sqlite3_vfs_find(nullptr)), vfs_(*sqlite3_vfs_find("unix")) {
  vfs_.pNext = nullptr;
  vfs_.iVersion = 2;   // without system calls to replace
  vfs_.zName = "usertags-memory-disk";
  vfs_.pAppData = this;
  vfs_.szOsFile = sizeof(Callbacks::File);
  vfs_.xOpen = Callbacks::open;
  vfs_.xDelete = Callbacks::remove;
  vfs_.xAccess = Callbacks::access;
  if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) throw std::bad_alloc();
}

MemoryDisk::~MemoryDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(before_, 1);
}

namespace {

constexpr const char* kSuffixes[] = {"", "-wal", "-journal"};

}   // namespace

void MemoryDisk::put(const std::filesystem::path& path, const DiskImage& image) {
  for (const char* suffix : kSuffixes) {
    const auto found = image.find(suffix);
    if (found == image.end())
      files_.erase(path.native() + suffix);
    else
      files_.insert_or_assign(path.native() + suffix, std::make_shared<std::string>(found->second));
  }
}

DiskImage MemoryDisk::image(const std::filesystem::path& path) const {
  DiskImage image;
  for (const char* suffix : kSuffixes) {
    const auto found = files_.find(path.native() + suffix);
    if (found != files_.end()) image[suffix] = *found->second;
  }
  return image;
}

}   // namespace usertags::torture
