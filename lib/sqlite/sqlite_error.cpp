#include "sqlite/sqlite_error.hpp"

#include <cerrno>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "sqlite/observed_vfs.hpp"

namespace usertags::sqlite {
namespace {

ErrorCode code_of_open_error(int system_error) noexcept {
  switch (system_error) {
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT: return ErrorCode::disk_full;
    case ENOMEM: return ErrorCode::out_of_memory;
    case EISDIR: return ErrorCode::not_a_store;
    default: return ErrorCode::io_error;
  }
}

ErrorCode code_of_io_error(int extended_code, int system_error) noexcept {
  if (extended_code == SQLITE_IOERR_NOMEM) return ErrorCode::out_of_memory;
  switch (system_error) {
    case ENOSPC:
    case EDQUOT: return ErrorCode::disk_full;
    case EISDIR: return ErrorCode::not_a_store;
    default: return ErrorCode::io_error;
  }
}

ErrorCode code_of_read_only(int extended_code) noexcept {
  switch (extended_code) {
    case SQLITE_READONLY:
    case SQLITE_READONLY_ROLLBACK: return ErrorCode::read_only;   // of a journal that is left
    case SQLITE_READONLY_DBMOVED: return ErrorCode::io_error;
    default: return ErrorCode::permission_denied;   // of the -shm or the folder
  }
}

ErrorCode code_of(int extended_code, int system_error) noexcept {
  switch (extended_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return ErrorCode::busy;   // PROTOCOL: lost a race for the WAL's locks too often
    case SQLITE_FULL: return ErrorCode::disk_full;
    case SQLITE_NOMEM: return ErrorCode::out_of_memory;
    case SQLITE_READONLY: return code_of_read_only(extended_code);
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorCode::permission_denied;
    case SQLITE_CANTOPEN: return code_of_open_error(system_error);
    case SQLITE_IOERR: return code_of_io_error(extended_code, system_error);
    case SQLITE_NOTADB: return ErrorCode::not_a_store;
    case SQLITE_INTERRUPT: return ErrorCode::cancelled;
    // The schema was compared with ours and our statements fit it, so that only the file's contents can
    // bring these about.
    case SQLITE_CORRUPT:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_ERROR: return ErrorCode::corrupt_store;
    default: return ErrorCode::io_error;
  }
}

const char* message_of(sqlite3* handle, int result_code) noexcept {
  const bool is_newest = handle != nullptr && sqlite3_extended_errcode(handle) == result_code;
  return is_newest ? sqlite3_errmsg(handle) : sqlite3_errstr(result_code);
}

// The database's file, where the connection has one.
std::string_view file_of(sqlite3* handle) noexcept {
  const char* name = handle == nullptr ? nullptr : sqlite3_db_filename(handle, "main");
  return name == nullptr ? std::string_view() : std::string_view(name);
}

Error make_error(int result_code, int system_error, std::string_view doing, std::string_view file,
                 const char* message) noexcept {
  const ErrorCode code = code_of(result_code, system_error);
  try {
    Error::Details details;
    details.what = doing;
    if (!file.empty() && !doing.contains(file)) details.what += " in '" + std::string(file) + '\'';
    details.what += std::string(": ") + message;
    if (system_error != 0) {
      details.what += " (" + std::generic_category().message(system_error) + ')';
      details.system_error = system_error;
    }
    return Error(code, std::move(details));
  } catch (const std::bad_alloc&) {
    return Error(code);
  }
}

// SQLite keeps the errno of an error that it returns from a statement, but not that of one within COMMIT; so
// where a file's own method failed, it is taken from there. Other kinds of error have none: what is kept then
// is that of an older one.
int system_error_of(sqlite3* handle, int result_code) noexcept {
  switch (result_code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_FSYNC: return last_file_error();
    case SQLITE_FULL: return last_file_error() == EFBIG ? EFBIG : 0;   // the process's limit, not the disk's
    case SQLITE_IOERR_NOMEM: return 0;
    default: break;
  }
  const int primary_code = result_code & 0xff;
  const bool has_one = primary_code == SQLITE_IOERR || primary_code == SQLITE_CANTOPEN;
  return has_one && handle != nullptr ? sqlite3_system_errno(handle) : 0;
}

}   // namespace

Error to_error(sqlite3* handle, int result_code, std::string_view doing) noexcept {
  const int system_error = system_error_of(handle, result_code);
  return make_error(result_code, system_error, doing, file_of(handle), message_of(handle, result_code));
}

void throw_failure(sqlite3* handle, int result_code, std::string_view doing) {
  throw model::Failure{to_error(handle, result_code, doing)};
}

}   // namespace usertags::sqlite
