#include "store/file/partial_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/file/entropy.hpp"
#include "store/file/rights.hpp"

namespace usertags::store {

namespace {

[[noreturn]] void fail_move(int error, const std::filesystem::path& to) {
  if (error == EEXIST) {
    model::fail(ErrorCode::busy, model::quoted_path(to.native()) + " came into being meanwhile",
                "look what it is, then try again");
  }
  fail_system(error, "cannot put a file in place at " + model::quoted_path(to.native()));
}

}   // namespace

void move_over(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) fail_move(errno, to);
}

void move_to_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  const bool is_unknown_here = errno == EINVAL || errno == ENOSYS;
  if (!is_unknown_here) fail_move(errno, to);
  move_over(from, to);
}

namespace {

void sync(const std::filesystem::path& path, int flags, const char* what) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  const int error = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) close(descriptor);
  if (error != 0) fail_system(error, std::string("cannot sync ") + what + model::quoted_path(path.native()));
}

}   // namespace

void sync_file(const std::filesystem::path& file) {
  sync(file, 0, "");
}

void sync_folder(const std::filesystem::path& folder) {
  sync(folder, O_DIRECTORY, "the folder ");
}

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
