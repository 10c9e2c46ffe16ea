#include "torture/disk_recorder.hpp"

#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace usertags::torture {
namespace {

using Kind = DiskOperation::Kind;

constexpr const char* kSuffixes[] = {"", "-journal", "-wal"};

// What VfsShim asks for next, on the same thread, is to wrap the file that open() has opened: its number, and
// whether its first sync is the folder's, too.
struct Opened {
  std::optional<std::size_t> file;
  bool is_wal = false;
  bool syncs_folder = false;
};
thread_local Opened opened;

}   // namespace

// --- A file. ---

class DiskRecorder::File final : public sqlite::ShimFile {
 public:
  File(DiskRecorder& recorder, sqlite3_file& below, const Opened& opened) noexcept
      : ShimFile(below),
        recorder_(recorder),
        file_(*opened.file),
        is_wal_(opened.is_wal),
        syncs_folder_(opened.syncs_folder) {}

  int write(const void* from, int bytes, sqlite3_int64 offset) noexcept override {
    const int result = ShimFile::write(from, bytes, offset);
    if (result == SQLITE_OK) {
      recorder_.note({.kind = Kind::write,
                      .file = file_,
                      .offset = static_cast<std::uint64_t>(offset),
                      .bytes = {static_cast<const char*>(from), static_cast<std::size_t>(bytes)}});
    }
    return result;
  }
  int truncate(sqlite3_int64 size) noexcept override {
    const int result = ShimFile::truncate(size);
    if (result == SQLITE_OK)
      recorder_.note({.kind = Kind::truncate, .file = file_, .offset = static_cast<std::uint64_t>(size)});
    return result;
  }
  int sync(int flags) noexcept override {
    if (is_wal_ && recorder_.ignores_wal_syncs_) return SQLITE_OK;
    const int result = ShimFile::sync(flags);
    if (result == SQLITE_OK) {
      recorder_.note(
          {.kind = Kind::sync, .file = file_, .syncs_folder = std::exchange(syncs_folder_, false)});
    } else {
      recorder_.note({.kind = Kind::failed_sync, .file = file_});
    }
    return result;
  }

 private:
  DiskRecorder& recorder_;
  const std::size_t file_;
  const bool is_wal_;
  bool syncs_folder_;
};

// --- The VFS. ---

std::string name_of(test::FileRole role) {
  switch (role) {
    case test::FileRole::wal: return "-wal";
    case test::FileRole::journal: return "-journal";
    default: return "";
  }
}

DiskImage image_of(const std::filesystem::path& store) {
  DiskImage image;
  for (const char* suffix : kSuffixes) {
    std::ifstream file(store.native() + suffix, std::ios::binary);
    if (file) image[suffix] = {std::istreambuf_iterator<char>(file), {}};
  }
  return image;
}

DiskRecorder::DiskRecorder(std::filesystem::path store, DiskImage before)
    : VfsShim("usertags-recorder", sqlite3_vfs_find(nullptr)), store_(std::move(store)) {
  record_.before = std::move(before);
  for (const auto& [suffix, bytes] : record_.before) folder_[suffix] = files_++;
  if (enroll(true) != SQLITE_OK) throw std::bad_alloc();
}

DiskRecorder::~DiskRecorder() {
  withdraw();
  sqlite3_vfs_register(&below(), 1);
}

std::size_t DiskRecorder::operations() const {
  const std::lock_guard lock(mutex_);
  return record_.operations.size();
}

void DiskRecorder::fail_sync(const std::string& name) {
  const std::lock_guard lock(mutex_);
  record_.operations.push_back({.kind = Kind::failed_sync, .file = folder_.at(name)});
}

void DiskRecorder::note(DiskOperation operation) {
  const std::lock_guard lock(mutex_);
  record_.operations.push_back(std::move(operation));
}

bool DiskRecorder::is_ours(const char* name, std::string& suffix) const {
  const std::string_view text(name == nullptr ? "" : name);
  if (!text.starts_with(store_.native())) return false;
  suffix = text.substr(store_.native().size());
  for (const char* ours : kSuffixes) {
    if (suffix == ours) return true;
  }
  return false;
}

int DiskRecorder::open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept {
  opened = {};
  const int result = VfsShim::open(name, file, flags, flags_out);
  std::string suffix;
  if (result != SQLITE_OK || !is_ours(name, suffix)) return result;
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = folder_.try_emplace(suffix, files_);
  if (is_new) record_.operations.push_back({.kind = Kind::create, .file = files_++, .name = suffix});
  constexpr int kJournals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  opened = {.file = found->second,
            .is_wal = (flags & SQLITE_OPEN_WAL) != 0,
            .syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0};
  return result;
}

int DiskRecorder::remove(const char* name, int sync_folder) noexcept {
  const int result = VfsShim::remove(name, sync_folder);
  std::string suffix;
  if (result != SQLITE_OK || !is_ours(name, suffix)) return result;
  const std::lock_guard lock(mutex_);
  const auto found = folder_.find(suffix);
  if (found == folder_.end()) return result;
  record_.operations.push_back(
      {.kind = Kind::remove, .file = found->second, .name = suffix, .syncs_folder = (sync_folder & 1) != 0});
  folder_.erase(found);
  return result;
}

std::unique_ptr<sqlite::ShimFile> DiskRecorder::wrap(sqlite3_file& file, int flags) noexcept {
  if (!opened.file) return VfsShim::wrap(file, flags);
  return std::unique_ptr<sqlite::ShimFile>(new (std::nothrow) File(*this, file, opened));
}

}   // namespace usertags::torture
