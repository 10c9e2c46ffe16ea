#include "store/file/store_path.hpp"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/file/rights.hpp"

namespace usertags::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_path(int error, std::string what) {
  fail_system(error, std::move(what), "check the path");
}

// As many as Linux follows.
constexpr int kMaxLinks = 40;

// Through symbolic links, also where what they name is not there yet: SQLite would make it there, too.
fs::path follow_links(const fs::path& path, std::error_code& error) {
  fs::path name = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    if (!fs::is_symlink(fs::symlink_status(name, error))) return name;
    name = name.parent_path() / fs::read_symlink(name, error);
    if (error) return name;
  }
  error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
  return name;
}

fs::path resolve(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  const fs::path name = error ? path : follow_links(absolute, error);
  const bool is_missing = error == std::errc::no_such_file_or_directory;
  if (error && !is_missing) fail_path(error.value(), "cannot resolve " + model::quoted_path(path.native()));
  const fs::path resolved = fs::weakly_canonical(name, error);
  if (error) fail_path(error.value(), "cannot resolve " + model::quoted_path(path.native()));
  return resolved;
}

// Magic numbers of statfs(2).
bool is_network_file_system(const fs::path& folder) {
  constexpr std::array<std::uint32_t, 10> kNetwork = {0x6969 /* NFS */,        0x517B /* SMB */,
                                                      0xFF534D42 /* CIFS */,   0xFE534D42 /* SMB2 */,
                                                      0x73757245 /* Coda */,   0x5346414F /* OpenAFS */,
                                                      0x01021997 /* 9P */,     0x00C36400 /* Ceph */,
                                                      0x0BD00BD0 /* Lustre */, 0x564C /* NCP */};
  struct statfs info{};
  if (statfs(folder.c_str(), &info) != 0) return false;
  return std::ranges::find(kNetwork, static_cast<std::uint32_t>(info.f_type)) != kNetwork.end();
}

void check_folder(const fs::path& folder, bool allow_network_file_system) {
  struct stat info{};
  if (stat(folder.c_str(), &info) != 0)
    fail_path(errno, "there is no folder " + model::quoted_path(folder.native()));
  if (!S_ISDIR(info.st_mode)) fail_path(ENOTDIR, model::quoted_path(folder.native()) + " is no folder");
  if (!allow_network_file_system && is_network_file_system(folder)) {
    model::fail(
        ErrorCode::invalid_argument,
        model::quoted_path(folder.native()) + " is on a network file system, whose locks cannot be trusted",
        "keep the store on a local disk, or set Options::allow_network_file_system");
  }
}

void check_file(const fs::path& file, const struct stat& info) {
  if (S_ISDIR(info.st_mode)) fail_path(EISDIR, model::quoted_path(file.native()) + " is no regular file");
  if (!S_ISREG(info.st_mode))
    model::fail(ErrorCode::io_error, model::quoted_path(file.native()) + " is no regular file",
                "check the path");
  if (info.st_size == 1) {
    model::fail(ErrorCode::not_a_store,
                model::quoted_path(file.native()) + " has one byte, and SQLite would take it for empty");
  }
  if (info.st_nlink > 1) {
    model::fail(ErrorCode::invalid_argument,
                model::quoted_path(file.native()) +
                    " has several hard links, and each name would have a WAL of its own",
                "remove all names but one");
  }
}

bool is_filled_beside(const fs::path& store, std::string_view suffix) {
  fs::path file = store;
  struct stat info{};
  return stat((file += suffix).c_str(), &info) == 0 && info.st_size > 0;
}

}   // namespace

StorePath resolve_store_path(const fs::path& path, bool allow_network_file_system) {
  if (path.empty()) model::fail(ErrorCode::invalid_argument, "the path is empty");
  if (path.native().contains('\0')) model::fail(ErrorCode::invalid_argument, "the path contains a NUL");
  StorePath result{.path = resolve(path)};
  check_folder(result.path.parent_path(), allow_network_file_system);
  struct stat info{};
  if (stat(result.path.c_str(), &info) == 0) {
    check_file(result.path, info);
    result.exists = true;
  } else if (errno != ENOENT) {
    fail_path(errno, "cannot look at " + model::quoted_path(result.path.native()));
  }
  return result;
}

void require_store(const StorePath& place, std::string remedy) {
  if (place.exists) return;
  model::fail(ErrorCode::not_a_store, "there is no store at " + model::quoted_path(place.path.native()),
              std::move(remedy));
}

bool has_wal(const fs::path& store) {
  return is_filled_beside(store, "-wal");
}

bool has_journal(const fs::path& store) {
  return is_filled_beside(store, "-journal");
}

}   // namespace usertags::store
