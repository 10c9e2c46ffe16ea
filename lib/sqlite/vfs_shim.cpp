#include "sqlite/vfs_shim.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace usertags::sqlite {
namespace {

// --- A file as SQLite sees it, and its methods. ---

struct Slot {
  sqlite3_file base;
  ShimFile* file;   // owned
};

ShimFile& shim_of(sqlite3_file* file) noexcept {
  return *reinterpret_cast<Slot*>(file)->file;
}

sqlite3_file* below(sqlite3_file* file) noexcept {
  return &shim_of(file).below();
}

const sqlite3_io_methods& methods_below(sqlite3_file* file) noexcept {
  return *below(file)->pMethods;
}

void discard(sqlite3_file* opened_below) noexcept {
  if (opened_below->pMethods != nullptr) opened_below->pMethods->xClose(opened_below);
  sqlite3_free(opened_below);
}

int close(sqlite3_file* file) noexcept {
  sqlite3_file* const below_it = below(file);
  delete &shim_of(file);
  const int result = below_it->pMethods->xClose(below_it);
  sqlite3_free(below_it);
  return result;
}

int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) noexcept {
  return shim_of(file).read(to, bytes, offset);
}
int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) noexcept {
  return shim_of(file).write(from, bytes, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) noexcept {
  return shim_of(file).truncate(size);
}
int sync(sqlite3_file* file, int flags) noexcept {
  return shim_of(file).sync(flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) noexcept {
  return methods_below(file).xFileSize(below(file), size);
}
int lock(sqlite3_file* file, int level) noexcept {
  return methods_below(file).xLock(below(file), level);
}
int unlock(sqlite3_file* file, int level) noexcept {
  return methods_below(file).xUnlock(below(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* held) noexcept {
  return methods_below(file).xCheckReservedLock(below(file), held);
}
int file_control(sqlite3_file* file, int operation, void* argument) noexcept {
  return methods_below(file).xFileControl(below(file), operation, argument);
}
int sector_size(sqlite3_file* file) noexcept {
  return methods_below(file).xSectorSize(below(file));
}
int device_characteristics(sqlite3_file* file) noexcept {
  return methods_below(file).xDeviceCharacteristics(below(file));
}
int shm_map(sqlite3_file* file, int region, int bytes, int extend, void volatile** at) noexcept {
  return shim_of(file).shm_map(region, bytes, extend, at);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) noexcept {
  return methods_below(file).xShmLock(below(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) noexcept {
  methods_below(file).xShmBarrier(below(file));
}
int shm_unmap(sqlite3_file* file, int delete_it) noexcept {
  return methods_below(file).xShmUnmap(below(file), delete_it);
}
int fetch(sqlite3_file* file, sqlite3_int64 offset, int bytes, void** at) noexcept {
  return methods_below(file).xFetch(below(file), offset, bytes, at);
}
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* at) noexcept {
  return methods_below(file).xUnfetch(below(file), offset, at);
}

consteval sqlite3_io_methods methods_of_version(int version) noexcept {
  sqlite3_io_methods methods{};
  methods.iVersion = version;
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
  methods.xShmMap = shm_map;
  methods.xShmLock = shm_lock;
  methods.xShmBarrier = shm_barrier;
  methods.xShmUnmap = shm_unmap;
  methods.xFetch = fetch;
  methods.xUnfetch = unfetch;
  return methods;
}

// SQLite asks the version before it uses shared memory (from 2 on) or mapped memory (3): a file has the one
// of the file below. Versions beyond 3 are not known here, and not shown.
const sqlite3_io_methods* methods_like(const sqlite3_io_methods& below) noexcept {
  static constexpr sqlite3_io_methods kVersions[] = {methods_of_version(1), methods_of_version(2),
                                                     methods_of_version(3)};
  return &kVersions[std::clamp(below.iVersion, 1, 3) - 1];
}

// --- The VFS as SQLite sees it. ---

VfsShim& shim_of(sqlite3_vfs* vfs) noexcept {
  return *static_cast<VfsShim*>(vfs->pAppData);
}

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept {
  file->pMethods = nullptr;
  VfsShim& shim = shim_of(vfs);
  const int size = shim.below().szOsFile;
  auto* const opened = static_cast<sqlite3_file*>(sqlite3_malloc(size));
  if (opened == nullptr) return SQLITE_NOMEM;
  std::memset(opened, 0, static_cast<std::size_t>(size));
  const int result = shim.open(name, opened, flags, flags_out);
  std::unique_ptr<ShimFile> wrapped = result == SQLITE_OK ? shim.wrap(*opened, flags) : nullptr;
  if (wrapped == nullptr) {
    discard(opened);
    return result == SQLITE_OK ? SQLITE_NOMEM : result;
  }
  auto* const slot = reinterpret_cast<Slot*>(file);
  slot->file = wrapped.release();
  slot->base.pMethods = methods_like(*opened->pMethods);
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) noexcept {
  return shim_of(vfs).remove(name, sync_folder);
}
int access(sqlite3_vfs* vfs, const char* name, int flags, int* answer) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xAccess(&below, name, flags, answer);
}
int full_pathname(sqlite3_vfs* vfs, const char* name, int bytes, char* out) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xFullPathname(&below, name, bytes, out);
}
int randomness(sqlite3_vfs* vfs, int bytes, char* out) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xRandomness(&below, bytes, out);
}
int sleep(sqlite3_vfs* vfs, int microseconds) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xSleep(&below, microseconds);
}
int current_time(sqlite3_vfs* vfs, double* days) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xCurrentTime(&below, days);
}
int last_error(sqlite3_vfs* vfs, int bytes, char* message) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xGetLastError == nullptr ? 0 : below.xGetLastError(&below, bytes, message);
}
int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* ms) noexcept {
  sqlite3_vfs& below = shim_of(vfs).below();
  return below.xCurrentTimeInt64(&below, ms);
}

}   // namespace

int ShimFile::read(void* to, int bytes, sqlite3_int64 offset) noexcept {
  return below_.pMethods->xRead(&below_, to, bytes, offset);
}
int ShimFile::write(const void* from, int bytes, sqlite3_int64 offset) noexcept {
  return below_.pMethods->xWrite(&below_, from, bytes, offset);
}
int ShimFile::truncate(sqlite3_int64 size) noexcept {
  return below_.pMethods->xTruncate(&below_, size);
}
int ShimFile::sync(int flags) noexcept {
  return below_.pMethods->xSync(&below_, flags);
}
int ShimFile::shm_map(int region, int bytes, int extend, void volatile** at) noexcept {
  return below_.pMethods->xShmMap(&below_, region, bytes, extend, at);
}

// SQLite hands out buffers for full paths by mxPathname, and the VFS below may count on its own. There is nothing to load
// extensions by: no connection may.
VfsShim::VfsShim(const char* name, sqlite3_vfs* below_it) noexcept : below_(below_it) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(Slot);
  vfs_.mxPathname = below().mxPathname;
  vfs_.zName = name;
  vfs_.pAppData = this;
  vfs_.xOpen = sqlite::open;
  vfs_.xDelete = sqlite::remove;
  vfs_.xAccess = access;
  vfs_.xFullPathname = full_pathname;
  vfs_.xRandomness = randomness;
  vfs_.xSleep = sleep;
  vfs_.xCurrentTime = current_time;
  vfs_.xGetLastError = last_error;
  const bool has_ms = below().iVersion >= 2 && below().xCurrentTimeInt64 != nullptr;
  vfs_.xCurrentTimeInt64 = has_ms ? current_time_ms : nullptr;
}

int VfsShim::enroll(bool as_default) noexcept {
  return sqlite3_vfs_register(&vfs_, as_default ? 1 : 0);
}

int VfsShim::withdraw() noexcept {
  return sqlite3_vfs_unregister(&vfs_);
}

int VfsShim::open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept {
  sqlite3_vfs& vfs = below();
  return vfs.xOpen(&vfs, name, file, flags, flags_out);
}

int VfsShim::remove(const char* name, int sync_folder) noexcept {
  sqlite3_vfs& vfs = below();
  return vfs.xDelete(&vfs, name, sync_folder);
}

std::unique_ptr<ShimFile> VfsShim::wrap(sqlite3_file& file, int) noexcept {
  return std::unique_ptr<ShimFile>(new (std::nothrow) ShimFile(file));
}

}   // namespace usertags::sqlite
