#include "store/file/file_moves.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/file/system_failure.hpp"

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

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int error = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) close(descriptor);
  if (error != 0) fail_system(error, "cannot sync the folder " + model::quoted_path(folder.native()));
}

}   // namespace usertags::store
