#include "store/file/reading.hpp"

#include <sys/stat.h>
#include <optional>
#include <string_view>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/schema.hpp"
#include "store/file/rights.hpp"
#include "store/file/store_path.hpp"

namespace usertags::store {

namespace {

std::int64_t to_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}   // namespace

FileWitness::FileWitness(const std::filesystem::path& store) : store_(store), then_(fingerprints()) {}

bool FileWitness::nobody_wrote() const {
  return fingerprints() == then_;
}

FileWitness::Fingerprint FileWitness::fingerprint_of(const std::filesystem::path& file,
                                                     bool counts_if_empty) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0 || (info.st_size == 0 && !counts_if_empty)) return {};
  return {info.st_dev, info.st_ino, info.st_size, to_ns(info.st_mtim), to_ns(info.st_ctim)};
}

std::array<FileWitness::Fingerprint, 4> FileWitness::fingerprints() const {
  const auto beside = [&](std::string_view suffix) {
    std::filesystem::path file = store_;
    return file += suffix;
  };
  return {fingerprint_of(store_, true), fingerprint_of(beside("-wal"), false),
          fingerprint_of(beside("-journal"), false), fingerprint_of(beside(".lock"), true)};
}

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

enum class Knowing : std::uint8_t { what_it_is, nothing };

bool is_alone(const fs::path& store) {
  return !has_wal(store) && !has_journal(store);
}

[[noreturn]] void fail_unfinished(const fs::path& store) {
  model::fail(ErrorCode::read_only,
              model::quoted_path(store.native() + "-journal") +
                  " has a transaction that something other than the store left unfinished",
              "open the store for writing once, which takes that transaction back");
}

[[noreturn]] void fail_to_open(const fs::path& store, const Error& error) {
  if (error == ErrorCode::read_only && has_journal(store)) fail_unfinished(store);
  fail_to_read(store, error);
}

void expect_store(sqlite::Connection& connection) {
  if (sqlite::identify(connection) == sqlite::FileKind::empty) {
    model::fail(ErrorCode::not_a_store, connection.name() + " is empty");
  }
}

Reading open_once(const fs::path& store, std::optional<StoreLock> lock, std::optional<FileWitness> witness,
                  milliseconds busy_timeout) {
  sqlite::ConnectionConfig config;
  config.path = store;
  config.mode = witness ? sqlite::OpenMode::immutable : sqlite::OpenMode::read_only;
  config.busy_timeout = busy_timeout;
  return {std::move(lock), std::move(witness), sqlite::Connection(config)};
}

// Where nobody else can be writing, but who knows nothing of the sidecar, the witness is there first.
Reading open_now(const fs::path& store, milliseconds busy_timeout) {
  std::optional<StoreLock> lock;
  if (is_alone(store)) lock = StoreLock::try_shared(store);
  std::optional<FileWitness> witness(std::in_place, store);
  // Looked at under the lock: a writer may have come and gone before it.
  const bool nobody_writes = is_alone(store) && (lock || !StoreLock::has_sidecar(store));
  if (!nobody_writes) {
    lock.reset();
    witness.reset();
  }
  return open_once(store, std::move(lock), std::move(witness), busy_timeout);
}

Reading open_now_under_lock(const fs::path& store, milliseconds busy_timeout) {
  std::optional<FileWitness> witness(std::in_place, store);
  if (!is_alone(store)) witness.reset();
  return open_once(store, std::nullopt, std::move(witness), busy_timeout);
}

Reading open(Reading (*open_now)(const fs::path&, milliseconds), const fs::path& store,
             milliseconds busy_timeout, Knowing knowing) {
  for (ReadingAgain again(busy_timeout);; again.next(store)) {
    try {
      Reading reading = open_now(store, busy_timeout);
      try {
        if (knowing == Knowing::what_it_is) expect_store(reading.connection);
        return reading;
      } catch (const model::Failure&) {
        if (!reading.is_void()) throw;
      }
    } catch (const model::Failure& failure) {
      fail_to_open(store, failure.error);
    }
  }
}

}   // namespace

Reading open_for_reading(const fs::path& store, milliseconds busy_timeout) {
  return open(open_now, store, busy_timeout, Knowing::what_it_is);
}

Reading open_under_lock(const fs::path& store, milliseconds busy_timeout) {
  return open(open_now_under_lock, store, busy_timeout, Knowing::what_it_is);
}

Reading open_unidentified(const fs::path& store, milliseconds busy_timeout) {
  return open(open_now, store, busy_timeout, Knowing::nothing);
}

void ReadingAgain::next(const fs::path& store) {
  if (tried_ && std::chrono::steady_clock::now() >= end_) {
    model::fail(ErrorCode::busy,
                "something other than the store keeps writing to " + model::quoted_path(store.native()));
  }
  tried_ = true;
}

}   // namespace usertags::store
