// PartialFile: a file that is being written under a name of its own, and is removed unless it was moved to
// the name that it is for.
#pragma once

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <optional>

namespace usertags::store {

class PartialFile {
 public:
  // Makes an empty one in the folder, `.usertags-backup-` and 16 random digits, with this mode, or as new
  // files are made. Throws Failure: permission_denied, disk_full, io_error.
  PartialFile(const std::filesystem::path& folder, std::optional<mode_t> mode);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();   // with whatever SQLite has left beside it

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  const std::filesystem::path path_;
  const std::array<std::filesystem::path, 3> beside_;   // made beforehand: removing needs no memory
};

}   // namespace usertags::store
