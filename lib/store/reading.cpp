#include "store/reading.hpp"

#include "model/failure.hpp"
#include "sqlite/schema.hpp"
#include "store/store_path.hpp"

namespace usertags::store {

Reading open_for_reading(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout) {
  std::optional<StoreLock> lock;
  if (!has_wal(store)) lock = StoreLock::try_shared(store);
  // Looked at under the lock: a writer may have come and gone before it.
  const bool nobody_writes = !has_wal(store) && (lock || !StoreLock::has_sidecar(store));
  if (!nobody_writes) lock.reset();
  sqlite::ConnectionConfig config;
  config.path = store;
  config.mode = nobody_writes ? sqlite::OpenMode::immutable : sqlite::OpenMode::read_only;
  config.busy_timeout = busy_timeout;
  Reading reading{std::move(lock), sqlite::Connection(config)};
  if (sqlite::identify(reading.connection) == sqlite::FileKind::empty) {
    model::fail(ErrorCode::not_a_store, reading.connection.name() + " is empty");
  }
  return reading;
}

}   // namespace usertags::store
