#include "store/file/reading.hpp"

#include <utility>

#include "model/failure.hpp"
#include "sqlite/schema.hpp"
#include "store/file/store_path.hpp"

namespace usertags::store {
namespace {

Reading open(const std::filesystem::path& store, std::optional<StoreLock> lock, bool has_no_wal,
             std::chrono::milliseconds busy_timeout) {
  sqlite::ConnectionConfig config;
  config.path = store;
  config.mode = has_no_wal ? sqlite::OpenMode::immutable : sqlite::OpenMode::read_only;
  config.busy_timeout = busy_timeout;
  Reading reading{std::move(lock), sqlite::Connection(config)};
  if (sqlite::identify(reading.connection) == sqlite::FileKind::empty) {
    model::fail(ErrorCode::not_a_store, reading.connection.name() + " is empty");
  }
  return reading;
}

}   // namespace

Reading open_for_reading(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout) {
  std::optional<StoreLock> lock;
  if (!has_wal(store)) lock = StoreLock::try_shared(store);
  // Looked at under the lock: a writer may have come and gone before it.
  const bool nobody_writes = !has_wal(store) && (lock || !StoreLock::has_sidecar(store));
  if (!nobody_writes) lock.reset();
  return open(store, std::move(lock), nobody_writes, busy_timeout);
}

Reading open_under_lock(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout) {
  return open(store, std::nullopt, !has_wal(store), busy_timeout);
}

}   // namespace usertags::store
