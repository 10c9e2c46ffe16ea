// SmallDisk: a file system of its own that is soon full, for as long as a test lasts.
#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "support/temp_dir.hpp"

namespace usertags::test {

// Of so many bytes, such as "size=4m". Needs root.
class SmallDisk {
 public:
  explicit SmallDisk(const char* size)
      : mounted_(mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, size) == 0) {}
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

  // Takes all but about this many bytes.
  void fill(std::uintmax_t leave) const {
    const std::uintmax_t free = std::filesystem::space(folder_.path()).available;
    std::ofstream(folder_ / "ballast") << std::string(free > leave ? free - leave : 0, 'x');
  }
  void free() const { std::filesystem::remove(folder_ / "ballast"); }

 private:
  TempDir folder_;
  bool mounted_;
};

}   // namespace usertags::test
