#include "sqlite/database.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <new>
#include <string>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/maintenance.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::sqlite {

namespace {

void check(int result, const char* doing) {
  if (result != SQLITE_OK) throw_failure(nullptr, result, doing);
}

std::int64_t length_of(sqlite3_file& wal) {
  sqlite3_int64 length = 0;
  check(wal.pMethods->xFileSize(&wal, &length), "cannot read the WAL's size");
  return length;
}

// Open from the first read of a database in WAL mode on; null where there is none.
sqlite3_file* wal_file(Connection& connection) {
  sqlite3_file* file = nullptr;
  check(sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file),
        "cannot reach the WAL");
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}   // namespace

std::int64_t wal_length(Connection& connection) {
  sqlite3_file* const wal = wal_file(connection);
  return wal == nullptr ? 0 : length_of(*wal);
}

void cut_wal(Connection& connection, std::int64_t length) {
  sqlite3_file* const wal = wal_file(connection);
  if (wal == nullptr || length_of(*wal) <= length) return;
  check(wal->pMethods->xTruncate(wal, length), "cannot cut the WAL");
}

namespace {

// SQLite's file layer writes at most 128 KiB at once: it drops the higher bits of a length (os_unix.c), and
// takes what is left for a full disk.
constexpr sqlite3_int64 kChunk = sqlite3_int64{64} * 1024;

void rewrite(sqlite3_file& wal) {
  const sqlite3_int64 size = length_of(wal);
  if (size == 0) return;
  const auto buffer = std::make_unique<char[]>(static_cast<std::size_t>(std::min(size, kChunk)));
  for (sqlite3_int64 offset = 0; offset < size; offset += kChunk) {
    const int bytes = static_cast<int>(std::min(kChunk, size - offset));
    check(wal.pMethods->xRead(&wal, buffer.get(), bytes, offset), "cannot read the WAL");
    check(wal.pMethods->xWrite(&wal, buffer.get(), bytes, offset), "cannot write the WAL again");
  }
  check(wal.pMethods->xSync(&wal, SQLITE_SYNC_NORMAL), "cannot sync the WAL");
}

}   // namespace

void rewrite_wal(Connection& connection) {
  const Transaction lock(connection);
  if (connection.query_text("PRAGMA journal_mode") != "wal") return;
  if (sqlite3_file* const wal = wal_file(connection)) rewrite(*wal);
}

namespace {

// The format of a WAL (sqlite.org/fileformat2.html, section 4): a header, then frames of a header and a page.
constexpr std::uint64_t kWalHeaderBytes = 32;
constexpr std::uint64_t kFrameHeaderBytes = 24;

std::string cannot_open(const ConnectionConfig& config) {
  return "cannot open " + model::quoted_path(config.path.native()) + " as a store";
}

// As far as it can be without waiting: a reader may pin the WAL, which then stays for a later checkpoint.
void truncate_wal_if_free(Connection& connection) {
  const int result =
      sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY) {
    throw_failure(connection.handle(), result, "cannot checkpoint the WAL");
  }
}

// SQLite reads a file of a later kind than it knows, and does not write it. No such file was ever made by a
// store.
void expect_writable_header(Connection& connection) {
  if (sqlite3_db_readonly(connection.handle(), "main") == 0) return;
  model::fail(ErrorCode::corrupt_store, "the header of " + connection.name() + " lets nobody write to it");
}

void recover(Connection& connection, const ConnectionConfig& config) {
  expect_writable_header(connection);
  rewrite_wal(connection);
  connection.enter_wal_mode();   // it is in it, unless somebody took it out
  connection.set_busy_timeout(std::chrono::milliseconds(0));
  truncate_wal_if_free(connection);
  connection.set_busy_timeout(config.busy_timeout);
}

// The WAL mode comes first: its switch is a commit of its own, under a rollback journal, whose sync is also
// the folder's, so that the new file's name is durable. The checkpoint makes a new store durable whatever
// Durability says of its commits.
void create(Connection& connection, const ConnectionConfig& config, const State& first_state) {
  connection.execute("PRAGMA page_size = 8192; PRAGMA encoding = 'UTF-8'");
  if (config.mode != OpenMode::memory) connection.enter_wal_mode();
  Transaction transaction(connection);
  create_schema(connection, first_state);
  if (auto commit = transaction.commit(); commit.error) throw model::Failure{std::move(*commit.error)};
  if (config.mode != OpenMode::memory) truncate_wal_if_free(connection);
}

// What is refused is left as it was: without a WAL beside it that only this look has made.
FileKind identify_or_leave(Connection& connection) {
  try {
    return identify(connection);
  } catch (const model::Failure&) {
    sqlite3_file* wal = nullptr;
    sqlite3_int64 length = -1;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal != nullptr && wal->pMethods != nullptr) wal->pMethods->xFileSize(wal, &length);
    if (length == 0) connection.remove_wal_at_close();
    throw;
  }
}

// Makes the file ready for the statements of the tables to be prepared.
Connection& make_ready(Connection& connection, const ConnectionConfig& config, const State& first_state) {
  const bool may_create = config.mode == OpenMode::create || config.mode == OpenMode::memory;
  if (writes(config.mode) && can_be_migrated(connection)) {
    recover(connection, config);
    migrate(connection);
  }
  switch (identify_or_leave(connection)) {
    case FileKind::empty:
      if (!may_create) model::fail(ErrorCode::not_a_store, cannot_open(config) + ": the file is empty");
      create(connection, config, first_state);
      break;
    case FileKind::ours:
      if (writes(config.mode)) recover(connection, config);
      break;
  }
  return connection;
}

}   // namespace

Database::Database(const ConnectionConfig& config, const State& first_state)
    : connection_(config),
      state_(make_ready(connection_, config, first_state)),
      log_(connection_),
      users_(connection_),
      hashes_(connection_),
      tokens_(connection_),
      data_version_(connection_),
      in_memory_(config.mode == OpenMode::memory),
      is_alone_(config.exclusive || config.mode == OpenMode::memory),
      busy_timeout_(config.busy_timeout),
      page_bytes_(static_cast<std::uint64_t>(connection_.query_integer("PRAGMA page_size"))) {
  install_hooks();
  if (writes(config.mode)) checkpoint();   // tells how much of the WAL could not be moved
}

void Database::install_hooks() {
  sqlite3_commit_hook(connection_.handle(), on_commit_begun, this);
  sqlite3_wal_hook(connection_.handle(), on_wal_grown, this);
}

int Database::on_commit_begun(void* database) noexcept {
  static_cast<Database*>(database)->all_in_database_ = false;
  return 0;   // go on
}

int Database::on_wal_grown(void* database, sqlite3*, const char*, int frames) noexcept {
  static_cast<Database*>(database)->wal_frames_ = static_cast<std::uint64_t>(frames);
  static_cast<Database*>(database)->wal_length_.reset();
  return SQLITE_OK;
}

// --- Whether others commit. ---

std::int64_t Database::data_version() {
  settle_watch();
  return data_version_.read() - own_failures_;
}

void Database::watch_commits() {
  if (watch_.version) return;   // since an earlier part of the transaction
  if (!is_alone_ && !watch_.others) {
    watch_.others.emplace(sqlite3_db_filename(connection_.handle(), "main"), busy_timeout_);
  }
  if (watch_.others) watch_.others->begin();
  if (!wal_length_ && !in_memory_) wal_length_ = wal_length(connection_);
  watch_.version = data_version_.read();
}

void Database::cut_void_frames() {
  if (wal_length_) cut_wal(connection_, *wal_length_);
  wal_length_.reset();
}

// The order matters: who commits between the two questions is seen. Commits of our own are seen, too; but
// then nothing failed, and the version is what it was.
void Database::settle_watch() {
  if (!watch_.version) return;
  const std::int64_t version = data_version_.read();
  const bool was_alone = !watch_.others || !watch_.others->saw_commit();
  if (was_alone) own_failures_ += version - *watch_.version;
  watch_.version.reset();
}

void Database::try_to_settle_watch() noexcept {
  try {
    settle_watch();
  } catch (const model::Failure&) {   // data_version() tries again
  } catch (const std::bad_alloc&) {
  }
}

Transaction::Commit Database::vacuum(const Progress& progress) {
  all_in_database_ = false;   // its commit tells no hook
  wal_length_.reset();
  return sqlite::vacuum(connection_, progress);
}

Database::Checkpointed Database::run_checkpoint(int mode) {
  try_to_settle_watch();   // which would take an emptied WAL for a commit
  wal_length_.reset();
  int frames = 0;
  int moved_frames = 0;
  const int result = sqlite3_wal_checkpoint_v2(connection_.handle(), "main", mode, &frames, &moved_frames);
  const bool another_checkpoints = mode == SQLITE_CHECKPOINT_PASSIVE && (result & 0xff) == SQLITE_BUSY;
  if (another_checkpoints) return Checkpointed::partly;
  if (result != SQLITE_OK) throw_failure(connection_.handle(), result, "cannot checkpoint the WAL");
  all_in_database_ = moved_frames == frames;
  wal_frames_ = all_in_database_ ? 0 : static_cast<std::uint64_t>(frames);
  return all_in_database_ ? Checkpointed::whole : Checkpointed::partly;
}

Database::Checkpointed Database::checkpoint() {
  return run_checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

void Database::checkpoint_and_truncate() {
  run_checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

std::uint64_t Database::wal_bytes() const noexcept {
  return wal_frames_ == 0 ? 0 : kWalHeaderBytes + wal_frames_ * (kFrameHeaderBytes + page_bytes_);
}

void Database::abandon() noexcept {
  connection_.abandon();
  if (watch_.others) watch_.others->abandon();
}

void Database::close() noexcept {
  if (connection_.handle() == nullptr) return;
  watch_.others.reset();
  if (all_in_database_ && !connection_.in_transaction()) {
    // What fails here costs nothing: a WAL that is left is applied again at the next open, with no effect.
    sqlite3_busy_timeout(connection_.handle(), 0);
    sqlite3_wal_checkpoint_v2(connection_.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    connection_.remove_wal_at_close();
  }
  connection_.close();
}

}   // namespace usertags::sqlite
