#include "store/file/rights.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/file/store_path.hpp"

namespace usertags::store {

namespace {

ErrorCode code_of(int error) noexcept {
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT: return ErrorCode::disk_full;
    case ENOMEM: return ErrorCode::out_of_memory;
    default: return ErrorCode::io_error;
  }
}

}   // namespace

void fail_system(int error, std::string what, std::string remedy) {
  const ErrorCode code = code_of(error);
  Error::Details details{.what = std::move(what) + ": " + std::generic_category().message(error),
                         .system_error = error};
  if (code == ErrorCode::io_error) details.remedy = std::move(remedy);
  throw model::Failure{Error(code, std::move(details))};
}

namespace {

namespace fs = std::filesystem;

// By the rights with which it acts, as open(2) judges.
bool may(const fs::path& path, int how) {
  return faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0 || (errno != EACCES && errno != EROFS);
}

bool is_there(const fs::path& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0;
}

// `name` stands for the path in a sentence.
std::string words(const std::string& name, const fs::path& path, int how) {
  const bool writes = (how & W_OK) != 0;
  const bool reads_too = writes && (how & R_OK) != 0 && !may(path, R_OK);
  const bool is_medium = writes && faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0 && errno == EROFS;
  return name + " may not be " +
         (reads_too ? "read or written"
          : writes  ? "written"
                    : "read") +
         (is_medium ? ": its file system is read-only" : " by this process");
}

std::optional<std::string> missing_on(const fs::path& file, int how, const std::string& name) {
  if (may(file, how)) return std::nullopt;
  return words(name, file, how);
}

// On a file beside the store that is opened with this right, and made where it is not there.
std::optional<std::string> missing_beside(const fs::path& store, std::string_view suffix, int how) {
  fs::path file = store;
  file += suffix;
  if (is_there(file)) return missing_on(file, how, suffix.empty() ? "it" : model::quoted_path(file.native()));
  const fs::path folder = store.parent_path();
  if (may(folder, W_OK | X_OK)) return std::nullopt;
  return words("the folder " + model::quoted_path(folder.native()), folder, W_OK) + ", and " +
         model::quoted_path(file.filename().native()) + " has to be made there";
}

std::optional<std::string> missing_on_folder(const fs::path& store) {
  const fs::path folder = store.parent_path();
  if (may(folder, X_OK)) return std::nullopt;
  return "the folder " + model::quoted_path(folder.native()) + " may not be searched by this process";
}

}   // namespace

std::optional<std::string> missing_right_to_read(const fs::path& store) {
  if (auto missing = missing_on_folder(store)) return missing;
  if (auto missing = missing_on(store, R_OK, "it")) return missing;
  if (!has_wal(store)) return std::nullopt;
  if (auto missing = missing_beside(store, "-wal", R_OK)) return missing;
  return missing_beside(store, "-shm", R_OK);
}

std::optional<std::string> missing_right_to_write(const fs::path& store) {
  if (auto missing = missing_on_folder(store)) return missing;
  if (auto missing = missing_beside(store, "", R_OK | W_OK)) return missing;
  if (auto missing = missing_beside(store, ".lock", R_OK)) return missing;
  if (auto missing = missing_beside(store, "-wal", R_OK | W_OK)) return missing;
  return missing_beside(store, "-shm", R_OK | W_OK);
}

void fail_right(int system_error, const std::string& what, const std::string& missing) {
  throw model::Failure{
      Error(ErrorCode::permission_denied,
            Error::Details{.what = what + ": " + missing,
                           .system_error = system_error == 0 ? std::nullopt : std::optional(system_error)})};
}

namespace {

// SQLite cannot open a file, or one beside it, for many a reason, and does not always tell which.
[[noreturn]] void fail_for(const std::string& what, const std::optional<std::string>& missing,
                           const Error& error) {
  const bool may_be_of_rights =
      error == ErrorCode::permission_denied || error == ErrorCode::io_error || error == ErrorCode::read_only;
  if (!may_be_of_rights || !missing) throw model::Failure{error};
  fail_right(error.system_error().value_or(0), what, *missing);
}

}   // namespace

void fail_to_read(const fs::path& store, const Error& error) {
  fail_for("cannot read " + model::quoted_path(store.native()), missing_right_to_read(store), error);
}

void fail_to_write(const fs::path& store, const Error& error) {
  fail_for("cannot write to " + model::quoted_path(store.native()), missing_right_to_write(store), error);
}

}   // namespace usertags::store
