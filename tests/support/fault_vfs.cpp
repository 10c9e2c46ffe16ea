#include "support/fault_vfs.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <string_view>
#include <utility>

namespace usertags::test {
namespace {

FileRole role_of(int open_flags) noexcept {
  if ((open_flags & SQLITE_OPEN_MAIN_DB) != 0) return FileRole::database;
  if ((open_flags & SQLITE_OPEN_WAL) != 0) return FileRole::wal;
  if ((open_flags & SQLITE_OPEN_MAIN_JOURNAL) != 0) return FileRole::journal;
  return FileRole::other;
}

// What SQLite removes is known by name alone.
FileRole role_of(std::string_view name) noexcept {
  if (name.ends_with("-wal")) return FileRole::wal;
  if (name.ends_with("-journal")) return FileRole::journal;
  return FileRole::other;
}

bool fits(const Fault& fault, FileOperation operation, FileRole file) {
  const bool any_file = fault.files.empty();
  const bool any_thread = fault.thread == std::thread::id();
  return fault.operation == operation && (any_thread || fault.thread == std::this_thread::get_id()) &&
         (any_file || std::ranges::find(fault.files, file) != fault.files.end());
}

}   // namespace

// --- A file. ---

class FaultVfs::File final : public sqlite::ShimFile {
 public:
  File(FaultVfs& vfs, sqlite3_file& below, FileRole role) noexcept
      : ShimFile(below), vfs_(vfs), role_(role) {}
  ~File() override {
    const std::lock_guard lock(vfs_.mutex_);
    --vfs_.open_files_;
  }

  int read(void* to, int bytes, sqlite3_int64 offset) noexcept override {
    const Judgement judgement = vfs_.judge(FileOperation::read, role_);
    if (judgement.result == SQLITE_OK) return ShimFile::read(to, bytes, offset);
    if (judgement.torn) {   // as SQLite has it: what was not read is zero
      std::memset(to, 0, static_cast<std::size_t>(bytes));
      ShimFile::read(to, bytes / 2, offset);
    }
    errno = judgement.system_error;
    return judgement.result;
  }
  int write(const void* from, int bytes, sqlite3_int64 offset) noexcept override {
    const Judgement judgement = vfs_.judge(FileOperation::write, role_);
    if (judgement.result == SQLITE_OK) {
      vfs_.note_written(role_, bytes);
      return ShimFile::write(from, bytes, offset);
    }
    if (judgement.torn) ShimFile::write(from, bytes / 2, offset);
    errno = judgement.system_error;
    return judgement.result;
  }
  int truncate(sqlite3_int64 size) noexcept override {
    const int result = vfs_.fail_or_pass(FileOperation::truncate, role_);
    return result != SQLITE_OK ? result : ShimFile::truncate(size);
  }
  int sync(int flags) noexcept override {
    const int result = vfs_.fail_or_pass(FileOperation::sync, role_);
    if (result == SQLITE_OK) return ShimFile::sync(flags);
    if (vfs_.on_failed_sync_) vfs_.on_failed_sync_(role_);
    return result;
  }

 private:
  FaultVfs& vfs_;
  const FileRole role_;
};

// --- The VFS. ---

FaultVfs::FaultVfs() : VfsShim("usertags-faults", sqlite3_vfs_find(nullptr)) {
  if (enroll(true) != SQLITE_OK) throw std::bad_alloc();
}

FaultVfs::~FaultVfs() {
  if (open_files_ != 0) {
    std::fputs("FaultVfs: a connection outlives it\n", stderr);
    std::abort();
  }
  withdraw();
  sqlite3_vfs_register(&below(), 1);
}

void FaultVfs::arm(Fault fault) {
  const std::lock_guard lock(mutex_);
  armed_.push_back({std::move(fault)});
}

void FaultVfs::disarm() {
  const std::lock_guard lock(mutex_);
  armed_.clear();
}

std::uint64_t FaultVfs::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

std::uint64_t FaultVfs::count(FileOperation operation) const {
  const std::lock_guard lock(mutex_);
  const auto& of_files = counts_[static_cast<std::size_t>(operation)];
  return std::accumulate(of_files.begin(), of_files.end(), std::uint64_t{0});
}

std::uint64_t FaultVfs::count(FileOperation operation, FileRole file) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(operation)][static_cast<std::size_t>(file)];
}

std::uint64_t FaultVfs::bytes_written(FileRole file) const {
  const std::lock_guard lock(mutex_);
  return bytes_written_[static_cast<std::size_t>(file)];
}

int FaultVfs::open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept {
  const int result = fail_or_pass(FileOperation::open, role_of(flags));
  return result != SQLITE_OK ? result : VfsShim::open(name, file, flags, flags_out);
}

int FaultVfs::remove(const char* name, int sync_folder) noexcept {
  const int result = fail_or_pass(FileOperation::remove, role_of(name));
  return result != SQLITE_OK ? result : VfsShim::remove(name, sync_folder);
}

std::unique_ptr<sqlite::ShimFile> FaultVfs::wrap(sqlite3_file& file, int flags) noexcept {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<sqlite::ShimFile> wrapped(new (std::nothrow) File(*this, file, role_of(flags)));
  if (wrapped != nullptr) ++open_files_;
  return wrapped;
}

FaultVfs::Judgement FaultVfs::judge(FileOperation operation, FileRole file) {
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(operation)][static_cast<std::size_t>(file)];
  Judgement judgement;
  for (auto& [fault, seen] : armed_) {
    if (!fits(fault, operation, file)) continue;
    ++seen;
    const bool strikes = seen == fault.nth || (fault.sticky && seen > fault.nth);
    if (strikes) judgement = {fault.result, fault.system_error, fault.torn};
  }
  if (judgement.result != SQLITE_OK) ++fired_;
  return judgement;
}

int FaultVfs::fail_or_pass(FileOperation operation, FileRole file) {
  const Judgement judgement = judge(operation, file);
  if (judgement.result != SQLITE_OK) errno = judgement.system_error;
  return judgement.result;
}

void FaultVfs::note_written(FileRole file, int bytes) {
  const std::lock_guard lock(mutex_);
  bytes_written_[static_cast<std::size_t>(file)] += static_cast<std::uint64_t>(bytes);
}

}   // namespace usertags::test
