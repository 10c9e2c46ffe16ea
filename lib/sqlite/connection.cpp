#include "sqlite/connection.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "model/record.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "sqlite/observed_vfs.hpp"
#include "sqlite/statement.hpp"

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

namespace {

using std::filesystem::path;

// --- Opening. ---

// A URI (RFC 3986): every byte that could mean something in one is percent-encoded, and an absolute path
// stands behind an empty authority, so that two slashes at its beginning are no host's name.
std::string file_uri(const path& file, bool immutable) {
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = file.is_absolute() ? "file://" : "file:";
  for (const char byte : file.native()) {
    if (kPlain.find(byte) != std::string_view::npos) {
      uri += byte;
    } else {
      const auto value = static_cast<unsigned char>(byte);
      uri += {'%', kHex[value >> 4], kHex[value & 15]};
    }
  }
  return immutable ? uri + "?immutable=1" : uri;
}

// An empty name would make a temporary database, and a NUL end the name early.
void check_path(const path& file) {
  if (file.empty()) model::fail(ErrorCode::invalid_argument, "the store's path is empty");
  if (file.native().find('\0') != std::string::npos) {
    model::fail(ErrorCode::invalid_argument, "the store's path contains a NUL");
  }
}

std::string name_of(const ConnectionConfig& config) {
  return config.mode == OpenMode::memory ? ":memory:"
                                         : file_uri(config.path, config.mode == OpenMode::immutable);
}

// No mutex: one thread at a time uses a connection. No shared cache, whatever the host has turned on.
int flags_of(OpenMode mode) noexcept {
  constexpr int kAlways =
      SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case OpenMode::create: return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case OpenMode::read_write: return kAlways | SQLITE_OPEN_READWRITE;
    case OpenMode::memory: return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
    case OpenMode::read_only:
    case OpenMode::immutable: break;
  }
  return kAlways | SQLITE_OPEN_READONLY;
}

std::string cannot_open(const path& file) {
  return "cannot open " + model::quoted_path(file.native());
}

// What is left of the reason why a file could not be opened or made: where it could not be made, SQLite tries
// to open it for reading next, and tells that it is not there.
std::string why_not_found(const ConnectionConfig& config, Error::Details& details) {
  const path folder = std::filesystem::absolute(config.path).parent_path();
  std::error_code ignored;
  if (!std::filesystem::exists(folder, ignored))
    return "the folder " + model::quoted_path(folder.native()) + " does not exist";
  if (config.mode != OpenMode::create) return "there is no such file";
  if (access(folder.c_str(), W_OK | X_OK) != 0) details.system_error = errno;
  return "it cannot be made in the folder " + model::quoted_path(folder.native());
}

[[noreturn]] void throw_not_found(const ConnectionConfig& config) {
  Error::Details details;
  details.system_error = ENOENT;
  details.what = cannot_open(config.path) + ": " + why_not_found(config, details);
  const bool denied = details.system_error == EACCES || details.system_error == EROFS;
  if (!denied) details.remedy = "check the path";
  throw model::Failure{
      Error(denied ? ErrorCode::permission_denied : ErrorCode::io_error, std::move(details))};
}

[[noreturn]] void throw_not_opened(sqlite3* handle, int result, const ConnectionConfig& config) {
  const bool missing = (result & 0xff) == SQLITE_CANTOPEN && sqlite3_system_errno(handle) == ENOENT;
  if (missing) throw_not_found(config);
  throw_failure(handle, result, cannot_open(config.path));
}

// Where a file cannot be written to, SQLite opens it for reading in silence.
void check_writable(sqlite3* handle, const ConnectionConfig& config) {
  if (!writes(config.mode) || sqlite3_db_readonly(handle, "main") == 0) return;
  model::fail(ErrorCode::permission_denied, cannot_open(config.path) + " for writing");
}

// --- Hardening. ---

void set_option(sqlite3* handle, int option, int value) {
  int now = -1;
  const int result = sqlite3_db_config(handle, option, value, &now);
  if (result != SQLITE_OK || now != value) throw_failure(handle, result, "cannot configure SQLite");
}

void set_options(sqlite3* handle) {
  struct Setting {
    int option;
    int value;
  };
  static constexpr auto kSettings = std::to_array<Setting>({
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
  });
  for (const Setting& setting : kSettings) set_option(handle, setting.option, setting.value);
}

// The longest row that a store writes: a creation of a user with as many tags as a record can hold, where
// every character is a control character, which takes six bytes in JSON.
constexpr std::size_t kMaxJsonBytesPerCodePoint = 6;
constexpr std::size_t kMaxTagBytes =
    kMaxJsonBytesPerCodePoint * (model::kMaxKeyCodePoints + model::kMaxValueCodePoints) + 6;   // "":"",
constexpr std::size_t kMaxRowBytes = model::Record::kMaxTags * kMaxTagBytes + std::size_t{64} * 1024;
static_assert(kMaxRowBytes < 100'000'000);

// As low as our own statements and VACUUM (which attaches a database) allow.
void set_limits(sqlite3* handle) {
  struct Limit {
    int id;
    int value;
  };
  static constexpr auto kLimits = std::to_array<Limit>({
      {SQLITE_LIMIT_LENGTH, static_cast<int>(kMaxRowBytes)},
      {SQLITE_LIMIT_SQL_LENGTH, 16 * 1024},
      {SQLITE_LIMIT_COLUMN, 64},
      {SQLITE_LIMIT_EXPR_DEPTH, 64},
      {SQLITE_LIMIT_COMPOUND_SELECT, 8},
      {SQLITE_LIMIT_VDBE_OP, 10'000},
      {SQLITE_LIMIT_FUNCTION_ARG, 8},
      {SQLITE_LIMIT_ATTACHED, 1},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
      {SQLITE_LIMIT_VARIABLE_NUMBER, RowInserter::kMaxVariables},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
      {SQLITE_LIMIT_WORKER_THREADS, 0},
  });
  for (const Limit& limit : kLimits) sqlite3_limit(handle, limit.id, limit.value);
}

const char* synchronous(Durability durability) noexcept {
  return durability == Durability::full ? "PRAGMA synchronous=FULL;" : "PRAGMA synchronous=NORMAL;";
}

// locking_mode stands first: it counts from the first look at the file on.
std::string pragmas_of(const ConnectionConfig& config) {
  std::string pragmas = config.exclusive ? "PRAGMA locking_mode=EXCLUSIVE;" : "";
  pragmas += synchronous(config.durability);
  pragmas += config.secure_delete ? "PRAGMA secure_delete=ON;" : "PRAGMA secure_delete=OFF;";
  // 4 MiB of pages. What is written lies at the log's end or is folded in row order, so that no size between
  // 1 and 64 MiB makes a difference (docs/performance.md).
  pragmas +=
      "PRAGMA cache_size=-4096;"
      "PRAGMA temp_store=MEMORY;"
      "PRAGMA mmap_size=0;"
      "PRAGMA cell_size_check=ON;"
      "PRAGMA wal_autocheckpoint=0;";
  return pragmas;
}

const char* sql_of(Control control) noexcept {
  switch (control) {
    case Control::begin: return "BEGIN";
    case Control::begin_immediate: return "BEGIN IMMEDIATE";
    case Control::commit: return "COMMIT";
    case Control::roll_back: return "ROLLBACK";
  }
  return "";
}

}   // namespace

Connection::Connection(const ConnectionConfig& config) {
  register_observed_vfs();
  if (config.mode != OpenMode::memory) check_path(config.path);
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(name_of(config).c_str(), &handle, flags_of(config.mode), kObservedVfs);
  handle_->sqlite = handle;   // there is one also where opening failed, to tell why
  if (result != SQLITE_OK) throw_not_opened(handle, result, config);
  check_writable(handle, config);
  set_options(handle);
  set_limits(handle);
  set_busy_timeout(config.busy_timeout);
  const int configured = sqlite3_exec(handle, pragmas_of(config).c_str(), nullptr, nullptr, nullptr);
  if (configured != SQLITE_OK) throw_failure(handle, configured, cannot_open(config.path));
  prepare_controls();
}

void Connection::prepare_controls() {
  for (std::size_t i = 0; i < kControls; ++i) {
    const char* const sql = sql_of(static_cast<Control>(i));
    const int result =
        sqlite3_prepare_v3(handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_->controls[i], nullptr);
    if (result != SQLITE_OK) throw_failure(handle(), result, "cannot prepare " + model::quoted(sql));
  }
}

void Connection::Handle::close() noexcept {
  if (sqlite == nullptr) return;
  while (sqlite3_stmt* left = sqlite3_next_stmt(sqlite, nullptr)) sqlite3_finalize(left);
  [[maybe_unused]] const int result = sqlite3_close(sqlite);
  assert(result == SQLITE_OK);   // else a backup is still at work
  sqlite = nullptr;
}

void Connection::execute(const char* sql) {
  const int result = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throw_failure(handle(), result, "cannot run " + model::quoted(sql));
}

void Connection::execute(Control control) {
  const int result = try_to(control);
  if (result != SQLITE_OK) throw_failure(handle(), result, "cannot run " + model::quoted(sql_of(control)));
}

int Connection::try_to(Control control) noexcept {
  sqlite3_stmt* const statement = handle_->controls[static_cast<std::size_t>(control)];
  const int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  return result == SQLITE_DONE ? SQLITE_OK : result;
}

std::int64_t Connection::query_integer(const char* sql) {
  Statement statement(*this, sql);
  if (!statement.step()) model::fail(ErrorCode::corrupt_store, "no answer to " + model::quoted(sql));
  return statement.integer(0);
}

std::string Connection::query_text(const char* sql) {
  Statement statement(*this, sql);
  if (!statement.step()) model::fail(ErrorCode::corrupt_store, "no answer to " + model::quoted(sql));
  return std::string(statement.text(0));
}

std::string Connection::name() const {
  const char* file = sqlite3_db_filename(handle(), "main");
  if (file == nullptr || *file == '\0') return "the database in memory";
  return model::quoted_path(file);
}

std::uint64_t Connection::database_bytes() {
  return static_cast<std::uint64_t>(query_integer("PRAGMA page_count")) *
         static_cast<std::uint64_t>(query_integer("PRAGMA page_size"));
}

std::uint64_t Connection::pages_in_use() {
  return static_cast<std::uint64_t>(query_integer("PRAGMA page_count") -
                                    query_integer("PRAGMA freelist_count"));
}

bool Connection::in_transaction() const noexcept {
  return handle() != nullptr && sqlite3_get_autocommit(handle()) == 0;
}

bool Connection::moved() const noexcept {
  int moved = 0;
  const int result = sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return result == SQLITE_OK && moved != 0;   // a database in memory has no file to ask
}

// The switch is committed when the statement ends: whoever reads the answer alone does not see that it
// failed.
void Connection::enter_wal_mode() {
  Statement statement(*this, "PRAGMA journal_mode=WAL");
  std::string mode;
  while (statement.step()) mode = statement.text(0);
  if (mode != "wal") {
    model::fail(ErrorCode::io_error,
                "the file system does not let SQLite keep a WAL (journal mode " + mode + ")");
  }
}

// What SQLite does then is a checkpoint, which finds nothing to do, and the removal.
void Connection::remove_wal_at_close() noexcept {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

// SQLite refuses it within a transaction.
void Connection::set_durability(Durability durability) {
  if (in_transaction()) try_to(Control::roll_back);
  execute(synchronous(durability));
}

void Connection::set_busy_timeout(std::chrono::milliseconds timeout) {
  // SQLite counts in an int: 24 days are as good as for ever.
  constexpr std::chrono::milliseconds kLongest(std::numeric_limits<int>::max());
  sqlite3_busy_timeout(handle(), static_cast<int>(std::min(timeout, kLongest).count()));
}

}   // namespace usertags::sqlite
