// Where a run keeps its files: on a disk, and gone when the run is over.
#pragma once

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace usertags::bench {

class Folder {
 public:
  Folder() {
    std::filesystem::create_directories(path_);
    struct statfs system{};
    if (statfs(path_.c_str(), &system) == 0 && system.f_type == TMPFS_MAGIC) {
      std::filesystem::remove_all(path_);
      throw std::runtime_error(path_.string() +
                               " is in memory, where syncs cost nothing: set TMPDIR to a disk");
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("usertags-compare-" + std::to_string(getpid()));
};

inline std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

}   // namespace usertags::bench
