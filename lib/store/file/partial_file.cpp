#include "store/file/partial_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>

#include "model/shown_text.hpp"
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

std::filesystem::path beside(std::filesystem::path file, const char* suffix) {
  return file += suffix;
}

// SQLite is not at work yet: its locks do not suffer from the close.
void make(const std::filesystem::path& path, std::optional<mode_t> mode) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode ? 0600 : 0666);
  if (descriptor < 0)
    fail_system(errno, "cannot make a file in " + model::quoted_path(path.parent_path().native()));
  if (mode) fchmod(descriptor, *mode);
  close(descriptor);
}

}   // namespace

PartialFile::PartialFile(const std::filesystem::path& folder, std::optional<mode_t> mode)
    : path_(folder / random_name()),
      beside_{beside(path_, "-wal"), beside(path_, "-shm"), beside(path_, "-journal")} {
  make(path_, mode);
}

PartialFile::~PartialFile() {
  unlink(path_.c_str());
  for (const std::filesystem::path& file : beside_) unlink(file.c_str());
}

}   // namespace usertags::store
