#include "store/file/store_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "model/failure.hpp"
#include "store/file/system_failure.hpp"

namespace usertags::store {
namespace {

std::filesystem::path sidecar(const std::filesystem::path& store) {
  std::filesystem::path path = store;
  return path += ".lock";
}

[[noreturn]] void fail_sidecar(const std::filesystem::path& path, const char* doing) {
  const int error = errno;
  fail_system(error, std::string("cannot ") + doing + ' ' + path.string());
}

bool try_lock(int descriptor, int how) {
  int result;
  do result = flock(descriptor, how | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

std::optional<std::int64_t> read_holder(int descriptor) {
  char text[24];
  const ssize_t size = pread(descriptor, text, sizeof text, 0);
  std::int64_t pid = 0;
  if (size <= 0 || std::from_chars(text, text + size, pid).ec != std::errc()) return std::nullopt;
  return pid;
}

// Who holds the sidecar is a writer, if it cannot be shared either.
[[noreturn]] void fail_locked(const std::filesystem::path& store, int descriptor) {
  const std::optional<std::int64_t> holder = read_holder(descriptor);
  throw model::Failure{Error(
      ErrorCode::store_locked,
      Error::Details{.what = store.string() + " is open for writing" +
                             (holder ? " in process " + std::to_string(*holder) : std::string(" elsewhere")),
                     .holder_pid = holder})};
}

// The process id is for people and messages; a sidecar that cannot hold it locks all the same.
void write_holder(int descriptor) {
  const std::string text = std::to_string(getpid()) + '\n';
  if (ftruncate(descriptor, 0) == 0) std::ignore = pwrite(descriptor, text.data(), text.size(), 0);
}

}   // namespace

StoreLock StoreLock::exclusive(const std::filesystem::path& store, std::chrono::milliseconds patience) {
  const std::filesystem::path path = sidecar(store);
  StoreLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock.descriptor_ < 0) fail_sidecar(path, "open");
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!try_lock(lock.descriptor_, LOCK_EX)) {
    if (errno != EWOULDBLOCK) fail_sidecar(path, "lock");
    if (!try_lock(lock.descriptor_, LOCK_SH)) fail_locked(store, lock.descriptor_);
    if (std::chrono::steady_clock::now() >= deadline) {
      model::fail(ErrorCode::busy, "other processes are still loading " + store.string());
    }
    flock(lock.descriptor_, LOCK_UN);
    usleep(1'000);   // readers hold it while they load; there is nothing to be woken by
  }
  write_holder(lock.descriptor_);
  return lock;
}

std::optional<StoreLock> StoreLock::try_shared(const std::filesystem::path& store) {
  StoreLock lock(open(sidecar(store).c_str(), O_RDONLY | O_CLOEXEC));
  if (lock.descriptor_ < 0 || !try_lock(lock.descriptor_, LOCK_SH)) return std::nullopt;
  return lock;
}

bool StoreLock::has_sidecar(const std::filesystem::path& store) {
  std::error_code ignored;
  return std::filesystem::exists(sidecar(store), ignored);
}

StoreLock::StoreLock(StoreLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

StoreLock& StoreLock::operator=(StoreLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

// Unlocked by hand: a child that was forked before it could let go shares the lock.
StoreLock::~StoreLock() {
  if (descriptor_ >= 0) flock(descriptor_, LOCK_UN);
  abandon();
}

void StoreLock::abandon() noexcept {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

}   // namespace usertags::store
