// How a finished file gets its name, so that at every moment there is the old file or the new one, and whole.
#pragma once

#include <sys/types.h>
#include <array>
#include <filesystem>
#include <optional>

namespace usertags::store {

// Both throw Failure, and leave `from` where it is then. In place of a file that is there:
void move_over(const std::filesystem::path& from, const std::filesystem::path& to);
// Where there is none; busy, where one has come into being. Some file systems cannot tell, and replace it.
void move_to_new(const std::filesystem::path& from, const std::filesystem::path& to);

// Both throw Failure. What is in the file, and what was moved into the folder, stays there through a power loss.
void sync_file(const std::filesystem::path& file);
void sync_folder(const std::filesystem::path& folder);

// PartialFile: a file that is being written under a name of its own, and is removed unless it was moved to
// the name that it is for.
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
