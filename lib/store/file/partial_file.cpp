#include "store/file/partial_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

#include "store/file/entropy.hpp"
#include "store/file/system_failure.hpp"

namespace usertags::store {
namespace {

// Short, whatever the name that the file is for: that of the -wal beside it has to fit, too.
std::string random_name() {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), ".usertags-backup-%016llx",
                static_cast<unsigned long long>(Entropy().next()));
  return name.data();
}

// SQLite is not at work yet: its locks do not suffer from the close.
void make(const std::filesystem::path& path, std::optional<mode_t> mode) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode ? 0600 : 0666);
  if (descriptor < 0) fail_system(errno, "cannot make a file in " + path.parent_path().string());
  if (mode) fchmod(descriptor, *mode);
  close(descriptor);
}

}   // namespace

PartialFile::PartialFile(const std::filesystem::path& folder, std::optional<mode_t> mode)
    : path_(folder / random_name()) {
  make(path_, mode);
}

PartialFile::~PartialFile() {
  for (const std::string_view suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::path file = path_;
    std::filesystem::remove(file += suffix, ignored);
  }
}

}   // namespace usertags::store
