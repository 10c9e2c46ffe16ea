#include "sqlite/observed_vfs.hpp"

#include <sys/resource.h>
#include <cerrno>
#include <cstdint>
#include <new>
#include <utility>

#include "sqlite/connection.hpp"
#include "sqlite/vfs_shim.hpp"

namespace usertags::sqlite {

bool exceeds_file_size_limit(std::uint64_t offset, std::uint64_t bytes) noexcept {
  struct rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return offset + bytes > limit.rlim_cur;
}

namespace {

thread_local SyncObserver* observer = nullptr;
thread_local int file_error = 0;
thread_local std::uint64_t writes_done = 0;

// A short read is an answer: the file ends there.
int noted(int result) noexcept {
  if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ) file_error = errno;
  return result;
}

bool is_too_large(std::uint64_t offset, std::uint64_t bytes) noexcept {
  if (!exceeds_file_size_limit(offset, bytes)) return false;
  errno = EFBIG;
  return true;
}

class ObservedFile final : public ShimFile {
 public:
  using ShimFile::ShimFile;

  // SQLite takes what a short read lacks for zeros, and may write it back. Where the file has those bytes,
  // that would damage it.
  int read(void* to, int bytes, sqlite3_int64 offset) noexcept override {
    int result = ShimFile::read(to, bytes, offset);
    if (result == SQLITE_IOERR_SHORT_READ && reaches(offset + bytes)) {
      result = ShimFile::read(to, bytes, offset);   // it may have grown since
      if (result == SQLITE_IOERR_SHORT_READ) {
        errno = EIO;
        result = SQLITE_IOERR_READ;
      }
    }
    return noted(result);
  }
  int write(const void* from, int bytes, sqlite3_int64 offset) noexcept override {
    if (is_too_large(static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(bytes)))
      return noted(SQLITE_FULL);
    ++writes_done;
    return noted(ShimFile::write(from, bytes, offset));
  }
  int truncate(sqlite3_int64 size) noexcept override {
    ++writes_done;
    return noted(ShimFile::truncate(size));
  }
  int sync(int flags) noexcept override {
    ++writes_done;
    if (observer == nullptr) return noted(ShimFile::sync(flags));
    const auto start = std::chrono::steady_clock::now();
    const int result = noted(ShimFile::sync(flags));
    observer->on_sync(std::chrono::steady_clock::now() - start);
    return result;
  }
  // SQLite writes into the -shm to extend it.
  int shm_map(int region, int bytes, int extend, void volatile** at) noexcept override {
    const auto size = static_cast<std::uint64_t>(bytes);
    if (extend != 0 && is_too_large(static_cast<std::uint64_t>(region) * size, size))
      return noted(SQLITE_FULL);
    return noted(ShimFile::shm_map(region, bytes, extend, at));
  }

 private:
  bool reaches(sqlite3_int64 end) noexcept {
    sqlite3_int64 size = 0;
    return below().pMethods->xFileSize(&below(), &size) == SQLITE_OK && end <= size;
  }
};

class ObservedVfs final : public VfsShim {
 public:
  using VfsShim::VfsShim;

  std::unique_ptr<ShimFile> wrap(sqlite3_file& file, int) noexcept override {
    return std::unique_ptr<ShimFile>(new (std::nothrow) ObservedFile(file));
  }
};

}   // namespace

void register_observed_vfs() {
  // Files may be open until the process ends, so that it is never destroyed.
  static ObservedVfs& shim = *new ObservedVfs(kObservedVfs);
  if (sqlite3_vfs_find(kObservedVfs) != nullptr) return;
  const int result = shim.enroll(false);
  if (result != SQLITE_OK) throw_failure(nullptr, result, "cannot register a VFS with SQLite");
}

int last_file_error() noexcept {
  return file_error;
}

std::uint64_t file_writes() noexcept {
  return writes_done;
}

ObserveSyncs::ObserveSyncs(SyncObserver& new_observer) noexcept
    : previous_(std::exchange(observer, &new_observer)) {}

ObserveSyncs::~ObserveSyncs() {
  observer = previous_;
}

}   // namespace usertags::sqlite
