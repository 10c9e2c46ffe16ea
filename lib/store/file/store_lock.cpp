#include "store/file/store_lock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "model/deadline.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/observed_vfs.hpp"
#include "store/file/fork_guard.hpp"
#include "store/file/rights.hpp"

namespace usertags::store {

namespace fs = std::filesystem;

// The sidecar's open file. Its guard is there before it, so that no child keeps it open, and with it the
// lock.
class StoreLock::Descriptor {
 public:
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // Unlocked by hand: a child that came into being without fork()'s handlers shares the lock.
  ~Descriptor() {
    if (value_ < 0) return;
    flock(value_, LOCK_UN);
    const ForkGuard::NoFork now;
    close();
  }

  // False, and errno: it cannot be opened.
  bool open(const fs::path& path, int flags, mode_t mode = 0) {
    const ForkGuard::NoFork now;
    value_ = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    return value_ >= 0;
  }
  int value() const noexcept { return value_; }

 private:
  void close() noexcept { ::close(std::exchange(value_, -1)); }

  static void let_go(void* self) noexcept {
    auto& descriptor = *static_cast<Descriptor*>(self);
    if (descriptor.value_ >= 0) descriptor.close();
  }

  int value_ = -1;
  ForkGuard guard_{let_go, this};
};

namespace {

constexpr std::size_t kMaxHolderBytes = 24;   // of a process id in decimal, and a newline

fs::path sidecar(const fs::path& store) {
  fs::path path = store;
  return path += ".lock";
}

[[noreturn]] void fail_sidecar(const fs::path& store, const fs::path& path, const char* doing, int error) {
  const std::string what = std::string("cannot ") + doing + ' ' + model::quoted_path(path.native());
  if (const auto missing = missing_right_to_write(store)) fail_right(error, what, *missing);
  fail_system(error, what);
}

bool try_lock(int descriptor, int how) {
  int result;
  do result = flock(descriptor, how | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

// A process that was killed has left its number behind, and one that may not write into the sidecar leaves it
// there.
std::optional<std::int64_t> read_holder(int descriptor) {
  char text[kMaxHolderBytes];
  const ssize_t size = pread(descriptor, text, sizeof text, 0);
  pid_t pid = 0;
  if (size <= 0 || std::from_chars(text, text + size, pid).ec != std::errc() || pid <= 0) return std::nullopt;
  if (kill(pid, 0) != 0 && errno == ESRCH) return std::nullopt;
  return pid;
}

// Who holds the sidecar is a writer, if it cannot be shared either.
[[noreturn]] void fail_locked(const fs::path& store, int descriptor) {
  const std::optional<std::int64_t> holder = read_holder(descriptor);
  const std::string where = !holder               ? " elsewhere"
                            : *holder == getpid() ? " in this process"
                                                  : " in process " + std::to_string(*holder);
  throw model::Failure{
      Error(ErrorCode::store_locked,
            Error::Details{.what = model::quoted_path(store.native()) + " is open for writing" + where,
                           .holder_pid = holder})};
}

// The process id is for people and messages; a sidecar that cannot hold it locks all the same. A file that is
// longer than any number is not ours, whatever its name.
void write_holder(int descriptor) {
  struct stat info{};
  if (fstat(descriptor, &info) != 0 || info.st_size > static_cast<off_t>(kMaxHolderBytes)) return;
  const std::string text = std::to_string(getpid()) + '\n';
  if (sqlite::exceeds_file_size_limit(0, text.size())) return;
  if (ftruncate(descriptor, 0) == 0) std::ignore = pwrite(descriptor, text.data(), text.size(), 0);
}

// As far as the process may. Not through a link, which may lead to anybody's file.
void take_owner_and_mode_of(const fs::path& store, const fs::path& path, int descriptor) {
  struct stat wanted{};
  struct stat found{};
  struct stat name{};
  if (stat(store.c_str(), &wanted) != 0 || fstat(descriptor, &found) != 0) return;
  if (lstat(path.c_str(), &name) != 0 || !S_ISREG(name.st_mode) || name.st_ino != found.st_ino ||
      found.st_nlink != 1)
    return;
  const bool is_root = geteuid() == 0;
  if (found.st_gid != wanted.st_gid || (is_root && found.st_uid != wanted.st_uid)) {
    std::ignore = fchown(descriptor, is_root ? wanted.st_uid : static_cast<uid_t>(-1), wanted.st_gid);
  }
  if ((found.st_mode & 0777) != (wanted.st_mode & 0777)) fchmod(descriptor, wanted.st_mode & 0777);
}

}   // namespace

StoreLock::StoreLock(std::unique_ptr<Descriptor> descriptor) noexcept : descriptor_(std::move(descriptor)) {}
StoreLock::StoreLock(StoreLock&& other) noexcept = default;
StoreLock& StoreLock::operator=(StoreLock&& other) noexcept = default;
StoreLock::~StoreLock() = default;

StoreLock StoreLock::exclusive(const fs::path& store, std::chrono::milliseconds patience) {
  const fs::path path = sidecar(store);
  auto descriptor = std::make_unique<Descriptor>();
  constexpr mode_t kAsSqliteMakesFiles = 0644;
  const bool opened = descriptor->open(path, O_RDWR | O_CREAT, kAsSqliteMakesFiles) ||
                      ((errno == EACCES || errno == EROFS) && descriptor->open(path, O_RDONLY));
  if (!opened) fail_sidecar(store, path, "open", errno);
  const int file = descriptor->value();
  const auto deadline = model::deadline_in(patience);
  while (!try_lock(file, LOCK_EX)) {
    if (errno != EWOULDBLOCK) fail_sidecar(store, path, "lock", errno);
    if (!try_lock(file, LOCK_SH)) fail_locked(store, file);
    if (std::chrono::steady_clock::now() >= deadline) {
      model::fail(ErrorCode::busy, "other processes are still loading " + model::quoted_path(store.native()));
    }
    flock(file, LOCK_UN);
    usleep(1'000);   // readers hold it while they load; there is nothing to be woken by
  }
  take_owner_and_mode_of(store, path, file);
  write_holder(file);
  return StoreLock(std::move(descriptor));
}

std::optional<StoreLock> StoreLock::try_shared(const fs::path& store) {
  auto descriptor = std::make_unique<Descriptor>();
  if (!descriptor->open(sidecar(store), O_RDONLY) || !try_lock(descriptor->value(), LOCK_SH))
    return std::nullopt;
  return StoreLock(std::move(descriptor));
}

bool StoreLock::has_sidecar(const fs::path& store) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(sidecar(store), ignored));
}

}   // namespace usertags::store
